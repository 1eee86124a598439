"""Calibration: whether a strategy is right as often as it is sure (Guo et al. 2017, section 2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def bin_of(confidence: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Return the bin of each confidence: bin m of M holds those in (m/M, (m + 1)/M], the first also 0.

    Example:
        >>> bin_of(np.array([0.0, 0.1, 0.11, 0.7, 1.0]), 10).tolist()
        [0, 0, 1, 6, 9]
    """
    # A mean of probabilities may exceed 1 by a rounding error.
    return np.clip(np.searchsorted(np.linspace(0, 1, bins + 1), confidence, side="left") - 1, 0, bins - 1)


def calibration_error(bins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected calibration error of sums of bins [..., M, 3], [...] float64; NaN without answers.

    ECE is the mean over all answers of |accuracy − mean confidence| of the answer's bin (Guo et al. 2017, equation 3).

    Example:
        Two answers at 0.9, one of them right; two at 0.6, both right: (|0.5 − 0.9| + |1 − 0.6|) / 2 = 0.4.

        >>> float(calibration_error(np.array([[2, 1.2, 2], [2, 1.8, 1]])).round(12))
        0.4
    """
    total = bins[..., 0].sum(axis=-1)
    apart = np.abs(bins[..., 2] - bins[..., 1]).sum(axis=-1)
    return np.divide(apart, total, out=np.full_like(total, np.nan), where=total > 0)


def calibration_table(bins: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Return the reliability diagram's bins; clips are averaged over seeds, the empty bin has no confidence.

    Args:
        bins: of each seed, [S, M, 3].
    """
    edges, found = np.linspace(0, 1, bins.shape[1] + 1), bins.sum(axis=0)
    return [
        {
            "low": float(edges[m]),
            "high": float(edges[m + 1]),
            "clips": float(clips / len(bins)),
            "confidence": float(sure / clips) if clips else None,
            "accuracy": float(right / clips) if clips else None,
        }
        for m, (clips, sure, right) in enumerate(found)
    ]
