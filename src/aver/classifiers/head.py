"""System A's network for several models at once: fusion, LSTM, dense, softmax (Salas-Cáceres et al. 2024, §4.2, §5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol

import torch
from torch import nn

from aver.classifiers.grouped import Weights, linear, lstm, stack

#: The packed weights behind the gates.
BEHIND = "behind"
#: A generator per model while training.
Draw = Sequence[torch.Generator]


@dataclass(frozen=True)
class Rows:
    """Rows that several models read.

    Args:
        joined: of all roles side by side, scaled, [N, sum of the widths] float32.
        widths: of each role, in the order in which they stand.
        there: per role which rows exist, [N] bool; a role that is not named has all.
    """

    joined: torch.Tensor
    widths: dict[str, int]
    there: dict[str, torch.Tensor] = field(default_factory=dict)

    def of(self, role: str) -> torch.Tensor:
        """Return the rows of one role, [N, D]."""
        return dict(zip(self.widths, torch.split(self.joined, list(self.widths.values()), dim=1), strict=True))[role]


class Fusion(Protocol):
    """The fusion layer F.

    Its weights, if any, are those of a plain module, whose names get `fusion.` in front.
    """

    def width(self, widths: dict[str, int]) -> int:
        """Return the length of the fused row X."""
        ...

    def module(self, widths: dict[str, int]) -> nn.Module:
        """Return one model's layer with its start values (drawn from torch's generator)."""
        ...

    def gates(self, weights: Weights, rows: Rows, lstm_in: torch.Tensor, draw: Draw | None) -> torch.Tensor:
        """Return `X @ lstm_in.T` [S, N, 4H], where X = F(rows).

        Args:
            weights: of the fusion, by the module's names, [S, …].
            rows: N of them.
            lstm_in: [S, 4H, width].
            draw: a generator per model while training; None: no chance.
        """
        ...


@dataclass(frozen=True)
class Head:
    """The network but for its weights: LSTM over the fused rows, its last true step, dense + ReLU + dropout, classes.

    Args:
        fusion: the fusion layer.
        widths: of the rows of each role.
        lstm_units: H.
        dense_units: of the dense layer.
        dropout: fraction of the dense layer's outputs that is dropped while training.
        classes: number of labels.
        published: start the LSTM as torch does; otherwise its input weights after Glorot and the recurrent ones
            orthogonal.
    """

    fusion: Fusion
    widths: dict[str, int]
    lstm_units: int
    dense_units: int
    dropout: float
    classes: int
    published: bool

    def start(self, seed: int) -> nn.Module:
        """Return one model's start values as plain torch layers: fusion, lstm, dense, out."""
        torch.manual_seed(seed)
        width = self.fusion.width(self.widths)
        layers = {
            "fusion": self.fusion.module(self.widths),
            "lstm": nn.LSTM(width, self.lstm_units, batch_first=True),
            "dense": nn.Linear(self.lstm_units, self.dense_units),
            "out": nn.Linear(self.dense_units, self.classes),
        }
        if not self.published:
            # torch scales an LSTM's input weights by its units (16), not by its inputs (thousands): every gate would
            # start saturated.  Glorot & Bengio 2010 (eq. 16) scales by both.
            nn.init.xavier_uniform_(layers["lstm"].get_parameter("weight_ih_l0"))
            nn.init.orthogonal_(layers["lstm"].get_parameter("weight_hh_l0"))
        return nn.ModuleDict(layers)

    def stacked(self, seeds: Sequence[int]) -> Weights:
        """Return the start values of several models, `name` → [S, …]."""
        return stack([self.start(seed) for seed in seeds])

    @property
    def behind(self) -> dict[str, tuple[int, ...]]:
        """The shapes of a model's weights behind what its rows give to the gates."""
        units, gates = self.lstm_units, 4 * self.lstm_units
        return {
            "lstm.weight_hh_l0": (gates, units),
            "lstm.bias_ih_l0": (gates,),
            "lstm.bias_hh_l0": (gates,),
            "dense.weight": (self.dense_units, units),
            "dense.bias": (self.dense_units,),
            "out.weight": (self.classes, self.dense_units),
            "out.bias": (self.classes,),
        }

    def pack(self, weights: Weights) -> Weights:
        """Return the weights with those of `behind` as one, `BEHIND` [S, P]: a step of training costs per tensor."""
        own = torch.cat([weights[name].flatten(1) for name in self.behind], dim=1)
        return {name: value for name, value in weights.items() if name not in self.behind} | {BEHIND: own}

    def unpack(self, weights: Weights) -> Weights:
        """Return packed weights by their own names."""
        parts = torch.split(weights[BEHIND], [prod(shape) for shape in self.behind.values()], dim=1)
        own = {name: part.view(-1, *shape) for part, (name, shape) in zip(parts, self.behind.items(), strict=True)}
        return {name: value for name, value in weights.items() if name != BEHIND} | own

    def gates(self, weights: Weights, rows: Rows, draw: Draw | None = None) -> torch.Tensor:
        """Return what the rows give to the LSTM's gates, without the biases, [S, N, 4H].

        Args:
            weights: of S models that read the same rows.
            rows: N of them.
            draw: a generator per model while training; None: no chance in the fusion.
        """
        own = {name.removeprefix("fusion."): value for name, value in weights.items() if name.startswith("fusion.")}
        return self.fusion.gates(own, rows, weights["lstm.weight_ih_l0"], draw)

    def logits(
        self, weights: Weights, gates: torch.Tensor, lengths: torch.Tensor, draw: Draw | None = None
    ) -> torch.Tensor:
        """Return logits [G, B, C].

        Args:
            weights: of G models, those of `behind`.
            gates: what the rows give at each step of each sequence, [G, B * T, 4H].
            lengths: true lengths [G, B] int64, at least 1; steps behind them are padding.
            draw: a generator per model while training; None: dropout off.
        """
        models, batch = lengths.shape
        gates = gates + (weights["lstm.bias_ih_l0"] + weights["lstm.bias_hh_l0"])[:, None]
        last = lstm(gates.view(models, batch, -1, gates.shape[2]), weights["lstm.weight_hh_l0"], lengths)
        dense = torch.relu(linear(last, weights["dense.weight"], weights["dense.bias"]))
        if draw is not None and self.dropout > 0:
            chance = torch.stack([torch.rand(dense.shape[1:], generator=own, device=dense.device) for own in draw])
            dense = dense * (chance >= self.dropout) / (1 - self.dropout)
        return linear(dense, weights["out.weight"], weights["out.bias"])
