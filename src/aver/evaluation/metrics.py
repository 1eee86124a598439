"""Metrics from confusion matrices, so that resampling speakers is only a weighted sum of matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

METRICS = ("accuracy", "uar", "f1")


def confusion(actual: NDArray[np.integer], predicted: NDArray[np.integer], labels: int) -> NDArray[np.float64]:
    """Return counts [L, L]: row = actual, column = predicted."""
    matrix = np.zeros((labels, labels))
    np.add.at(matrix, (actual, predicted), 1)
    return matrix


def metrics(matrices: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return accuracy, UAR and macro-F1 of confusion matrices [..., L, L], each [...] float64 in 0 … 1.

    UAR (unweighted average recall) is the mean of the labels' recalls; macro-F1 the mean of their F1.  A label that
    does not occur in a matrix is left out of its means, as scikit-learn does for recall when asked for the labels
    present; it is never counted as 0 or 1.

    Example:
        >>> found = metrics(np.array([[3.0, 1.0], [2.0, 2.0]]))
        >>> {name: round(float(value), 4) for name, value in found.items()}
        {'accuracy': 0.625, 'uar': 0.625, 'f1': 0.619}
    """
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    actual, predicted = matrices.sum(axis=-1), matrices.sum(axis=-2)
    total = matrices.sum(axis=(-2, -1))
    present = actual > 0
    labels = np.maximum(present.sum(axis=-1), 1)
    recall = np.divide(hits, actual, out=np.zeros_like(hits), where=present)
    f1 = np.divide(2 * hits, actual + predicted, out=np.zeros_like(hits), where=present)
    accuracy = np.divide(hits.sum(axis=-1), total, out=np.zeros_like(total), where=total > 0)
    return {"accuracy": accuracy, "uar": recall.sum(axis=-1) / labels, "f1": f1.sum(axis=-1) / labels}
