"""`concat`: both modalities side by side, F(X_f, X_v) = X_f ⊕ X_v (Salas-Cáceres et al. 2024, §4.2).

Every face row gets the acoustic row of the window that holds its time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from aver.classifiers.fit import FitParams, fit
from aver.classifiers.strategy import Strategy

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


class Concat(nn.Module):
    """Join the rows of both modalities, visual first as in the paper."""

    def __init__(self, widths: dict[str, int]) -> None:
        super().__init__()
        self.width = widths["visual"] + widths["acoustic"]

    def forward(self, parts: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return [B, T, D_visual + D_acoustic]."""
        return torch.cat([parts["visual"], parts["acoustic"]], dim=2)


def train(params: FitParams, table: Arrays, **rows: Path) -> Arrays:
    """Train on both; see `aver.classifiers.fit.fit`."""
    return fit(Concat, params, table, rows)


STRATEGY = Strategy("concat", roles=("visual", "acoustic"), timeline="visual", train=train)
