"""What was asked of trained models, and what is known of the clips that they were asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: What a network says of all modalities together: of a strategy with one modality, of that one.  Also: noise in all.
BOTH = "both"
VISUAL, ACOUSTIC = "visual", "acoustic"
#: All outputs that a network may have, in the order in which they are written.
OUTPUTS = (BOTH, VISUAL, ACOUSTIC)


@dataclass(frozen=True)
class Probed:
    """What one trained model said when it was probed on the M clips that its fold tests.

    Args:
        fold: of the model.
        seed: of the model.
        noisy: where noise was while it was trained: empty (nowhere), `visual`, `acoustic` or `both`.
        clips: places in `Known.clips`, [M] int64.
        looks_s: seconds since the clip's first step began, ascending, the same for all models, [K] float64; at the last
            look every clip is over.
        said: output → probabilities of the labels at each look, [K, M, C] float32; NaN where there is no answer: not
            yet, or never, as the clip lacks the modality.
        noise: modality → share of the repeats in which the clip's answer (`both`) was right with noise in 1 … W windows
            of it, [W, M] float32.
        layers: modality → mean entropy of the embeddings over the clips' windows, before the first layer and behind
            each, nats, [L + 1] float64; empty: the network has none.
        layer_windows: modality → number of windows that the mean is over.
        attention: modality → attention weights of the chosen clip, mean over heads, row = query, column = key,
            [L, T, T] float64, 0 for keys that are windows without the modality; empty where this model does not test
            the clip, or has no attention.
    """

    fold: int
    seed: int
    noisy: str
    clips: NDArray[np.int64]
    looks_s: NDArray[np.float64]
    said: dict[str, NDArray[np.float32]]
    noise: dict[str, NDArray[np.float32]]
    layers: dict[str, NDArray[np.float64]]
    layer_windows: dict[str, int]
    attention: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Known:
    """What is known of the N clips that were probed.

    Args:
        labels: in the order of the probabilities.
        clips: corpus, people, clip_id, speaker and label of each (`aver.evaluation.answers.CLIP`); an empty speaker is
            one that the clip does not name.
        onset_s: when the emotion begins, seconds since the clip's first step began, NaN where nobody knows, [N]
            float64.
    """

    labels: tuple[str, ...]
    clips: pd.DataFrame
    onset_s: NDArray[np.float64]


@dataclass(frozen=True)
class Chosen:
    """The clip whose attention is drawn.

    Args:
        corpus: its corpus.
        clip_id: its id.
        times_s: when each of the T windows begins and ends that its attention is between, seconds, [T, 2] float64.
    """

    corpus: str
    clip_id: str
    times_s: NDArray[np.float64]
