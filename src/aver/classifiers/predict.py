"""Trained models, run again on rows that they have never seen.

The network is that of training.  Chance is off for every strategy, `-paper` variants
included, so the same clip gets the same answer twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray

from aver.classifiers.grouped import Weights
from aver.classifiers.models import Model, Models
from aver.classifiers.network import Network, Rows, Sequences
from aver.classifiers.registry import get_strategy
from aver.classifiers.strategy import REDUCED
from aver.device import prepare
from aver.reducers.registry import get_reducer
from aver.reducers.scaler import Scaler

#: Steps whose own part is computed at a time, and sequences that then go through the rest of the network.
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

    What a step gives on its own is computed once, however many sequences hold the step.

    Args:
        models: G of them, at least one.
        rows: per role [R, D] as the encoders give them, R at least 1.
        links: per role [N], the row of that role at each step; -1 where it has none (strategies that are `partial`).
        steps: [S, T] numbers of steps; those behind a sequence's length repeat any step.
        lengths: [S], at least 1.
        device: `cpu` or `cuda`.
    """
    where = torch.device(prepare(device))
    strategy = get_strategy(models.about["strategy"])
    params = strategy.params(**models.about["params"], seed=0, noisy="", device=device)
    found = []
    with torch.inference_mode():
        for fold in _folds(models):
            pieces = list(_pieces(fold[0], models, rows, links, where))
            network = strategy.network(pieces[0].widths, params)
            weights = network.pack(_stacked(fold, where))
            given = torch.cat([network.steps(weights, piece) for piece in pieces], dim=1)
            there = {role: torch.cat([piece.exist(role) for piece in pieces]) for role in pieces[0].there}
            found.append(_said(network, weights, given, there, steps, lengths))
    return np.concatenate(found)


def _folds(models: Models) -> list[list[Model]]:
    """Return the models by fold, in their order: the seeds of a fold read the same rows, scaled in the same way."""
    return [list(own) for _, own in groupby(models.members, key=lambda model: model.fold)]


def _stacked(members: Sequence[Model], where: torch.device) -> Weights:
    """Return the weights of some models, stacked."""
    names = [name for name in members[0].arrays if name.startswith("model.")]
    return {
        name.removeprefix("model."): torch.from_numpy(np.stack([model.arrays[name] for model in members])).to(where)
        for name in names
    }


def _said(
    network: Network,
    weights: Weights,
    given: torch.Tensor,
    there: Mapping[str, torch.Tensor],
    steps: NDArray[np.int32],
    lengths: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Return the probabilities [S', S, C] of the sequences, `PIECE` at a time."""
    found, models = [], len(given)
    for start in range(0, len(lengths), PIECE):
        numbers = torch.from_numpy(steps[start : start + PIECE].astype(np.int64)).to(given.device)
        true = torch.from_numpy(lengths[start : start + PIECE].astype(np.int64)).to(given.device)
        exist = {role: own[numbers].expand(models, -1, -1) for role, own in there.items()}
        sequences = Sequences(given[:, numbers.ravel()], true.expand(models, -1), exist)
        found.append(network.logits(weights, sequences).softmax(2).cpu().numpy())
    return np.concatenate(found, axis=1)


def _pieces(
    model: Model,
    models: Models,
    rows: Mapping[str, NDArray[np.float32]],
    links: Mapping[str, NDArray[np.int32]],
    where: torch.device,
) -> Iterator[Rows]:
    """Yield the rows of all steps as a model read them in training, `PIECE` steps at a time."""
    roles = models.about["roles"]
    lacking = {role for role in roles if (links[role] < 0).any()}
    for start in range(0, len(links[roles[0]]), PIECE):
        own = {role: links[role][start : start + PIECE] for role in roles}
        taken = {role: np.ascontiguousarray(rows[role][np.maximum(link, 0)]) for role, link in own.items()}
        there = {role: torch.from_numpy(own[role] >= 0).to(where) for role in lacking}
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
