"""The blocks of `params.yaml`, one frozen dataclass each.  What a key means stands beside it in `params.yaml`.

Never add a key called `size` or `nfiles`, at any depth: DVC leaves those out of its run-cache key and would restore
wrong outs.  A test forbids them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", strict=True)

Count = Annotated[int, Field(ge=1)]
#: What a generator starts from: numpy takes no negative one.
Seed = Annotated[int, Field(ge=0)]
Fraction01 = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Device = Literal["auto", "cpu", "cuda"]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
#: Columns of `clips.parquet` by which a benchmark may choose its clips.
Column = Literal[
    "label",
    "perceived",
    "speaker",
    "sex",
    "sentence",
    "intensity",
    "repetition",
    "take",
    "modality",
    "channel",
    "clip_id",
]


@dataclass(frozen=True, config=STRICT)
class Parallel:
    """How per-clip work is spread.  It changes no result, so no stage depends on it."""

    jobs: Annotated[int, Field(ge=-1)]
    backend: Literal["loky", "sequential"]


@dataclass(frozen=True, config=STRICT)
class Synthetic:
    """The built-in corpus."""

    speakers: Annotated[int, Field(ge=2)]
    takes: Count
    seed: Seed
    fps: Count
    frame_px: Annotated[int, Field(ge=96)]
    duration_s: tuple[Positive, Positive]


@dataclass(frozen=True, config=STRICT)
class Corpus:
    """Where one corpus lies, and which adapter reads it (default: the adapter with the corpus's name)."""

    root: Annotated[str, Field(min_length=1)]
    adapter: str = ""


@dataclass(frozen=True, config=STRICT)
class Media:
    """Probing and sound."""

    keep_every: Count
    sample_rate_hz: Count
    timeout_s: Positive
    max_duration_s: Positive
    max_megapixels: Positive


@dataclass(frozen=True, config=STRICT)
class Haar:
    """OpenCV's Haar cascade."""

    scale_factor: Annotated[float, Field(gt=1)]
    min_neighbours: Count


@dataclass(frozen=True, config=STRICT)
class Mtcnn:
    """MTCNN (Zhang et al. 2016), the package `mtcnn` with the weights it carries."""

    scale_factor: Annotated[float, Field(gt=0, lt=1)]
    min_confidence: Fraction01


@dataclass(frozen=True, config=STRICT)
class Faces:
    """Detection, following and crops."""

    detector: Literal["haar", "mtcnn"]
    haar: Haar
    mtcnn: Mtcnn
    detect_side_px: Annotated[int, Field(ge=64)]
    min_face_fraction: Fraction01
    min_face_s: Annotated[float, Field(ge=0)]
    smooth_frames: Count
    max_gap_s: Annotated[float, Field(ge=0)]
    margin: Annotated[float, Field(ge=0)]
    crop_px: Annotated[int, Field(ge=16)]
    timeout_s: Positive


@dataclass(frozen=True, config=STRICT)
class Window:
    """One kind of window."""

    rule: Literal["thirds", "fixed"]
    window_s: Annotated[float, Field(ge=0.01)] | None = None


@dataclass(frozen=True, config=STRICT)
class Weights:
    """Where one encoder's weights come from."""

    source: Literal["seeded", "pretrained", "path"]
    seed: Seed = 0
    release: str | None = None
    path: str | None = None
    layers: Literal["trunk", "all"] = "trunk"
    sha256: dict[str, Sha256] = Field(default_factory=dict)


@dataclass(frozen=True, config=STRICT)
class Stream:
    """One encoder over one kind of window (`window: frames` means one row per kept frame with a face).

    `frames` says how the rows of a window's frames become its row, where an encoder of faces has another window.
    """

    encoder: str
    window: str
    layer: str | None = None
    input_px: Annotated[int, Field(ge=32)] | None = None
    scaling: Literal["own", "rgb01", "bgr01"] | None = None
    pooling: Literal["mean", "max"] | None = None
    frames: Literal["mean", "max"] | None = None
    precision: Literal["fp32", "bf16"] | None = None
    normalise: bool = False
    device: Device = "auto"
    shards: Literal["hdf5", "parquet"] = "hdf5"
    buckets: Count = 8


@dataclass(frozen=True, config=STRICT)
class Benchmark:
    """Corpora, labels, protocol and seeds of one comparison."""

    corpora: Annotated[tuple[str, ...], Field(min_length=1)]
    protocol: Literal["subject", "loso", "clip", "window", "cross"]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]
    fold_seed: Seed
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    folds: Annotated[int, Field(ge=2)] | None = None
    deal: Literal["shuffled", "consecutive"] = "shuffled"
    beside: tuple[Literal["subject", "loso", "clip", "window"], ...] = ()
    test_corpora: tuple[str, ...] = ()
    label: Literal["intended", "perceived"] = "intended"
    labels: str = "native"
    where: dict[Column, tuple[str, ...]] = Field(default_factory=dict)

    @property
    def all_corpora(self) -> tuple[str, ...]:
        """Those that train and those that only test."""
        return self.corpora + self.test_corpora

    @property
    def protocols(self) -> tuple[str, ...]:
        """The headline's and those shown beside it."""
        return (self.protocol, *self.beside)


