"""Standardisation fitted on training rows only, streamed: memory does not grow with the corpus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Rows read at a time.
PIECE = 128
#: A dimension that varies less than this is constant (a dead unit): it is centred and not scaled.
CONSTANT = 1e-8


@dataclass(frozen=True)
class Scaler:
    """Per dimension the mean and the standard deviation of the training rows, both [D] float32."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    def apply(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return rows [..., D] with mean 0 and deviation 1 on the training rows."""
        scaled: NDArray[np.float32] = rows - self.mean
        scaled /= self.deviation
        return scaled


def fit_scaler(rows: NDArray[np.float32], training: NDArray[np.int64]) -> Scaler:
    """Fit on `rows[training]`; no other row is read.

    Args:
        rows: all rows [R, D], possibly a memory map.
        training: indices of the training rows, each counted as often as it occurs.
    """
    total = np.zeros(rows.shape[1], np.float64)
    squares = np.zeros(rows.shape[1], np.float64)
    # Squares of differences to one training row: no cancellation when the mean is far from zero.
    anchor = rows[training[0]].astype(np.float64)
    for start in range(0, len(training), PIECE):
        piece = rows[training[start : start + PIECE]] - anchor
        total += piece.sum(axis=0)
        squares += np.square(piece).sum(axis=0)
    mean = total / len(training)
    deviation = np.sqrt(np.maximum(squares / len(training) - mean**2, 0))
    deviation[deviation < CONSTANT] = 1
    return Scaler((anchor + mean).astype(np.float32), deviation.astype(np.float32))
