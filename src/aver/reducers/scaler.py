"""Standardisation fitted on training rows only, streamed: memory does not grow with the corpus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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

    def apply(self, rows: NDArray[np.float32], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return rows [..., D] with mean 0 and deviation 1 on the training rows, written into `out` if given."""
        scaled: NDArray[np.float32] = np.subtract(rows, self.mean, out=out)
        scaled *= self._scale
        return scaled

    @cached_property
    def _scale(self) -> NDArray[np.float32]:
        return np.float32(1) / self.deviation  # a product is several times faster than a division

    def whole(self) -> Scaler:
        """Return a scaler that divides all dimensions by one number: their mean square on the training rows is then 1.

        Dimensions that do not vary do not count.
        """
        varying = self.deviation[self.deviation != 1]
        root = np.sqrt(np.mean(np.square(varying, dtype=np.float64))) if varying.size else 1.0
        return Scaler(self.mean, np.full_like(self.deviation, root))


def fit_scaler(rows: NDArray[np.float32], training: NDArray[np.int64]) -> Scaler:
    """Fit on `rows[training]`; no other row is read.

    Args:
        rows: all rows [R, D], possibly a memory map.
        training: indices of the training rows, each counted as often as it occurs.
    """
    mean, deviation = moments(rows, training)
    deviation[deviation < CONSTANT] = 1
    return Scaler(mean.astype(np.float32), deviation.astype(np.float32))


def moments(rows: NDArray[np.float32], training: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and deviation [D] float64 of `rows[training]`; not finite where one of these rows is not."""
    total = np.zeros(rows.shape[1], np.float64)
    squares = np.zeros(rows.shape[1], np.float64)
    # Squares of differences to one training row: no cancellation when the mean is far from zero.
    anchor = rows[training[0]].astype(np.float64)
    with np.errstate(invalid="ignore"):  # inf - inf; whoever asks is told by what comes out
        for start in range(0, len(training), PIECE):
            piece = rows[training[start : start + PIECE]] - anchor
            total += piece.sum(axis=0)
            squares += np.square(piece).sum(axis=0)
        mean = total / len(training)
        deviation = np.sqrt(np.maximum(squares / len(training) - mean**2, 0))
    return anchor + mean, deviation
