"""What a network is, for several models at once: two halves, so that what a step gives on its own is computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch

from aver.classifiers.grouped import Weights

#: The weights of a model that are packed into one tensor, see `Network.pack`.
PACKED = "packed"
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

    def exist(self, role: str) -> torch.Tensor:
        """Return which rows of a role exist, [N] bool."""
        found = self.there.get(role)
        return torch.ones(len(self.joined), dtype=torch.bool, device=self.joined.device) if found is None else found


@dataclass(frozen=True)
class Sequences:
    """What G models know of the steps of B sequences each.

    Args:
        given: what a network's first half made of each step, [G, B * T, K].
        lengths: true steps, [G, B] int64, at least 1; what stands behind them is padding.
        there: per role which steps hold a row of it, [G, B, T] bool; a role that is not named has all.
    """

    given: torch.Tensor
    lengths: torch.Tensor
    there: Mapping[str, torch.Tensor] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int]:
        """G, B and T."""
        models, batch = self.lengths.shape
        return models, batch, self.given.shape[1] // batch

    def true(self, role: str) -> torch.Tensor:
        """Return which steps hold a row of a role and are no padding, [G, B, T] bool."""
        steps = torch.arange(self.shape[2], device=self.lengths.device) < self.lengths[..., None]
        return steps & self.there[role] if role in self.there else steps


@dataclass(frozen=True)
class Inside:
    """What stands inside a network that reads one modality, of G models and B sequences.

    Args:
        embedded: before the first layer and behind each, L + 1 times [G, B, T, d].
        attention: of each layer the share that a step (query) takes from each step (key), L times [G, B, heads, T, T];
            empty without attention.
    """

    embedded: list[torch.Tensor]
    attention: list[torch.Tensor]


class Network(Protocol):
    """A network but for its weights; every tensor has a leading axis, one place per model."""

    @property
    def joint(self) -> bool:
        """Whether its second half is worth running for the models of several folds at once."""
        ...

    @property
    def always_chance(self) -> bool:
        """Whether chance stays on where nothing is learned: as published, and never by default."""
        ...

    def stacked(self, seeds: Sequence[int]) -> Weights:
        """Return the start values of several models, `name` → [S, …]."""
        ...

    def pack(self, weights: Weights) -> Weights:
        """Return the weights with many small ones as one, `PACKED` [S, P]: a step of training costs per tensor."""
        ...

    def unpack(self, weights: Weights) -> Weights:
        """Return packed weights by their own names."""
        ...

    def steps(self, weights: Weights, rows: Rows, draw: Draw | None = None) -> torch.Tensor:
        """Return what each step gives on its own, [S, N, K].

        Args:
            weights: packed, of S models that read the same rows.
            rows: N of them, one per step.
            draw: a generator per model while training; None: no chance.
        """
        ...

    def logits(self, weights: Weights, sequences: Sequences, draw: Draw | None = None) -> torch.Tensor:
        """Return logits [G, B, C].

        Args:
            weights: packed, of G models.
            sequences: what they know of each.
            draw: a generator per model while training; None: no chance.
        """
        ...

    def alone(self, weights: Weights, sequences: Sequences) -> dict[str, torch.Tensor]:
        """Return what the network says of each modality on its own, logits [G, B, C]; empty if it says no such thing.

        They are without meaning where a sequence lacks the modality.
        """
        ...

    def inside(self, weights: Weights, sequences: Sequences) -> dict[str, Inside]:
        """Return what stands between its layers, by modality; empty if it has no layers over time."""
        ...
