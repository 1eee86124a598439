"""Train one model: one fold, one seed.  Best epoch by validation speakers, never by test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aver.classifiers.head import TemporalClassifier
from aver.device import prepare
from aver.reducers.scaler import Scaler, fit_scaler

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.classifiers.head import Fusion

TRAIN, VALIDATION, TEST = 0, 1, 2


@dataclass(frozen=True)
class FitParams:
    """Everything that decides a training run besides its data; see `classifiers` in `params.yaml`."""

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
    lstm_units: int
    dense_units: int
    class_weights: bool
    device: str


class Data:
    """Sequences over memory-mapped rows, standardised with the training fold's statistics.

    Args:
        table: `steps` [S, T] int32 row numbers of the time line, `lengths`, `labels`, `roles` [S] int32, and for
            every role but the time line's own `link_<role>` [R] int32, the row of that role at each row of the time
            line.
        rows: per role the `.npy` file of its rows [R_m, D_m] float32.
        device: where batches go.
    """

    def __init__(self, table: Arrays, rows: Mapping[str, Path], device: torch.device) -> None:
        self.table, self.device = table, device
        self.rows = {role: np.load(path, mmap_mode="r") for role, path in rows.items()}
        self.links = {role: table.get(f"link_{role}") for role in rows}
        self.scalers = {role: self._fit(role) for role in rows}

    def _fit(self, role: str) -> Scaler:
        chosen = self.table["roles"] == TRAIN
        true = np.arange(self.table["steps"].shape[1]) < self.table["lengths"][chosen][:, None]
        used = np.unique(self.table["steps"][chosen][true])
        link = self.links[role]
        return fit_scaler(self.rows[role], (used if link is None else link[used]).astype(np.int64))

    def of(self, role: int) -> NDArray[np.int64]:
        """Return the numbers of the sequences that train, validate or test."""
        return np.flatnonzero(self.table["roles"] == role)

    def batch(self, chosen: NDArray[np.int64]) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        """Return parts by role [B, T, D_m], lengths [B] and labels [B] of the chosen sequences."""
        steps = self.table["steps"][chosen]
        parts = {}
        for role, rows in self.rows.items():
            link = self.links[role]
            numbers = steps if link is None else link[steps]
            parts[role] = torch.from_numpy(self.scalers[role].apply(rows[numbers])).to(self.device)
        lengths = torch.from_numpy(self.table["lengths"][chosen].astype(np.int64)).to(self.device)
        labels = torch.from_numpy(self.table["labels"][chosen].astype(np.int64)).to(self.device)
        return parts, lengths, labels


def fit(
    fusion: Callable[[dict[str, int]], Fusion], params: FitParams, table: Arrays, rows: Mapping[str, Path]
) -> Arrays:
    """Train, keep the epoch with the lowest validation loss, score the test sequences.

    Args:
        fusion: makes the fusion layer from the width of each role.
        params: see `FitParams`.
        table: see `Data`.
        rows: see `Data`.

    Returns:
        `test` [N] int64 numbers of the test sequences, `probabilities` [N, C] float32, `history` [E, 4] float64
        (training loss, validation loss, validation accuracy, learning rate), `best_epoch` [] int64, and the model:
        `model.<name>`, `scaler.<role>.mean`, `scaler.<role>.deviation`.
    """
    torch.manual_seed(params.seed)
    order = np.random.default_rng(params.seed)
    device = torch.device(prepare(params.device))
    data = Data(table, rows, device)
    fuse = fusion({role: values.shape[1] for role, values in data.rows.items()})
    assert isinstance(fuse, nn.Module)
    model = TemporalClassifier(
        fuse, fuse.width, params.lstm_units, params.dense_units, params.dropout, params.classes
    ).to(device)
    loss_of = nn.CrossEntropyLoss(weight=_class_weights(data, params))
    optimizer = torch.optim.Adam(model.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.1, patience=params.learning_rate_patience, min_lr=params.learning_rate_min
    )
    scaler = torch.amp.GradScaler(enabled=device.type == "cuda")
    best, best_epoch, best_state = np.inf, 0, _copy(model)
    history = []
    for epoch in range(params.epochs):
        rate = optimizer.param_groups[0]["lr"]
        losses = []
        model.train()
        for chosen in _batches(order.permutation(data.of(TRAIN)), params.batch):
            parts, lengths, labels = data.batch(chosen)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
                loss = loss_of(model(parts, lengths), labels)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            losses.append(loss.item() * len(chosen))
        validation, accuracy = _validate(model, data, params)
        schedule.step(validation)
        history.append((sum(losses) / len(data.of(TRAIN)), validation, accuracy, rate))
        if validation < best:
            best, best_epoch, best_state = validation, epoch, _copy(model)
        elif epoch - best_epoch >= params.patience:
            break
    model.load_state_dict(best_state)
    test = data.of(TEST)
    result: Arrays = {
        "test": test,
        "probabilities": predict(model, data, test, params.batch).softmax(1).numpy(),
        "history": np.array(history, np.float64),
        "best_epoch": np.int64(best_epoch),
    }
    result |= {f"model.{name}": value.numpy() for name, value in best_state.items()}
    for role, fitted in data.scalers.items():
        result |= {f"scaler.{role}.mean": fitted.mean, f"scaler.{role}.deviation": fitted.deviation}
    return result


def predict(model: nn.Module, data: Data, chosen: NDArray[np.int64], batch: int) -> torch.Tensor:
    """Return logits [N, C] float32 on the CPU, dropout off, every sequence scored (no last batch is dropped)."""
    model.eval()
    with torch.inference_mode():
        logits = [model(*data.batch(part)[:2]).float().cpu() for part in _batches(chosen, batch)]
    return torch.cat(logits)


def _validate(model: nn.Module, data: Data, params: FitParams) -> tuple[float, float]:
    chosen = data.of(VALIDATION)
    labels = torch.from_numpy(data.table["labels"][chosen].astype(np.int64))
    logits = predict(model, data, chosen, params.batch)
    loss = nn.functional.cross_entropy(logits, labels).item()
    return loss, float((logits.argmax(1) == labels).float().mean())


def _class_weights(data: Data, params: FitParams) -> torch.Tensor | None:
    if not params.class_weights:
        return None
    counts = np.bincount(data.table["labels"][data.of(TRAIN)], minlength=params.classes)
    weights = counts.sum() / (params.classes * np.maximum(counts, 1))
    return torch.tensor(weights, dtype=torch.float32, device=data.device)


def _batches(chosen: NDArray[np.int64], batch: int) -> Iterator[NDArray[np.int64]]:
    return (chosen[start : start + batch] for start in range(0, len(chosen), batch))


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
