"""System A's network for several models at once: fusion, LSTM, dense, softmax (Salas-Cáceres et al. 2024, §4.2, §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from aver.classifiers.fit import FitParams
from aver.classifiers.grouped import Weights, linear, lstm, pack, stack, unpack
from aver.classifiers.network import PACKED, Draw, Inside, Rows, Sequences


@dataclass(frozen=True)
class TemporalParams(FitParams):
    """A training run of system A: units of the LSTM and of the dense layer."""

    lstm_units: int
    dense_units: int


class Fusion(Protocol):
    """The fusion layer F.

    Its weights, if any, are those of a plain module, whose names get `fusion.` in front.
    """

    def width(self, widths: Mapping[str, int]) -> int:
        """Return the length of the fused row X."""
        ...

    def module(self, widths: Mapping[str, int]) -> nn.Module:
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
    widths: Mapping[str, int]
    lstm_units: int
    dense_units: int
    dropout: float
    classes: int
    published: bool

    @property
    def joint(self) -> bool:
        """One program of small products for the models of all folds is several times as fast as one per fold."""
        return True

    @property
    def always_chance(self) -> bool:
        """System A's public code leaves dropout and sampling on while it validates and tests."""
        return self.published

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
        """Return the weights with those of `behind` as one; see `aver.classifiers.network.Network`."""
        own = pack(weights, list(self.behind))
        return {name: value for name, value in weights.items() if name not in self.behind} | {PACKED: own}

    def unpack(self, weights: Weights) -> Weights:
        """Return packed weights by their own names."""
        others = {name: value for name, value in weights.items() if name != PACKED}
        return others | unpack(weights[PACKED], self.behind)

    def steps(self, weights: Weights, rows: Rows, draw: Draw | None = None) -> torch.Tensor:
        """Return what the rows give to the LSTM's gates, without the biases, [S, N, 4H]."""
        own = {name.removeprefix("fusion."): value for name, value in weights.items() if name.startswith("fusion.")}
        return self.fusion.gates(own, rows, weights["lstm.weight_ih_l0"], draw)

    def logits(self, weights: Weights, sequences: Sequences, draw: Draw | None = None) -> torch.Tensor:
        """Return logits [G, B, C] of what each step gives to the gates; of the weights only `PACKED` is read."""
        own, (models, batch, _) = unpack(weights[PACKED], self.behind), sequences.shape
        gates = sequences.given + (own["lstm.bias_ih_l0"] + own["lstm.bias_hh_l0"])[:, None]
        last = lstm(gates.view(models, batch, -1, gates.shape[2]), own["lstm.weight_hh_l0"], sequences.lengths)
        dense = torch.relu(linear(last, own["dense.weight"], own["dense.bias"]))
        if draw is not None and self.dropout > 0:
            chance = torch.stack([torch.rand(dense.shape[1:], generator=one, device=dense.device) for one in draw])
            dense = dense * (chance >= self.dropout) / (1 - self.dropout)
        return linear(dense, own["out.weight"], own["out.bias"])

    def alone(self, weights: Weights, sequences: Sequences) -> dict[str, torch.Tensor]:
        """Modalities are fused before anything is said."""
        return {}

    def inside(self, weights: Weights, sequences: Sequences) -> dict[str, Inside]:
        """An LSTM has no layers over time that could be compared."""
        return {}


def head_of(fusion: Fusion, widths: Mapping[str, int], params: TemporalParams) -> Head:
    """Return the network of a run with this fusion layer, whose rows have these widths."""
    return Head(fusion, widths, params.lstm_units, params.dense_units, params.dropout, params.classes, params.published)
