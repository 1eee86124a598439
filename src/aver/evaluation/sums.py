"""Sums from which every metric follows, so that resampling speakers is only a weighted sum.

A metric of many clips is a function of three sums over them: how often each label was taken for each other, how often
the right label was among the first k, and how many clips of each bin of confidence there are, how sure and how right.
Kept per speaker, they are added up with the weights that a resampling gives to the speakers; nothing is counted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.evaluation.answers import Answers
from aver.evaluation.calibration import bin_of


@dataclass(frozen=True)
class Sums:
    """Sums over the answers of each group.

    Args:
        confusion: counts, row = actual, column = predicted, [..., L, L] float64.
        top: answers whose right label is among the k most probable, [...] float64; NaN where there are not more than k
            labels, since then that says nothing.
        bins: per bin of confidence the answers, their summed confidence, and how many are right, [..., M, 3] float64.
    """

    confusion: NDArray[np.float64]
    top: NDArray[np.float64]
    bins: NDArray[np.float64]

    def total(self, axis: int) -> Sums:
        """Add groups up along one of the axes before `L, L`; counted from the first."""
        return Sums(self.confusion.sum(axis=axis), self.top.sum(axis=axis), self.bins.sum(axis=axis))

    def weighted(self, weights: NDArray[np.float64]) -> Sums:
        """Add the groups up with weights.

        Args:
            weights: [B, G], for sums [S, G, ...].

        Returns:
            Sums [B, S, ...].
        """
        return Sums(*(np.tensordot(weights, values, axes=(1, 1)) for values in (self.confusion, self.top, self.bins)))


def sums_of(answers: Answers, group: NDArray[np.int64], groups: int, top_k: int, bins: int) -> Sums:
    """Return the sums per seed and group, [S, G, ...], seeds in ascending order.

    Args:
        answers: N answers.
        group: the group of each answer, [N], −1 for none.
        groups: their number G.
        top_k: k.
        bins: number of bins M of confidence.
    """
    kept, labels = group >= 0, len(answers.labels)
    seeds = np.unique(answers.seed)
    cell = (np.searchsorted(seeds, answers.seed) * groups + group)[kept]
    actual, predicted, chances = answers.actual[kept], answers.predicted[kept], answers.probabilities[kept]
    shape = (len(seeds), groups)
    count = len(seeds) * groups
    confusion = np.bincount((cell * labels + actual) * labels + predicted, minlength=count * labels**2)
    top = _counts(cell, _rank(chances, actual) < top_k, count)
    confidence = chances.max(axis=1, initial=0.0)
    place = cell * bins + bin_of(confidence, bins)
    filled = [_counts(place, values, count * bins) for values in (np.ones(len(place)), confidence, predicted == actual)]
    return Sums(
        confusion.reshape(*shape, labels, labels).astype(np.float64),
        top.reshape(shape) if labels > top_k else np.full(shape, np.nan),
        np.stack(filled, axis=-1).reshape(*shape, bins, 3),
    )


def _counts(place: NDArray[np.int64], values: NDArray[Any], places: int) -> NDArray[np.float64]:
    return np.bincount(place, weights=values, minlength=places).astype(np.float64)


def _rank(chances: NDArray[np.float64], actual: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many labels come before the right one; of equal probabilities the first label comes first."""
    own = np.take_along_axis(chances, actual[:, None], axis=1)
    before = np.arange(chances.shape[1]) < actual[:, None]
    return ((chances > own) | ((chances == own) & before)).sum(axis=1).astype(np.int64)
