"""The accuracy that all analyses over time share: of clips' rates, with its interval over speakers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aver.evaluation.intervals import percentiles, weights
from aver.evaluation.pairs import PERSON
from aver.evaluation.score import Number
from aver.params.blocks import Evaluation

Accuracy = dict[str, Number]


def accuracies(right: NDArray[Any], clip: NDArray[np.int64], clips: pd.DataFrame, params: Evaluation) -> list[Accuracy]:
    """Return R accuracies: `mean`, and the ends `low` and `high` of its interval; None for what does not exist.

    A clip's rate is the mean over the models that test it (one per seed), the accuracy the mean of the clips' rates.
    Clips of one person are not independent of each other, so people are resampled (`aver.evaluation.intervals`): there
    is no interval where a clip names nobody, or where people are too few.

    Args:
        right: of each of P pairs of a clip and a model whether it is right, or how often, 0 … 1, [R, P].
        clip: the row of `clips` of each pair, [P].
        clips: with the columns people and speaker.
        params: draws, seed and confidence.
    """
    if not len(clip):
        return [{"mean": None, "low": None, "high": None} for _ in right]
    tested, place = np.unique(clip, return_inverse=True)
    rates = _sums(right, place) / np.bincount(place)
    intervals = _intervals(rates, clips.iloc[tested], params)
    return [
        {"mean": float(mean), "low": low, "high": high}
        for mean, (low, high) in zip(rates.mean(axis=1), intervals, strict=True)
    ]


def _intervals(
    rates: NDArray[np.float64], clips: pd.DataFrame, params: Evaluation
) -> list[tuple[float, float] | tuple[None, None]]:
    """Return the interval of the mean of each row of rates [R, N]."""
    if (clips["speaker"] == "").any():
        return [(None, None)] * len(rates)
    person = clips.groupby(PERSON, sort=True).ngroup().to_numpy()
    spoken = np.bincount(person)
    drawn = weights(len(spoken), params)
    means = (drawn @ _sums(rates, person).T) / (drawn @ spoken)[:, None]
    return [percentiles(mean, len(spoken), params.confidence) or (None, None) for mean in means.T]


def _sums(values: NDArray[Any], group: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return the sums of the groups of each row, [R, G]."""
    return np.stack([np.bincount(group, weights=row) for row in values])
