"""The fusion layers without weights: the rows of one role or of several, side by side, as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from aver.classifiers.grouped import Weights, product
from aver.classifiers.network import Draw, Rows


@dataclass(frozen=True)
class SideBySide:
    """X = the rows of these roles, one behind the other, in this order."""

    roles: tuple[str, ...]

    def width(self, widths: Mapping[str, int]) -> int:
        """Return the sum of the roles' widths."""
        return sum(widths[role] for role in self.roles)

    def module(self, widths: Mapping[str, int]) -> nn.Module:
        """Return a module without weights."""
        return nn.Identity()

    def gates(self, weights: Weights, rows: Rows, lstm_in: torch.Tensor, draw: Draw | None) -> torch.Tensor:
        """Return `X @ lstm_in.T`; see `aver.classifiers.head.Fusion`."""
        return product(rows.joined, lstm_in)
