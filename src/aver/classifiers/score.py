"""Sequences of several folds through the network at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad

from aver.classifiers.network import PACKED, Rows, Sequences
from aver.classifiers.run import Fold

#: Sequences scored at a time when nothing is learned from them.
PREDICTED = 64
Batch = tuple[Fold, NDArray[np.int64]]


def score(batches: Sequence[Batch], size: int, *, chance: bool, learning: bool = False) -> list[torch.Tensor]:
    """Return the logits [S, B, C] of each fold's runs.

    Args:
        batches: folds, and the numbers of at most `size` sequences of each.
        size: sequences that a joint program is run for, whatever their number: the shape of its products must not
            depend on which folds are in it.
        chance: dropout and sampling on.
        learning: the runs that train with noise get it.
    """
    if not batches[0][0].network.joint:
        return [_alone(fold, chosen, chance=chance, learning=learning) for fold, chosen in batches]
    given, lengths = [], []
    for fold, chosen in batches:
        own = _sequences(fold, chosen, chance=chance, learning=learning)
        missing = size - len(chosen)
        given.append(pad(own.given, (0, 0, 0, missing * own.shape[2])))
        lengths.append(pad(own.lengths, (0, missing), value=1))
    folds = [fold for fold, _ in batches]
    packed = {PACKED: torch.cat([fold.weights[PACKED] for fold in folds])}
    draw = [run.chance for fold in folds for run in fold.runs] if chance else None
    logits = folds[0].network.logits(packed, Sequences(torch.cat(given), torch.cat(lengths)), draw)
    parts = torch.split(logits, [len(fold.runs) for fold in folds])
    return [part[:, : len(chosen)] for part, (_, chosen) in zip(parts, batches, strict=True)]


def predict(fold: Fold, chosen: NDArray[np.int64], *, chance: bool) -> torch.Tensor:
    """Return logits [S, N, C] float32 on the CPU of a fold's sequences; no last batch is dropped."""
    with torch.inference_mode():
        parts = [
            score([(fold, part)], len(part), chance=chance)[0].float().cpu()
            for part in np.split(chosen, range(PREDICTED, len(chosen), PREDICTED))
        ]
    return torch.cat(parts, dim=1)


def _alone(fold: Fold, chosen: NDArray[np.int64], *, chance: bool, learning: bool) -> torch.Tensor:
    if len(chosen) == 1:
        # Products of a single row take another way, by which a run alone and among others would differ.
        return _alone(fold, np.repeat(chosen, 2), chance=chance, learning=learning)[:, :1]
    sequences = _sequences(fold, chosen, chance=chance, learning=learning)
    return fold.network.logits(fold.weights, sequences, _draw(fold, chance=chance))


def _sequences(fold: Fold, chosen: NDArray[np.int64], *, chance: bool, learning: bool) -> Sequences:
    rows = fold.batch(chosen, learning=learning)
    given = fold.network.steps(fold.weights, rows, _draw(fold, chance=chance))
    return sequences_of(given, rows, fold.data.lengths[torch.from_numpy(chosen)])


def sequences_of(given: torch.Tensor, rows: Rows, lengths: torch.Tensor) -> Sequences:
    """Return what several models know of the sequences that rows were read for.

    Args:
        given: what a network's first half made of the rows, [S, B * T, K].
        rows: of all steps of B sequences, one behind the other.
        lengths: true steps of each, [B] int64.
    """
    models, batch = len(given), len(lengths)
    there = {role: own.view(1, batch, -1).expand(models, -1, -1) for role, own in rows.there.items()}
    return Sequences(given, lengths.expand(models, -1), there)


def _draw(fold: Fold, *, chance: bool) -> list[torch.Generator] | None:
    return [run.chance for run in fold.runs] if chance else None
