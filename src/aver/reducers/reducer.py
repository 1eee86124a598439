"""What a reducer is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


@dataclass(frozen=True)
class Reducer:
    """A transform of both modalities side by side, fitted on a fold's training steps and frozen afterwards.

    Args:
        name: of its block under `reducers` in `params.yaml`.
        params: `params(block, epochs, device, published)`: from the block, the budget's epochs of the autoencoder and
            a device to the frozen dataclass that `fit` takes; `published` undoes what AVER corrects.
        fit: `fit(params, table, **rows) -> arrays` for one fold.  `table` holds `links_visual` and `links_acoustic`
            [N] int32, the row of each role at each training step, each step once; `rows` are the roles' `.npy` files
            [R, D] float32.  Of those only linked rows are read.
        apply: `apply(arrays, rows, device="cpu") -> [N, K]` float32, from the raw rows of each role [N, D] float32,
            with the arrays that `fit` gave.
        fit_together: where folds share work, `fit_together(params, given)` yields (place, arrays) of several; `given`
            are the other arguments of `fit` by name, and each `table` also holds `atoms` [N] int32 (see
            `aver.reducers.scatter`).
    """

    name: str
    params: Callable[..., Any]
    fit: Callable[..., Arrays]
    apply: Callable[..., NDArray[np.float32]]
    fit_together: Callable[..., Iterator[tuple[int, Arrays]]] | None = None
