"""Sums behind a covariance, shared between the folds of a protocol without test clips in any of them.

An *atom* is a set of steps that train in the same folds.  Its sum is computed once, and a fold's is the sum over its
atoms, in the order of their numbers: never the sum over all clips minus the test clips, which would let these change
the last bits.  So a fold's sum does not depend on which folds are computed with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from aver.reducers.steps import ROLES, Steps

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: Steps at a time.
PIECE = 1024


@dataclass(frozen=True)
class Scatter:
    """Mean [D] and scatter matrix [D, D] (sums of products of deviations from the mean) of a fold's steps, float64."""

    mean: torch.Tensor
    matrix: torch.Tensor


@dataclass
class _Sums:
    """What has been summed of a fold: deviations from each piece's own mean, and the pieces' means and lengths."""

    within: torch.Tensor
    means: list[torch.Tensor]
    lengths: list[int]

    def scatter(self) -> Scatter:
        """Add what lies between the pieces (Chan, Golub & LeVeque 1983, for any number of parts)."""
        means = torch.stack(self.means)
        lengths = torch.tensor(self.lengths, dtype=torch.float64, device=means.device)[:, None]
        mean = (lengths * means).sum(dim=0) / lengths.sum()
        between = means - mean
        return Scatter(mean, self.within.addmm_((lengths * between).T, between))


def scatters(folds: Sequence[Steps], tables: Sequence[Arrays]) -> list[Scatter]:
    """Return the scatter of each fold's steps.

    Args:
        folds: their steps.
        tables: their `atoms` [N] int32, the number of each step's atom.
    """
    sums = [_Sums(_square(steps), [], []) for steps in folds]
    for number in sorted({int(number) for table in tables for number in np.unique(table["atoms"])}):
        known: dict[tuple[object, ...], _Sums] = {}
        for steps, table, own in zip(folds, tables, sums, strict=True):
            chosen = np.flatnonzero(table["atoms"] == number)
            if not len(chosen):
                continue
            name = _content(steps, chosen)
            if name not in known:
                known[name] = _summed(steps, chosen)
            own.within += known[name].within
            own.means += known[name].means
            own.lengths += known[name].lengths
    return [own.scatter() for own in sums]


def _content(steps: Steps, chosen: NDArray[np.int64]) -> tuple[object, ...]:
    """Return what tells an atom from others with its number: folds of other protocols may be computed together."""
    return tuple((steps.files[role], steps.links[role][chosen].tobytes()) for role in ROLES)


def _summed(steps: Steps, chosen: NDArray[np.int64]) -> _Sums:
    found = _Sums(_square(steps), [], [])
    for start in range(0, len(chosen), PIECE):
        piece = steps.take(chosen[start : start + PIECE]).double()
        mean = piece.mean(dim=0)
        piece -= mean
        found.within.addmm_(piece.T, piece)
        found.means.append(mean)
        found.lengths.append(len(piece))
    return found


def _square(steps: Steps) -> torch.Tensor:
    return torch.zeros(steps.width, steps.width, dtype=torch.float64, device=steps.device)
