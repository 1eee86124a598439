"""Intervals by resampling speakers: clips of one person are not independent of each other, people are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aver.evaluation.metrics import metrics
from aver.evaluation.spread import known_mean
from aver.evaluation.sums import Sums
from aver.params.blocks import Evaluation

Interval = tuple[float, float] | None


@lru_cache(maxsize=4)  # every strategy of a benchmark has the same speakers
def weights(speakers: int, params: Evaluation) -> NDArray[np.float64]:
    """Return how often each speaker is drawn in each resampling with replacement, [B, P]."""
    rng = np.random.default_rng(params.bootstrap_seed)
    drawn = rng.multinomial(speakers, np.full(speakers, 1 / speakers), size=params.bootstrap_draws)
    found = drawn.astype(np.float64)
    found.flags.writeable = False
    return found


def percentiles(values: NDArray[np.float64], confidence: float) -> Interval:
    """Return the percentile interval of draws [B] (Efron & Tibshirani 1993, chapter 13); None if all are NaN."""
    there = values[np.isfinite(values)]
    if not len(there):
        return None
    low, high = np.quantile(there, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def speaker_intervals(sums: Sums, params: Evaluation) -> dict[str, Interval]:
    """Return the bootstrap interval of each metric, averaged over seeds; None for fewer than two speakers.

    Resampling adds noise, and the calibration error, a sum of absolute values, grows with noise: its draws lie above
    it.  Their mean excess, the bootstrap's estimate of that bias (Efron & Tibshirani 1993, section 10.2), is taken off
    before the interval is read, else it could leave out the value it belongs to.

    Args:
        sums: per seed and speaker, [S, P, ...].
        params: draws, seed and confidence.
    """
    value = metrics(sums.total(axis=1))
    speakers = sums.confusion.shape[1]
    if speakers < 2:
        return dict.fromkeys(value)
    found = {
        name: known_mean(drawn, axis=1) for name, drawn in metrics(sums.weighted(weights(speakers, params))).items()
    }
    excess = float(found["ece"].mean() - known_mean(value["ece"], axis=0))
    found["ece"] = np.maximum(found["ece"] - excess, 0.0)
    return {name: percentiles(drawn, params.confidence) for name, drawn in found.items()}