@dataclass(frozen=True, config=STRICT)
class Pca:
    """Principal component analysis of both modalities side by side."""

    variance: Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, config=STRICT)
class Autoencoder:
    """An autoencoder of both modalities side by side; how long it is trained stands in the budget."""

    hidden: tuple[Count, ...]
    latent: Count
    output: Literal["linear", "relu"]
    loss: Literal["mse", "l1"]
    learning_rate: Positive
    batch: Count
    seed: Seed


@dataclass(frozen=True, config=STRICT)
class Reducers:
    """What is fitted on the training clips of a fold, before the classifiers."""

    pca: Pca
    autoencoder: Autoencoder


@dataclass(frozen=True, config=STRICT)
class Embrace:
    """EmbraceNet as fusion layer."""

    draws: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, config=STRICT)
class EmbraceBudget:
    """How large EmbraceNet is."""

    width: Count


@dataclass(frozen=True, config=STRICT)
class TemporalBudget:
    """How long a classifier of system A is trained, and on which sequences."""

    epochs: Count
    patience: Count
    weight_decay: Annotated[float, Field(ge=0)]
    autoencoder_epochs: Count
    sequence_frames: Count
    sequence_stride: Count
    max_sequences: Count
    embrace: EmbraceBudget


@dataclass(frozen=True, config=STRICT)
class Temporal:
    """System A: a fusion, an LSTM, a dense layer."""

    visual: str
    acoustic: str
    lstm_units: Count
    dense_units: Count
    dropout: Annotated[float, Field(ge=0, lt=1)]
    batch: Count
    learning_rate: Positive
    learning_rate_min: Positive
    learning_rate_patience: Count
    embrace: Embrace
    budgets: dict[str, TemporalBudget]


@dataclass(frozen=True, config=STRICT)
class MaterBudget:
    """How large MATER's networks are, and how long they are trained."""

    width: Count
    layers: Count
    feed_forward: Count
    dropout: Annotated[float, Field(ge=0, lt=1)]
    epochs: Count
    patience: Count
    batch: Count
    learning_rate: Positive
    learning_rate_min: Positive
    learning_rate_patience: Count
    weight_decay: Annotated[float, Field(ge=0)]


@dataclass(frozen=True, config=STRICT)
class Mater:
    """System B: attention over time windows."""

    visual: str
    acoustic: str
    heads: Count
    max_windows: Count
    span_s: dict[str, Positive]
    budgets: dict[str, MaterBudget]


@dataclass(frozen=True, config=STRICT)
class Classifiers:
    """What is trained, and how: one block per system."""

    class_weights: bool
    device: Device
    together: Count
    noise_trained: tuple[str, ...]
    temporal: Temporal
    mater: Mater


@dataclass(frozen=True, config=STRICT)
class OverTime:
    """Analyses of what trained models say as time goes on, and in noise."""

    strategies: tuple[str, ...]
    window_s: Positive
    noise_repeats: Count
    noise_seed: Seed
    clip: str


@dataclass(frozen=True, config=STRICT)
class Evaluation:
    """Metrics, their intervals, and analyses."""

    bootstrap_draws: Count
    bootstrap_seed: Seed
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    permutations: Count
    top_k: Annotated[int, Field(ge=2)]
    calibration_bins: Annotated[int, Field(ge=2)]
    over_time: OverTime


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of `params.yaml`."""

    fusion: str
    budget: str
    max_failed_fraction: Fraction01
    parallel: Parallel
    synthetic: Synthetic
    corpora: dict[str, Corpus]
    media: Media
    faces: Faces
    windows: dict[str, Window]
    weights: dict[str, Weights]
    features: dict[str, Stream]
    benchmarks: dict[str, Benchmark]
    reducers: Reducers
    classifiers: Classifiers
    evaluation: Evaluation
