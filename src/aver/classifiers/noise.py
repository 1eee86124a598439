"""Noise in some windows of a sequence (Ghaleb et al. 2022, §5): their rows are replaced by a Gaussian signal.

The variance is not published.  Here noise is as strong as what it replaces: the mean square of its values is that of
the training rows, scaled as the network reads them.  Noise in `both` modalities fills the same windows of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from aver.classifiers.network import Rows

#: Noise in every modality that there is.
BOTH = "both"
#: Of the noise in training, which the seeds of a fold share with their batches.
SEED = 0


def modalities(roles: Sequence[str]) -> tuple[str, ...]:
    """Return where noise can be put if rows have these roles.

    Example:
        >>> modalities(("visual", "acoustic")), modalities(("visual",))
        (('visual', 'acoustic', 'both'), ('visual',))
    """
    return (*roles, BOTH) if len(roles) > 1 else tuple(roles)


class Noise:
    """A source of noise.

    Args:
        modality: a role of the rows, or `both`.
        seed: of its windows and values.
    """

    def __init__(self, modality: str, seed: int = SEED) -> None:
        self.modality, self.rng = modality, np.random.default_rng(seed)

    def some(self, rows: Rows, lengths: NDArray[np.integer], levels: Mapping[str, float]) -> Rows:
        """Return rows with noise in 1 to half of each sequence's windows, their number drawn (Algorithm 1 there).

        A sequence of one window stays as it is: with noise it would teach nothing.

        Args:
            rows: of all steps of B sequences, one behind the other, [B * T, …].
            lengths: true steps of each, [B].
            levels: per role the root mean square of the noise.
        """
        counts = self.rng.integers(1, np.maximum(lengths // 2, 1), endpoint=True) * (lengths > 1)
        order = self.order(lengths, len(rows.joined) // len(lengths))
        return self.fill(rows, np.flatnonzero(order < counts[:, None]), levels)

    def order(self, lengths: NDArray[np.integer], steps: int) -> NDArray[np.int64]:
        """Return the place of each window in a random order, [B, T]; padding comes last."""
        order = self.rng.random((len(lengths), steps))
        order[np.arange(steps) >= lengths[:, None]] = np.inf
        return order.argsort(axis=1).argsort(axis=1).astype(np.int64)

    def fill(self, rows: Rows, chosen: NDArray[np.int64], levels: Mapping[str, float]) -> Rows:
        """Return rows with noise in the place of some of them.

        Args:
            rows: N of them.
            chosen: their numbers.
            levels: per role the root mean square of the noise.
        """
        joined, first = rows.joined.clone(), 0
        where = torch.from_numpy(chosen).to(joined.device)
        for role, width in rows.widths.items():
            if self.modality in (role, BOTH):
                values = self.rng.standard_normal((len(chosen), width), np.float32) * np.float32(levels[role])
                joined[where, first : first + width] = torch.from_numpy(values).to(joined.device)
            first += width
        return replace(rows, joined=joined)
