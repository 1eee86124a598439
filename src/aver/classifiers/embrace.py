"""`embrace`: EmbraceNet (Choi & Lee 2019, Information Fusion 51) as fusion layer (Salas-Cáceres et al. 2024, §4.2 f).

Docking layers bring every modality to one width; each element of the fused row is then taken from one modality, drawn
anew for every row (eqs. 3 to 7 there, with equal chances for the modalities that are there).

At test time a draw would make the result a matter of luck.  The default is its expectation, the mean of the docked rows
that are there; `draws` averages that many draws instead.  The published variant draws at test time too, and one draw
serves all rows of a batch, as in the paper's public code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from aver.classifiers.fit import fit
from aver.classifiers.grouped import Weights, product
from aver.classifiers.head import Head, TemporalParams, head_of
from aver.classifiers.network import Draw, Rows
from aver.classifiers.strategy import Strategy

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

ROLES = ("visual", "acoustic")


@dataclass(frozen=True)
class EmbraceParams(TemporalParams):
    """A training run, and EmbraceNet's own: elements of the fused row, draws at test time (0: the expectation)."""

    width: int
    draws: int


@dataclass(frozen=True)
class Embrace:
    """The fusion layer: docking layers and embracement.

    Args:
        size: elements of the fused row.
        draws: averaged at test time; 0: the expectation.
        published: one draw for all rows of a batch.
    """

    size: int
    draws: int
    published: bool

    def width(self, widths: Mapping[str, int]) -> int:
        """Return the length of the fused row, whatever the modalities' widths."""
        return self.size

    def module(self, widths: Mapping[str, int]) -> nn.Module:
        """Return the docking layers with their start values, one per modality."""
        return nn.ModuleDict({role: nn.Linear(widths[role], self.size) for role in ROLES})

    def gates(self, weights: Weights, rows: Rows, lstm_in: torch.Tensor, draw: Draw | None) -> torch.Tensor:
        """Return `X @ lstm_in.T`; see `aver.classifiers.head.Fusion`."""
        docked = [
            torch.relu(product(rows.of(role), weights[f"{role}.weight"]) + weights[f"{role}.bias"][:, None])
            for role in ROLES
        ]
        chance = self.chance(rows)
        if draw is not None:
            fused = self.embrace(docked, chance, draw)
        elif self.draws:
            fixed = [torch.Generator(docked[0].device).manual_seed(0) for _ in range(len(docked[0]))]
            fused = torch.stack([self.embrace(docked, chance, fixed) for _ in range(self.draws)]).mean(0)
        else:
            fused = chance * docked[0] + (1 - chance) * docked[1]
        return torch.bmm(fused, lstm_in.mT)

    def chance(self, rows: Rows) -> torch.Tensor | float:
        """Return the chance [N, 1] that an element is taken from the picture: equal for what is there."""
        if not rows.there:
            return 0.5
        seen, heard = (
            rows.there[role].float() if role in rows.there else torch.ones_like(rows.joined[:, 0]) for role in ROLES
        )
        return (seen / (seen + heard).clamp_min(1))[:, None]

    def embrace(self, docked: Sequence[torch.Tensor], chance: torch.Tensor | float, draw: Draw) -> torch.Tensor:
        """Return the fused rows [S, N, size], each element from one modality, by multinomial sampling."""
        _, rows, size = docked[0].shape
        shape = (1, size) if self.published else (rows, size)
        dice = torch.stack([torch.rand(shape, generator=own, device=docked[0].device) for own in draw])
        return torch.where(dice < chance, docked[0], docked[1])


def network(widths: Mapping[str, int], params: EmbraceParams) -> Head:
    """Return the network of a run whose rows have these widths."""
    return head_of(Embrace(params.width, params.draws, params.published), widths, params)


def train(params: EmbraceParams, table: Arrays, **rows: Path) -> Arrays:
    """Train one run; see `aver.classifiers.fit.fit`."""
    return next(train_together([params], [{"table": table, **rows}]))[1]


def train_together(params: Sequence[EmbraceParams], given: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Arrays]]:
    """Train several runs in one program; see `aver.classifiers.fit.fit`."""
    return fit(network, params, given)


STRATEGY = Strategy(
    "embrace",
    roles=ROLES,
    network=network,
    train=train,
    train_together=train_together,
    params=EmbraceParams,
    partial=True,
)
