"""He initialisation from NumPy's generator: the same numbers on every host."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def he_normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> NDArray[np.float32]:
    """Return He-initialised weights: normal, variance 2 / fan_in."""
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)
