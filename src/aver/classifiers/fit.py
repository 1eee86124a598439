"""Train the runs of a strategy (folds × seeds) together, in one program.

The seeds of a fold read the same batches, so that what costs most, the product of rows and first weights, is one wide
product for all of them; behind it every layer is one batched product over all runs.  Each run has its own start,
chance, learning rate, best epoch and end.  Best epoch by the validation side, never by test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from aver.classifiers.data import Data
from aver.classifiers.network import Network
from aver.classifiers.run import Fold, Run
from aver.classifiers.score import predict, score
from aver.device import mixed_precision, prepare
from aver.sequences.roles import TEST, TRAIN, VALIDATION

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


@dataclass(frozen=True)
class FitParams:
    """Everything that decides a training run besides its data; see `classifiers` in `params.yaml`.

    `scaling` is that of `aver.classifiers.data.Data`.  `published`: as in the paper and its public code: the last
    epoch, and what each network says.  `noisy`: the modality that gets noise in some windows of each training sequence
    (`aver.classifiers.noise`); empty: none.
    """

    classes: int
    seed: int
    epochs: int
    patience: int
    batch: int
    learning_rate: float
    learning_rate_min: float
    learning_rate_patience: int
    weight_decay: float
    dropout: float
    class_weights: bool
    device: str
    scaling: str
    published: bool
    noisy: str


def fit(
    network: Callable[..., Network], params: Sequence[FitParams], given: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[int, Arrays]]:
    """Train runs that differ in seed, noise and data; yield each as soon as it has ended, with its place.

    Args:
        network: the strategy's network, from the widths of its rows by role and the params of a run.
        params: of each run; all but `seed` and `noisy` are the same.
        given: of each run its `table`, see `aver.classifiers.data.Data` (the seeds of a fold share one; `steps` of all
            are equally wide), and by role the path of its rows.

    Yields:
        The place of a run, and its `test` [N] int64 numbers of the test sequences, `probabilities` [N, C] float32,
        `history` [E, 4] float64 (training loss, validation loss, validation accuracy, learning rate), `best_epoch` []
        int64, and the model: `model.<name>`, and where rows are scaled `scaler.<role>.mean`,
        `scaler.<role>.deviation`.
    """
    common = params[0]
    device = torch.device(prepare(common.device))
    rows: list[dict[str, Any]] = [dict(own) for own in given]
    tables = [own.pop("table") for own in rows]
    mapped = {path: np.load(path, mmap_mode="r") for own in rows for path in own.values()}
    seeds: dict[tuple[int, tuple[Path, ...], str], list[int]] = {}
    for place, (table, files) in enumerate(zip(tables, rows, strict=True)):
        seeds.setdefault((id(table), tuple(files.values()), params[place].noisy), []).append(place)
    folds = []
    for places in seeds.values():
        own = {role: mapped[path] for role, path in rows[places[0]].items()}
        data = Data(tables[places[0]], own, device, common.scaling)
        own_network = network(data.widths, common)
        folds.append(Fold(data, own_network, [Run(place, params[place], device) for place in places], device))
    for epoch in range(common.epochs):
        losses = _train(folds, common, device)
        for fold in folds:
            for run in _validate(fold, epoch, losses, common):
                yield run.place, _result(fold, run, common)
                fold.drop(run)
        folds = [fold for fold in folds if fold.runs]
        if not folds:
            return
    for fold in folds:
        for run in fold.runs:
            yield run.place, _result(fold, run, common)


def _train(folds: Sequence[Fold], params: FitParams, device: torch.device) -> dict[int, float]:
    """Train one epoch; return the mean loss of each run, by its place."""
    orders = [fold.order.permutation(fold.data.of(TRAIN)) for fold in folds]
    totals = {run.place: 0.0 for fold in folds for run in fold.runs}
    for start in range(0, max(map(len, orders)), params.batch):
        batches = [(fold, own[start : start + params.batch]) for fold, own in zip(folds, orders, strict=True)]
        batches = [(fold, own) for fold, own in batches if len(own)]
        with mixed_precision(device):
            logits = score(batches, params.batch, chance=True, learning=True)
        # One sum: what a run adds to it depends on its own weights alone.
        losses = [_losses(fold, own, part) for (fold, own), part in zip(batches, logits, strict=True)]
        for fold, _ in batches:
            fold.forget_gradients()
        torch.cat(losses).sum().backward()  # type: ignore[no-untyped-call]
        for (fold, own), each in zip(batches, losses, strict=True):
            fold.step()
            for run, loss in zip(fold.runs, each.tolist(), strict=True):
                totals[run.place] += loss * len(own)
    lengths = {run.place: len(own) for fold, own in zip(folds, orders, strict=True) for run in fold.runs}
    return {place: total / lengths[place] for place, total in totals.items()}


def _losses(fold: Fold, chosen: NDArray[np.int64], logits: torch.Tensor) -> torch.Tensor:
    """Return the mean loss of each of a fold's runs, [S]; as torch's, weighted if classes are."""
    labels = fold.data.labels[torch.from_numpy(chosen).to(logits.device)]
    weights = fold.class_weights[labels]
    each = cross_entropy(logits.float().transpose(1, 2), labels.expand(len(logits), -1), reduction="none")
    return (each * weights).sum(1) / weights.sum()


def _validate(fold: Fold, epoch: int, losses: Mapping[int, float], params: FitParams) -> list[Run]:
    """Score the validation sequences, choose best epochs; return the runs that end here."""
    chosen = fold.data.of(VALIDATION)
    logits = predict(fold, chosen, chance=fold.network.always_chance)
    labels = fold.data.labels.cpu()[chosen]
    ended = []
    for place, run in enumerate(fold.runs):
        loss = cross_entropy(logits[place], labels).item()
        accuracy = float((logits[place].argmax(1) == labels).float().mean())
        run.history.append((losses[run.place], loss, accuracy, run.optimizer.param_groups[0]["lr"]))
        run.schedule.step(loss)
        # A loss that is no number from the start is kept too: evaluation says that training diverged.
        if params.published or loss < run.best or not run.best_state:
            run.best, run.best_epoch, run.best_state = loss, epoch, fold.state(place)
        elif epoch - run.best_epoch >= params.patience:
            ended.append(run)
    return ended


def _result(fold: Fold, run: Run, params: FitParams) -> Arrays:
    alone = fold.alone(run)
    chosen = fold.data.of(TEST)
    logits = predict(alone, chosen, chance=fold.network.always_chance)[0]
    found: Arrays = {
        "test": chosen,
        "probabilities": logits.softmax(1).numpy(),
        "history": np.array(run.history, np.float64),
        "best_epoch": np.int64(run.best_epoch),
    }
    weights = fold.network.unpack({name: value[None] for name, value in run.best_state.items()})
    found |= {f"model.{name}": value[0].numpy() for name, value in weights.items()}
    for role, fitted in fold.data.scalers.items():
        found |= {f"scaler.{role}.mean": fitted.mean, f"scaler.{role}.deviation": fitted.deviation}
    return found
