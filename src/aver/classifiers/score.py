"""Sequences of several folds through the network at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from aver.classifiers.grouped import join
from aver.classifiers.run import Fold

#: Sequences scored at a time when nothing is learned from them.
PREDICTED = 64
Batch = tuple[Fold, NDArray[np.int64]]


def score(batches: Sequence[Batch], size: int, *, chance: bool) -> list[torch.Tensor]:
    """Return the logits [S, B, C] of each fold's runs.

    Args:
        batches: folds, and the numbers of at most `size` sequences of each.
        size: sequences that products are made for, whatever their number: their shape must not depend on it.
        chance: dropout and sampling on.
    """
    gates, lengths = [], []
    for fold, chosen in batches:
        filled = np.resize(chosen[:1], size)
        filled[: len(chosen)] = chosen
        draw = [run.chance for run in fold.runs] if chance else None
        gates.append(fold.head.gates(fold.weights, fold.data.batch(filled), draw))
        lengths.append(fold.data.lengths[torch.from_numpy(filled).to(fold.data.device)].expand(len(fold.runs), -1))
    folds = [fold for fold, _ in batches]
    behind = join([{name: own for name, own in fold.weights.items() if _is_behind(name)} for fold in folds])
    draw = [run.chance for fold in folds for run in fold.runs] if chance else None
    logits = folds[0].head.logits(behind, torch.cat(gates), torch.cat(lengths), draw)
    parts = torch.split(logits, [len(fold.runs) for fold in folds])
    return [part[:, : len(chosen)] for part, (_, chosen) in zip(parts, batches, strict=True)]


def predict(fold: Fold, chosen: NDArray[np.int64], *, chance: bool) -> torch.Tensor:
    """Return logits [S, N, C] float32 on the CPU of a fold's sequences; no last batch is dropped."""
    with torch.inference_mode():
        parts = [
            score([(fold, chosen[start : start + PREDICTED])], PREDICTED, chance=chance)[0].float().cpu()
            for start in range(0, len(chosen), PREDICTED)
        ]
    return torch.cat(parts, dim=1)


def _is_behind(name: str) -> bool:
    """Tell whether weights stand behind the gates: the others are used per fold and never joined."""
    return not name.startswith("fusion.") and name != "lstm.weight_ih_l0"
