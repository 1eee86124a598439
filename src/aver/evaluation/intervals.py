"""Intervals by resampling speakers: clips of one person are not independent of each other, people are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

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


def cut_off(speakers: int, confidence: float) -> float | None:
    """Return the share of the draws to leave out at each end; None where so few speakers allow no interval.

    The middle 95 % of the draws is too narrow where there are few speakers: the draws of P speakers have (P − 1)/P of
    the variance they should have, and know nothing of how uncertain that variance is.  So less is left out: α′/2 =
    Φ(−√(P/(P − 1)) · t), t the 1 − α/2 quantile of Student's distribution with P − 1 degrees of freedom (the expanded
    percentile interval: Hesterberg 2015, "What teachers should know about the bootstrap", The American Statistician
    69(4), 371-386).

    No draw lies further out than the best or the worst speaker drawn P times, which comes about once in P^P.  Where
    that is too often, no draw is far enough out: below five speakers, at a confidence of 95 %.

    Example:
        >>> [cut and round(cut, 4) for cut in (cut_off(speakers, 0.95) for speakers in (1, 4, 5, 16, 10**6))]
        [None, None, 0.001, 0.0139, 0.025]
    """
    if speakers < 2:
        return None
    quantile = stdtrit(speakers - 1, (1 + confidence) / 2)
    cut = float(ndtr(-np.sqrt(speakers / (speakers - 1)) * quantile))
    return cut if cut >= float(speakers) ** -speakers else None


def percentiles(values: NDArray[np.float64], speakers: int, confidence: float) -> Interval:
    """Return the expanded percentile interval (`cut_off`) of draws [B]; None if it does not exist or all are NaN."""
    cut, there = cut_off(speakers, confidence), values[np.isfinite(values)]
    if cut is None or not len(there):
        return None
    low, high = np.quantile(there, [cut, 1 - cut])
    return float(low), float(high)


def speaker_intervals(sums: Sums, params: Evaluation) -> dict[str, Interval]:
    """Return the bootstrap interval of each metric, averaged over seeds; None for too few speakers.

    Resampling adds noise, and the calibration error, a sum of absolute values, grows with noise: its draws lie above
    it.  Their mean excess, the bootstrap's estimate of that bias (Efron & Tibshirani 1993, section 10.2), is taken off
    before the interval is read, else it could leave out the value it belongs to.

    Args:
        sums: per seed and speaker, [S, P, ...].
        params: draws, seed and confidence.
    """
    value = metrics(sums.total(axis=1))
    speakers = sums.confusion.shape[1]
    if cut_off(speakers, params.confidence) is None:
        return dict.fromkeys(value)
    found = {
        name: known_mean(drawn, axis=1) for name, drawn in metrics(sums.weighted(weights(speakers, params))).items()
    }
    excess = float(found["ece"].mean() - known_mean(value["ece"], axis=0))
    found["ece"] = np.maximum(found["ece"] - excess, 0.0)
    return {name: percentiles(drawn, speakers, params.confidence) for name, drawn in found.items()}
