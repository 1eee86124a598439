"""Paired comparison by exchanging: would the difference be as large if the two were the same?

If two strategies are equally good, a speaker's difference might as well have the other sign.  The p-value is the share
of all choices of signs whose mean is at least as far from 0 (sign-flip test: Good 2005, section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: All choices of signs are gone through where there are not more than this many, whatever `permutations` says: it takes
#: a thousandth of a second, and needs no luck.
ALWAYS_EXACT = 65536
#: Signs drawn at once: bounds the memory.
BATCH = 4096


def is_exact(speakers: int, permutations: int) -> bool:
    """Whether all choices of signs are gone through."""
    return 2**speakers <= max(permutations, ALWAYS_EXACT)


def smallest_p(speakers: int, permutations: int) -> float:
    """Return the smallest p-value that there can be: of all choices of signs two are the most extreme.

    Example:
        >>> smallest_p(4, 10000), smallest_p(30, 9999)
        (0.125, 0.0001)
    """
    return 2.0 ** (1 - speakers) if is_exact(speakers, permutations) else 1 / (permutations + 1)


def sign_flip_p(differences: NDArray[np.float64], permutations: int, seed: int) -> float:
    """Return the two-sided p-value of the mean of paired differences.

    Drawn signs count the observed ones as one of the draws: without that p could be 0, and too small on average
    (Phipson & Smyth 2010).

    Args:
        differences: one per speaker, [P], at least one.
        permutations: draws, where there are too many choices to go through.
        seed: of the draws.

    Example:
        Four speakers, all for the same strategy: only all signs as they are, or all turned, are as extreme: 2 of 16.

        >>> sign_flip_p(np.array([0.1, 0.2, 0.3, 0.4]), 10000, 0)
        0.125
    """
    # Sums of the same numbers in another order differ in their last digits; equal is not less.
    observed = abs(differences.sum()) - 1e-12 * np.abs(differences).sum()
    if is_exact(len(differences), permutations):
        sums = np.zeros(1)
        for difference in differences:
            sums = np.concatenate([sums + difference, sums - difference])
        return float((np.abs(sums) >= observed).mean())
    rng, extreme = np.random.default_rng(seed), 0
    for start in range(0, permutations, BATCH):
        draws = min(BATCH, permutations - start)
        signs = 2.0 * rng.integers(0, 2, (draws, len(differences)), dtype=np.int8) - 1
        extreme += int((np.abs(signs @ differences) >= observed).sum())
    return (extreme + 1) / (permutations + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), in the given order.

    The smallest of m is multiplied by m, the next by m − 1, …; none may be smaller than one before it, or exceed 1.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected.tolist()
