"""Models that were probed on a few clips, written out by hand: two labels, one letter per clip and look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from aver.evaluation.over_time.probed import Known, Probed
from aver.params.blocks import Evaluation, OverTime

LABELS = ("happy", "sad")
PARAMS = Evaluation(
    bootstrap_draws=300, bootstrap_seed=0, confidence=0.95, permutations=1000, top_k=3, calibration_bins=10,
    over_time=OverTime(strategies=("mater",), window_s=0.5, noise_repeats=10, noise_seed=0, clip=""),
)  # fmt: skip
#: What a letter stands for: (un)sure of happy, (un)sure of sad, undecided, no answer.
LETTERS = {"H": 0.9, "h": 0.6, "S": 0.1, "s": 0.4, "=": 0.5, ".": np.nan}


def said(*looks: str) -> np.ndarray:
    """Return probabilities [K, M, 2]: one word per look, one letter per clip."""
    happy = np.array([[LETTERS[letter] for letter in word] for word in looks])
    return np.stack([happy, 1 - happy], axis=2).astype(np.float32)


def known(actual: str, speakers: str | Sequence[str] | None = None, onset_s: Sequence[float] | None = None) -> Known:
    """Return one clip per letter, h(appy) or s(ad), each of a speaker of its own if nothing else is said."""
    count = len(actual)
    names = speakers if speakers is not None else [f"s{k:02}" for k in range(count)]
    clips = pd.DataFrame(
        {
            "corpus": "c",
            "people": "c",
            "clip_id": [f"clip{k:02}" for k in range(count)],
            "speaker": list(names),
            "label": [{"h": "happy", "s": "sad"}[letter] for letter in actual],
        },
        dtype=object,
    )
    return Known(LABELS, clips, np.array(onset_s if onset_s is not None else [np.nan] * count))


def model(
    both: Sequence[str], *, fold: int = 0, seed: int = 0, noisy: str = "", clips: Sequence[int] | None = None,
    visual: Sequence[str] | None = None, acoustic: Sequence[str] | None = None,
    noise: Mapping[str, Sequence[Sequence[float]]] | None = None, layers: Mapping[str, Sequence[float]] | None = None,
    layer_windows: Mapping[str, int] | None = None, attention: Mapping[str, np.ndarray] | None = None,
) -> Probed:  # fmt: skip
    """Return a model with looks after 0.5 s, 1 s, …; of an output the words of its looks."""
    words = {"both": both, "visual": visual, "acoustic": acoustic}
    return Probed(
        fold,
        seed,
        noisy,
        np.arange(len(both[0])) if clips is None else np.array(clips),
        0.5 * np.arange(1, len(both) + 1),
        {name: said(*own) for name, own in words.items() if own is not None},
        {name: np.array(own, np.float32) for name, own in (noise or {}).items()},
        {name: np.array(own, np.float64) for name, own in (layers or {}).items()},
        dict(layer_windows or {}),
        dict(attention or {}),
    )
