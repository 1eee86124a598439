"""Sequences of several folds through the network at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad

from aver.classifiers.head import BEHIND
from aver.classifiers.run import Fold

#: Sequences scored at a time when nothing is learned from them.
PREDICTED = 64
Batch = tuple[Fold, NDArray[np.int64]]


def score(batches: Sequence[Batch], size: int, *, chance: bool) -> list[torch.Tensor]:
    """Return the logits [S, B, C] of each fold's runs.

    Args:
        batches: folds, and the numbers of at most `size` sequences of each.
        size: sequences that the network behind the gates is run for, whatever their number: the shape of its products
            must not depend on which folds are in the program.
        chance: dropout and sampling on.
    """
    gates, lengths = [], []
    for fold, chosen in batches:
        draw = [run.chance for run in fold.runs] if chance else None
        own = fold.head.gates(fold.weights, fold.data.batch(chosen), draw)
        missing = size - len(chosen)
        gates.append(pad(own, (0, 0, 0, missing * fold.data.table["steps"].shape[1])))
        lengths.append(pad(fold.data.lengths[torch.from_numpy(chosen)], (0, missing), value=1).expand(len(own), -1))
    folds = [fold for fold, _ in batches]
    head, behind = folds[0].head, torch.cat([fold.weights[BEHIND] for fold in folds])
    draw = [run.chance for fold in folds for run in fold.runs] if chance else None
    logits = head.logits(head.unpack({BEHIND: behind}), torch.cat(gates), torch.cat(lengths), draw)
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
