"""Trained models, run again on rows that they have never seen.

The network is that of training (`aver.classifiers.head`).  Chance is off for every strategy, `-paper` variants
included, so the same clip gets the same answer twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray

from aver.classifiers.fit import head_of
from aver.classifiers.grouped import Weights
from aver.classifiers.head import Head, Rows
from aver.classifiers.models import Model, Models
from aver.classifiers.registry import get_strategy
from aver.classifiers.strategy import REDUCED
from aver.device import prepare
from aver.reducers.registry import get_reducer
from aver.reducers.scaler import Scaler

#: Steps whose gates are computed at a time, and sequences that then go through the LSTM.
PIECE = 512


def probabilities(
    models: Models,
    rows: Mapping[str, NDArray[np.float32]],
    links: Mapping[str, NDArray[np.int32]],
    steps: NDArray[np.int32],
    lengths: NDArray[np.int32],
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Return what every model says of every sequence, [G, S, C].

    What a step gives to the LSTM's gates is computed once, however many sequences hold the step.

    Args:
        models: G of them, at least one.
        rows: per role [R, D] as the encoders give them, R at least 1.
        links: per role [N], the row of that role at each step; -1 where it has none (strategies that are `partial`).
        steps: [S, T] numbers of steps; those behind a sequence's length repeat any step.
        lengths: [S], at least 1.
        device: `cpu` or `cuda`.
    """
    where = torch.device(prepare(device))
    about = models.about
    strategy = get_strategy(about["strategy"])
    params = strategy.params(**about["params"], seed=0, device=device)
    head = head_of(strategy.fusion, about["widths"], params)
    with torch.inference_mode():
        gates = torch.cat([_gates(head, fold, models, rows, links, where) for fold in _folds(models)])
        weights = _stacked(models.members, where, tuple(head.behind))
        found = []
        for start in range(0, len(lengths), PIECE):
            numbers = torch.from_numpy(steps[start : start + PIECE].astype(np.int64).ravel()).to(where)
            true = torch.from_numpy(lengths[start : start + PIECE].astype(np.int64)).to(where)
            logits = head.logits(weights, gates[:, numbers], true.expand(len(models.members), -1))
            found.append(logits.softmax(2).cpu().numpy())
    return np.concatenate(found, axis=1)


def _folds(models: Models) -> list[list[Model]]:
    """Return the models by fold, in their order: the seeds of a fold read the same rows, scaled in the same way."""
    return [list(own) for _, own in groupby(models.members, key=lambda model: model.fold)]


def _stacked(members: Sequence[Model], where: torch.device, names: tuple[str, ...]) -> Weights:
    """Return the weights whose names begin like this, stacked."""
    chosen = [name for name in members[0].arrays if name.removeprefix("model.").startswith(names)]
    return {
        name.removeprefix("model."): torch.from_numpy(np.stack([model.arrays[name] for model in members])).to(where)
        for name in chosen
    }


def _gates(
    head: Head,
    fold: Sequence[Model],
    models: Models,
    rows: Mapping[str, NDArray[np.float32]],
    links: Mapping[str, NDArray[np.int32]],
    where: torch.device,
) -> torch.Tensor:
    """Return what all steps give to the gates of a fold's models, [seeds, N, 4H]."""
    weights = _stacked(fold, where, ("fusion.", "lstm.weight_ih_l0"))
    pieces = _pieces(fold[0], models, rows, links, where)
    return torch.cat([head.gates(weights, piece) for piece in pieces], dim=1)


def _pieces(
    model: Model,
    models: Models,
    rows: Mapping[str, NDArray[np.float32]],
    links: Mapping[str, NDArray[np.int32]],
    where: torch.device,
) -> Iterator[Rows]:
    """Yield the rows of all steps as a model read them in training, `PIECE` steps at a time."""
    roles = models.about["roles"]
    for start in range(0, len(links[roles[0]]), PIECE):
        own = {role: links[role][start : start + PIECE] for role in roles}
        taken = {role: np.ascontiguousarray(rows[role][np.maximum(link, 0)]) for role, link in own.items()}
        there = {role: torch.from_numpy(link >= 0).to(where) for role, link in own.items() if (link < 0).any()}
        if models.reducers:
            reduced = get_reducer(models.about["reducer"]).apply(models.reducers[model.fold], taken, where.type)
            # As wide as in training: `aver.classifiers.prepare` fills components up to a common width.
            wide = model.arrays["model.lstm.weight_ih_l0"].shape[1]
            taken, there = {REDUCED: np.pad(reduced, ((0, 0), (0, wide - reduced.shape[1])))}, {}
        joined = np.concatenate([_scaled(model, role, raw) for role, raw in taken.items()], axis=1)
        yield Rows(torch.from_numpy(joined).to(where), {role: raw.shape[1] for role, raw in taken.items()}, there)


def _scaled(model: Model, role: str, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    if f"scaler.{role}.mean" not in model.arrays:
        return rows
    return Scaler(model.arrays[f"scaler.{role}.mean"], model.arrays[f"scaler.{role}.deviation"]).apply(rows)
