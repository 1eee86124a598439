"""Metrics from sums (`aver.evaluation.sums`), of one or of thousands of resamplings at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aver.evaluation.calibration import calibration_error
from aver.evaluation.sums import Sums

METRICS = ("accuracy", "uar", "f1", "top_k", "ece")


def metrics(sums: Sums) -> dict[str, NDArray[np.float64]]:
    """Return every metric, each [...] float64 in 0 … 1, NaN where it does not exist."""
    total = sums.confusion.sum(axis=(-2, -1))
    return {
        **of_confusion(sums.confusion),
        "top_k": _ratio(sums.top, total),
        "ece": calibration_error(sums.bins),
    }


def of_confusion(matrices: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return accuracy, UAR and macro-F1 of confusion matrices [..., L, L]; NaN for a matrix of zeros.

    UAR (unweighted average recall) is the mean of the labels' recalls; macro-F1 the mean of their F1.  A label that
    does not occur in a matrix is left out of its means, as scikit-learn does for recall when asked for the labels
    present; it is never counted as 0 or 1.

    Example:
        >>> found = of_confusion(np.array([[3.0, 1.0], [2.0, 2.0]]))
        >>> {name: round(float(value), 4) for name, value in found.items()}
        {'accuracy': 0.625, 'uar': 0.625, 'f1': 0.619}
    """
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    actual, predicted = matrices.sum(axis=-1), matrices.sum(axis=-2)
    present = actual > 0
    labels = present.sum(axis=-1).astype(np.float64)
    recall = np.divide(hits, actual, out=np.zeros_like(hits), where=present)
    f1 = np.divide(2 * hits, actual + predicted, out=np.zeros_like(hits), where=present)
    return {
        "accuracy": _ratio(hits.sum(axis=-1), matrices.sum(axis=(-2, -1))),
        "uar": _ratio(recall.sum(axis=-1), labels),
        "f1": _ratio(f1.sum(axis=-1), labels),
    }


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0)
