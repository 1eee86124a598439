"""System A's network: fusion, LSTM, dense, softmax (Salas-Cáceres et al. 2024, §4.2 and §5)."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import nn


class Fusion(Protocol):
    """The fusion layer F: parts [B, T, D_m] by role in, one tensor [B, T, width] out."""

    width: int

    def __call__(self, parts: dict[str, torch.Tensor]) -> torch.Tensor:
        """Fuse."""
        ...


class TemporalClassifier(nn.Module):
    """Fusion, then an LSTM whose last true step goes through dense + ReLU + dropout to the classes."""

    def __init__(self, fusion: nn.Module, width: int, lstm_units: int, dense_units: int, dropout: float, classes: int):
        super().__init__()
        self.fusion = fusion
        self.lstm = nn.LSTM(width, lstm_units, batch_first=True)
        self.dense = nn.Linear(lstm_units, dense_units)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(dense_units, classes)
        # torch scales an LSTM's input weights by its units (16), not by its inputs (thousands): every gate would start
        # saturated.  Glorot & Bengio 2010 (eq. 16) scales by both.
        nn.init.xavier_uniform_(self.lstm.get_parameter("weight_ih_l0"))
        nn.init.orthogonal_(self.lstm.get_parameter("weight_hh_l0"))

    def forward(self, parts: dict[str, torch.Tensor], lengths: torch.Tensor) -> torch.Tensor:
        """Return logits [B, C].

        Args:
            parts: rows by role, [B, T, D_m] float32; steps at and after a sequence's length are padding.
            lengths: true lengths [B] int64, at least 1.  Padding stands behind, so it cannot reach earlier steps.
        """
        states, _ = self.lstm(self.fusion(parts))
        last = states[torch.arange(len(lengths), device=states.device), lengths - 1]
        logits: torch.Tensor = self.out(self.dropout(torch.relu(self.dense(last))))
        return logits
