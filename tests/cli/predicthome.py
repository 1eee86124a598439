"""A repository's folder as `dvc repro` leaves it, small: twelve clips, encoders with seeded weights, trained models."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import yaml

from aver.classifiers.grid import train_grid
from aver.classifiers.write import write_grid
from aver.corpora.catalogue import catalogue, write_catalogue
from aver.faces.index import index_faces
from aver.features.extract import Stages, extract, write_features
from aver.folds.build import build_folds, write_folds
from aver.folds.choose import people_of
from aver.media.ffmpeg import executable
from aver.media.index import index_media
from aver.params.blocks import Params, Synthetic
from aver.params.file import load
from aver.store.out import out_folder, read_rows
from aver.synthetic.plan import plan
from aver.synthetic.render import RenderParams, render_clip
from aver.weights.build import build_weights
from aver.windows.index import index_windows

ROOT = Path(__file__).parents[2]
SETTINGS = Synthetic(speakers=4, takes=1, seed=3, fps=10, frame_px=112, duration_s=(1.0, 1.3))
LABELS = ("angry", "happy", "sad")
STREAMS = ("vggface", "vggish-half", "vggm-half", "xvector-thirds")
TRAINED = ("acoustic", "concat", "embrace", "mater", "pca")
#: Of the built-in corpus, and in no benchmark here.
NEW = "S02_neutral_T1.mp4"
OWN = "data/synthetic/S01/S01_happy_T1.mp4"


def settings() -> dict:
    """Return the repository's params, made small."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["features"] = {stream: content["features"][stream] for stream in STREAMS}
    content["benchmarks"] = {
        "small": {
            "corpora": ["synthetic"], "protocol": "subject", "beside": ["clip", "window"], "folds": 2,
            "validation_fraction": 0.4, "fold_seed": 0, "seeds": [0, 1],
        }
    }  # fmt: skip
    quick = {"epochs": 2, "sequence_frames": 4, "sequence_stride": 1, "max_sequences": 3, "autoencoder_epochs": 1}
    content["classifiers"]["temporal"]["budgets"]["quick"] |= quick
    content["classifiers"]["temporal"]["budgets"]["quick"]["embrace"]["width"] = 32
    content["classifiers"]["mater"]["span_s"] = {"synthetic": 0.6}
    content["classifiers"]["mater"]["budgets"]["quick"] |= {"epochs": 2, "width": 16, "feed_forward": 16}
    content["classifiers"]["noise_trained"] = []
    content["parallel"] = {"jobs": 1, "backend": "sequential"}
    return content


def write_params(content: dict) -> None:
    Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def build() -> None:
    """Fill the working directory."""
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    write_params(settings())
    params = load()
    for clip in plan(SETTINGS):
        if clip.emotion in LABELS or clip.file.endswith(NEW):
            path = Path(NEW) if clip.file.endswith(NEW) else Path("data/synthetic", clip.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(render_clip(RenderParams(clip, SETTINGS))["mp4"].tobytes())
    for encoder in ("vggface", "vggish", "vggm", "xvector"):
        with out_folder(Path("data/weights", encoder)) as folder:
            build_weights(encoder, params.weights[encoder], folder)
    _extract(params)
    benchmark = params.benchmarks["small"]
    clips = {"synthetic": read_rows(Path("data/corpora/synthetic/clips.parquet"))}
    folds = build_folds("small", benchmark, clips, people_of(params.corpora))
    with out_folder(Path("data/folds/small")) as folder:
        write_folds(folder, folds, benchmark)
    for strategy in TRAINED:
        grid = train_grid("small", strategy, folds.rows, Path("data/features"), params)
        with out_folder(Path("data/classifiers/small", strategy)) as folder:
            write_grid(folder, grid, folds.rows)


def _extract(params: Params) -> None:
    root = Path("data/synthetic")
    with out_folder(Path("data/corpora/synthetic")) as folder:
        write_catalogue(folder, catalogue("synthetic", params.corpora["synthetic"]), 0.0)
    clips = read_rows(Path("data/corpora/synthetic/clips.parquet"))
    media = index_media("synthetic", clips, root, params)
    faces = index_faces("synthetic", clips, media.rows, root, params)
    before = Stages(media.rows, faces.rows, index_windows(media.rows, params.windows))
    for stream in STREAMS:
        with out_folder(Path("data/features/synthetic", stream)) as folder:
            write_features(folder, extract("synthetic", stream, before, Path("data/weights"), params), params)


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([executable(), "-nostdin", "-y", "-v", "error", *map(str, arguments)], check=True)
