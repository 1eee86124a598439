"""Rows scaled to unit length: what `normalise` asks of any encoder; leaf."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def unit_length(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows [N, D] float32 scaled to length 1; rows of zeros stay so.

    Example:
        >>> print(unit_length(np.array([[0, 0], [3, 4]], np.float32)))
        [[0.  0. ]
         [0.6 0.8]]
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True).astype(np.float32)
    return rows / np.maximum(lengths, np.float32(1e-12))
