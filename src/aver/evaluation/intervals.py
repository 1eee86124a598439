"""Intervals by resampling speakers: clips of one person are not independent of each other, people are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aver.evaluation.metrics import metrics


def speaker_intervals(
    matrices: NDArray[np.float64], draws: int, confidence: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Return the percentile bootstrap interval of each metric (Efron & Tibshirani 1993, ch. 13).

    Args:
        matrices: one confusion matrix per speaker, [P, L, L], averaged over seeds.
        draws: resamplings of the P speakers with replacement.
        confidence: e.g. 0.95.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    speakers = len(matrices)
    weights = rng.multinomial(speakers, np.full(speakers, 1 / speakers), size=draws).astype(np.float64)
    tail = 100 * (1 - confidence) / 2
    found = metrics(np.tensordot(weights, matrices, axes=1))
    return {
        name: (float(np.percentile(values, tail)), float(np.percentile(values, 100 - tail)))
        for name, values in found.items()
    }
