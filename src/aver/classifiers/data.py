"""What models read: batches of sequences out of memory-mapped rows, on the CPU or resident on the device."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from aver.classifiers.network import Rows
from aver.reducers.scaler import Scaler, fit_scaler, moments
from aver.sequences.roles import TRAIN

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: Scaled rows of a fold are kept whole if they are no larger than this in memory, or than this part of what is free on
#: a CUDA device.
RESIDENT_BYTES, RESIDENT_PART = 128 * 2**20, 0.1


class Data:
    """The sequences and rows of one fold.

    Args:
        table: `steps` [S, T], `lengths`, `labels`, `roles` [S] int32, and for every role `link_<role>` [N] int32, the
            row of that role at each step, -1 where there is none.
        rows: per role the rows [R, D] float32, possibly memory-mapped.
        device: where batches go.
        scaling: how the training rows scale all rows: `each` dimension to mean 0 and deviation 1; the `whole` row by
            one number, so that the order of principal components keeps its meaning; `none`.
    """

    def __init__(
        self, table: Arrays, rows: Mapping[str, NDArray[np.float32]], device: torch.device, scaling: str
    ) -> None:
        self.table, self.rows, self.device = table, rows, device
        self.widths = {role: own.shape[1] for role, own in rows.items()}
        self.scalers: dict[str, Scaler] = {} if scaling == "none" else self._fit(whole=scaling == "whole")
        self.labels = torch.from_numpy(table["labels"].astype(np.int64)).to(device)
        self.lengths = torch.from_numpy(table["lengths"].astype(np.int64)).to(device)
        self._links = {role: table[f"link_{role}"] for role in rows}
        steps = np.arange(len(next(iter(self._links.values()))))
        fits = len(steps) * sum(self.widths.values()) * 4 <= _room(device)
        self._resident = self._joined(steps) if fits else None

    def of(self, role: int) -> NDArray[np.int64]:
        """Return the numbers of the sequences that train, validate or test."""
        return np.flatnonzero(self.table["roles"] == role)

    def batch(self, chosen: NDArray[np.int64]) -> Rows:
        """Return the rows of all steps of `chosen` [B] sequences, one behind the other."""
        steps = self.table["steps"][chosen].ravel()
        if self._resident is None:
            joined = self._joined(steps)
        else:
            # Whole rows: six times as fast as indexing.
            joined = self._resident.index_select(0, torch.from_numpy(steps).to(self.device))
        there = {role: links[steps] >= 0 for role, links in self._links.items()}
        marks = {role: torch.from_numpy(own).to(self.device) for role, own in there.items() if not own.all()}
        return Rows(joined, self.widths, marks)

    @cached_property
    def levels(self) -> dict[str, float]:
        """Per role the root mean square of the training rows' values, as they are read."""
        found = {}
        for role, rows in self.rows.items():
            mean, deviation = moments(rows, self._training(role))
            if role in self.scalers:
                deviation, mean = deviation / self.scalers[role].deviation, np.zeros_like(mean)
            found[role] = float(np.sqrt(np.mean(np.square(mean) + np.square(deviation))))
        return found

    def _joined(self, steps: NDArray[np.integer]) -> torch.Tensor:
        """Return the scaled rows of steps, all roles side by side; what is not there holds any row."""
        joined = np.empty((len(steps), sum(self.widths.values())), np.float32)
        first = 0
        for role, width in self.widths.items():
            into = joined[:, first : first + width]
            found = np.take(self.rows[role], self._links[role][steps], axis=0, mode="clip")
            if role in self.scalers:
                self.scalers[role].apply(found, out=into)
            else:
                into[:] = found
            first += width
        return torch.from_numpy(joined).to(self.device)

    def _fit(self, whole: bool) -> dict[str, Scaler]:
        fitted = {role: fit_scaler(rows, self._training(role)) for role, rows in self.rows.items()}
        return {role: scaler.whole() for role, scaler in fitted.items()} if whole else fitted

    def _training(self, role: str) -> NDArray[np.int64]:
        """Return the rows of a role that training steps link to, each as often as steps do."""
        chosen = self.table["roles"] == TRAIN
        true = np.arange(self.table["steps"].shape[1]) < self.table["lengths"][chosen][:, None]
        linked = self.table[f"link_{role}"][np.unique(self.table["steps"][chosen][true])]
        return linked[linked >= 0].astype(np.int64)


def _room(device: torch.device) -> float:
    return RESIDENT_PART * torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else RESIDENT_BYTES
