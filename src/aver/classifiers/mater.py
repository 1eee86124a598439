"""`mater`: attention over time windows, late fusion (system B; Ghaleb, Niehues & Asteriadis 2022, §3).

"Joint modelling of audio-visual cues using attention mechanisms for emotion recognition", Multimedia Tools and
Applications.  One network per modality: rows of zero mean and unit length (§3.1), position encoding, a stack of encoder
layers, the mean over the windows, a linear layer; the logits of the modalities are averaged (eqs. 1 to 5).  Attention
and position encoding can be switched off (§4.2): `mater-no-attention`, `mater-no-position`, `mater-baseline` without
both.

Windows in which a modality is absent (no face, the end of a shorter clip) are no part of its mean and are never
attended.  A clip without any face is answered from its sound alone.  (Without sound it has no windows at all.)

What the paper leaves open: rows are scaled by the square root of their width before the position encoding is added, as
in Vaswani et al. 2017 (§3.4), without which a row of unit length is small beside it; where the width of the layers is
not that of the rows, a linear layer leads from one to the other.  `-paper` leaves the scaling out and reads rows that
are not standardised; its clips have both modalities.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import normalize

from aver.classifiers.attention import ATTENTION, Attended, Layer, position, shapes_of
from aver.classifiers.fit import FitParams, fit
from aver.classifiers.grouped import Weights, linear, pack, product, stack, unpack
from aver.classifiers.network import PACKED, Draw, Inside, Rows, Sequences
from aver.classifiers.strategy import Strategy

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

ROLES = ("visual", "acoustic")


@dataclass(frozen=True)
class MaterParams(FitParams):
    """A training run of system B: the sizes of its networks, and which parts they have."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    attention: bool = True
    position: bool = True


