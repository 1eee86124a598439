"""Rows through a fitted reducer: side by side and standardised as in training, in pieces of one shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from aver.device import prepare
from aver.reducers.steps import ROLES

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: Rows at a time.  The last piece is filled up: the shape of a product must not depend on how many rows came along.
PIECE = 256


def transform(
    arrays: Arrays,
    rows: Mapping[str, NDArray[np.float32]],
    through: Callable[[torch.Tensor, dict[str, torch.Tensor]], torch.Tensor],
    device: str,
) -> NDArray[np.float32]:
    """Return `through(standardised rows [PIECE, D], arrays as tensors)` for all rows.

    Args:
        arrays: of a fitted reducer; `mean` and `deviation` [D] float32 among them.
        rows: per role [N, D_role] float32, as the encoders give them.
        through: to [PIECE, K].
        device: `cpu` or `cuda`.
    """
    where = torch.device(prepare(device))
    tensors = {name: torch.from_numpy(value).to(where) for name, value in arrays.items() if value.ndim}
    count = len(rows[ROLES[0]])
    found = []
    for start in range(0, max(count, 1), PIECE):
        piece = np.concatenate([rows[role][start : start + PIECE] for role in ROLES], axis=1)
        filled = torch.zeros(PIECE, piece.shape[1])
        filled[: len(piece)] = torch.from_numpy(piece)
        standard = (filled.to(where) - tensors["mean"]) / tensors["deviation"]
        with torch.inference_mode():
            found.append(through(standard, tensors)[: len(piece)].cpu().numpy())
    return np.concatenate(found)
