"""The fusion layer of a single modality: hand its rows on as they are."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


class Only(nn.Module):
    """Return the rows of one role [B, T, D]."""

    def __init__(self, role: str, width: int) -> None:
        super().__init__()
        self.role, self.width = role, width

    def forward(self, parts: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return `parts[role]`."""
        return parts[self.role]


def only(role: str) -> Callable[[dict[str, int]], Only]:
    """Return what makes the fusion layer of `role` from the width of each role."""
    return lambda widths: Only(role, widths[role])
