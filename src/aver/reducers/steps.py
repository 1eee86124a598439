"""A fold's training steps: the rows of both modalities side by side, read from memory maps as they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from aver.outcome import Unusable
from aver.reducers.scaler import CONSTANT, Scaler, moments

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: In this order their rows stand side by side.
ROLES = ("visual", "acoustic")
#: Rows are kept on a CUDA device if they fill no more than this part of what is free there.
RESIDENT = 0.5


class Steps:
    """The training steps of one fold.

    Args:
        table: `links_visual`, `links_acoustic` [N] int32, see `aver.reducers.reducer`.
        rows: per role its `.npy` file [R, D] float32.
        device: where taken rows go.
    """

    def __init__(self, table: Arrays, rows: Mapping[str, Path], device: torch.device) -> None:
        self.links = {role: table[f"links_{role}"] for role in ROLES}
        self.files = rows
        self.rows: dict[str, NDArray[np.float32]] = {role: np.load(rows[role], mmap_mode="r") for role in ROLES}
        self.widths = np.array([self.rows[role].shape[1] for role in ROLES], np.int32)
        self.width = int(self.widths.sum())
        self.device = device
        self._resident = self._on_device()

    def __len__(self) -> int:
        return len(self.links["visual"])

    def take(self, chosen: NDArray[np.int64]) -> torch.Tensor:
        """Return the joined rows [B, D] float32 of some of the steps, on the device."""
        if self._resident:
            numbers = {role: torch.from_numpy(self.links[role][chosen]).long().to(self.device) for role in ROLES}
            return torch.cat([self._resident[role][numbers[role]] for role in ROLES], dim=1)
        joined = np.concatenate([self.rows[role][self.links[role][chosen]] for role in ROLES], axis=1)
        return torch.from_numpy(joined).to(self.device)

    def moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and deviation [D] of the steps: a row counts as often as steps link to it."""
        both = [moments(self.rows[role], self.links[role].astype(np.int64)) for role in ROLES]
        return np.concatenate([mean for mean, _ in both]), np.concatenate([deviation for _, deviation in both])

    def _on_device(self) -> dict[str, torch.Tensor]:
        if self.device.type != "cuda":
            return {}
        free, _ = torch.cuda.mem_get_info(self.device)
        if sum(rows.nbytes for rows in self.rows.values()) > RESIDENT * free:
            return {}
        return {role: torch.from_numpy(np.array(rows)).to(self.device) for role, rows in self.rows.items()}


def scaler_of(mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Scaler:
    """Return what standardises rows with this mean and deviation [D].

    Raises:
        Unusable: a training row is not finite, or none of its dimensions varies.
    """
    if not np.isfinite(mean + deviation).all():
        raise Unusable("not_finite", "the features of a training clip are not all finite numbers")
    if (deviation < CONSTANT).all():
        raise Unusable("no_variance", "the features of all training clips are the same")
    return Scaler(mean.astype(np.float32), np.where(deviation < CONSTANT, 1, deviation).astype(np.float32))