@dataclass(frozen=True)
class Mater:
    """The network but for its weights.

    Args:
        widths: of the rows of each role.
        params: of a run.
    """

    widths: Mapping[str, int]
    params: MaterParams

    @property
    def joint(self) -> bool:
        """A fold is enough for one program: its products are large."""
        return False

    @property
    def always_chance(self) -> bool:
        """Nothing is left to chance where nothing is learned."""
        return False

    @property
    def layer(self) -> Layer:
        """One encoder layer."""
        return Layer(self.params.heads, self.params.dropout, self.params.attention)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of a model's weights.

        Written out, because modules on torch's `meta` device import its compiler, which cannot be in one process with
        TensorFlow.
        """
        params = self.params
        found: dict[str, tuple[int, ...]] = {}
        for role in ROLES:
            for number in range(params.layers):
                layer = shapes_of(params.width, params.feed_forward)
                found |= {f"{role}.layers.{number}.{name}": shape for name, shape in layer.items()}
            found |= {f"{role}.out.weight": (params.classes, params.width), f"{role}.out.bias": (params.classes,)}
            if self.widths[role] != params.width:
                own = {f"{role}.project.weight": (params.width, self.widths[role])}
                found |= {**own, f"{role}.project.bias": (params.width,)}
        return {name: found[name] for name in self._used(found)}

    def start(self, seed: int) -> nn.Module:
        """Return one model's start values as plain torch layers, per role `project`, `layers` and `out`."""
        torch.manual_seed(seed)
        return self._module()

    def stacked(self, seeds: Sequence[int]) -> Weights:
        """Return the start values of several models; see `aver.classifiers.network.Network`."""
        found = stack([self.start(seed) for seed in seeds])
        return {name: found[name] for name in self._used(found)}

    def pack(self, weights: Weights) -> Weights:
        """Return all weights as one."""
        return {PACKED: pack(weights, list(self.shapes))}

    def unpack(self, weights: Weights) -> Weights:
        """Return packed weights by their own names."""
        return unpack(weights[PACKED], self.shapes)

    def steps(self, weights: Weights, rows: Rows, draw: Draw | None = None) -> torch.Tensor:
        """Return the rows of both modalities side by side, of unit length and in the layers' width, [S, N, 2 width]."""
        own, models = self.unpack(weights), len(weights[PACKED])
        return torch.cat([self._embedded(own, role, rows.of(role), models) for role in ROLES], dim=2)

    def logits(self, weights: Weights, sequences: Sequences, draw: Draw | None = None) -> torch.Tensor:
        """Return the mean of the modalities' logits, [G, B, C]; of those that a sequence has."""
        found = self._each(weights, sequences, draw)
        there = torch.stack([sequences.true(role).any(2) for role in ROLES])[..., None]
        logits = torch.stack([found[role] for role in ROLES])
        return (logits * there).sum(0) / there.sum(0)

    def alone(self, weights: Weights, sequences: Sequences) -> dict[str, torch.Tensor]:
        """Return the logits of each modality, [G, B, C]; without meaning where a sequence lacks it."""
        return self._each(weights, sequences, None)

    def inside(self, weights: Weights, sequences: Sequences) -> dict[str, Inside]:
        """Return what stands before and behind the encoder layers of each modality, and what they attend to."""
        own, found = self.unpack(weights), {}
        for role in ROLES:
            attention: list[torch.Tensor] = []
            found[role] = Inside(self.encoded(own, role, sequences, None, attention.append), attention)
        return found

    def _each(self, weights: Weights, sequences: Sequences, draw: Draw | None) -> dict[str, torch.Tensor]:
        own = self.unpack(weights)
        found = {}
        for role in ROLES:
            true = sequences.true(role)
            last = self.encoded(own, role, sequences, draw)[-1]
            mean = (last * true[..., None]).sum(2) / true.sum(2).clamp_min(1)[..., None]
            found[role] = linear(mean, own[f"{role}.out.weight"], own[f"{role}.out.bias"])
        return found

    def encoded(
        self, own: Weights, role: str, sequences: Sequences, draw: Draw | None = None, attended: Attended | None = None
    ) -> list[torch.Tensor]:
        """Return what stands before the first encoder layer of a modality and behind each, [G, B, T, width].

        Args:
            own: the weights, by their own names.
            role: the modality.
            sequences: of the steps of both.
            draw: a generator per model while training.
            attended: is given each layer's attention weights.
        """
        models, batch, steps = sequences.shape
        x = sequences.given.view(models, batch, steps, len(ROLES), -1)[:, :, :, ROLES.index(role)]
        if self.params.position:
            x = x + position(steps, self.params.width).to(x)
        found, true = [x], sequences.true(role)
        for number in range(self.params.layers):
            prefix = f"{role}.layers.{number}."
            layer = {name.removeprefix(prefix): value for name, value in own.items() if name.startswith(prefix)}
            found.append(self.layer.run(layer, found[-1], true, draw, attended))
        return found

    def _embedded(self, own: Weights, role: str, rows: torch.Tensor, models: int) -> torch.Tensor:
        """Return a modality's rows, [S, N, width]."""
        rows = normalize(rows - rows.mean(1, keepdim=True), dim=1)
        if not self.params.published:
            rows = rows * rows.shape[1] ** 0.5
        if f"{role}.project.weight" not in own:
            return rows.expand(models, -1, -1)
        return product(rows, own[f"{role}.project.weight"]) + own[f"{role}.project.bias"][:, None]

    def _module(self) -> nn.Module:
        params, found = self.params, {}
        for role in ROLES:
            layers = [
                nn.TransformerEncoderLayer(params.width, params.heads, params.feed_forward, batch_first=True)
                for _ in range(params.layers)
            ]
            parts = {"layers": nn.ModuleList(layers), "out": nn.Linear(params.width, params.classes)}
            if self.widths[role] != params.width:
                parts["project"] = nn.Linear(self.widths[role], params.width)
            found[role] = nn.ModuleDict(parts)
        return nn.ModuleDict(found)

    def _used(self, names: Iterable[str]) -> list[str]:
        """Return the names of weights; without attention those that would serve nothing are left out."""
        return [name for name in names if self.params.attention or not any(part in name for part in ATTENTION)]


def network(widths: Mapping[str, int], params: MaterParams) -> Mater:
    """Return the network of a run whose rows have these widths."""
    return Mater(widths, params)


def train(params: MaterParams, table: Arrays, **rows: Path) -> Arrays:
    """Train one run; see `aver.classifiers.fit.fit`."""
    return next(train_together([params], [{"table": table, **rows}]))[1]


def train_together(params: Sequence[MaterParams], given: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Arrays]]:
    """Train several runs in one program; see `aver.classifiers.fit.fit`."""
    return fit(network, params, given)


STRATEGY = Strategy(
    "mater",
    roles=ROLES,
    network=network,
    train=train,
    train_together=train_together,
    params=MaterParams,
    partial=True,
)
