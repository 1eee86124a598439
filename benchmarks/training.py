"""Folds × seeds of the default head trained together, against the plain loop: seconds, and whether the scores agree.

    PYTHONPATH=src python benchmarks/training.py [--rounds 3] [--epochs 20] [--device cpu]

Reads the built-in corpus's features and folds from `data/` (run `dvc repro folds` before).  *Plain* is the usual way:
one model after the other, `torch.nn.LSTM` over standardised rows that lie ready in memory, Adam; with 1 thread, with 2
threads, and in 2 processes of 1 thread each.  *Together* is AVER's: the runs split over 2 processes of 1 thread, each
training its share in one program.  In each round all ways run one after the other; processes are started and warm
before anything is timed.  On CUDA the plain loop and the program run in this process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from aver.classifiers.concat import train_together
from aver.classifiers.head import TemporalParams
from aver.classifiers.prepare import prepare
from aver.params.file import load
from aver.reducers.scaler import fit_scaler
from aver.sequences.roles import TEST, TRAIN, VALIDATION
from aver.store.out import read_rows

ROLES = ("visual", "acoustic")


class Plain(nn.Module):
    """The head of system A as anybody would write it."""

    def __init__(self, width: int, params: TemporalParams) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, params.lstm_units, batch_first=True)
        self.dense = nn.Linear(params.lstm_units, params.dense_units)
        self.dropout = nn.Dropout(params.dropout)
        self.out = nn.Linear(params.dense_units, params.classes)
        nn.init.xavier_uniform_(self.lstm.weight_ih_l0)
        nn.init.orthogonal_(self.lstm.weight_hh_l0)

    def forward(self, rows: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return logits [B, C]."""
        states, _ = self.lstm(rows)
        last = states[torch.arange(len(lengths), device=rows.device), lengths - 1]
        return self.out(self.dropout(torch.relu(self.dense(last))))


def plain(params: TemporalParams, table: dict, files: dict[str, Path], threads: int = 1) -> float:
    """Train one model; return the accuracy of its test sequences."""
    torch.set_num_threads(threads)
    torch.manual_seed(params.seed)
    device = torch.device(params.device)
    order = np.random.default_rng(params.seed)
    used = np.unique(table["steps"][table["roles"] == TRAIN])
    parts = []
    for role in ROLES:
        rows, link = np.load(files[role]), table[f"link_{role}"]
        parts.append(fit_scaler(rows, link[used].astype(np.int64)).apply(rows)[link])
    rows = torch.from_numpy(np.concatenate(parts, axis=1)).to(device)
    steps, lengths, labels = (
        torch.from_numpy(table[name].astype(np.int64)).to(device) for name in ("steps", "lengths", "labels")
    )
    model = Plain(rows.shape[1], params).to(device)
    adam = torch.optim.Adam(model.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        adam, factor=0.1, patience=params.learning_rate_patience, min_lr=params.learning_rate_min
    )
    sides = {role: np.flatnonzero(table["roles"] == role) for role in (TRAIN, VALIDATION, TEST)}

    def logits(side: int) -> torch.Tensor:
        model.eval()
        with torch.inference_mode():
            chosen = torch.from_numpy(sides[side]).to(device)
            return torch.cat([model(rows[steps[own]], lengths[own]) for own in chosen.split(128)])

    best, state = np.inf, model.state_dict()
    for _ in range(params.epochs):
        model.train()
        for own in torch.from_numpy(order.permutation(sides[TRAIN])).to(device).split(params.batch):
            adam.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                loss = cross_entropy(model(rows[steps[own]], lengths[own]), labels[own])
            loss.backward()
            adam.step()
        validation = cross_entropy(logits(VALIDATION), labels[sides[VALIDATION]]).item()
        schedule.step(validation)
        if validation < best:
            best, state = validation, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    return float((logits(TEST).argmax(1) == labels[sides[TEST]]).float().mean())


def together(params: list[TemporalParams], tables: list[dict], files: dict[str, Path]) -> list[float]:
    """Train several models in one program; return the accuracy of each one's test sequences."""
    found = [0.0] * len(params)
    for place, result in train_together(params, [{"table": table, **files} for table in tables]):
        found[place] = float((result["probabilities"].argmax(1) == tables[place]["labels"][result["test"]]).mean())
    return found


def warm(_: int) -> None:
    torch.set_num_threads(1)
    nn.LSTM(8, 8)(torch.zeros(1, 2, 8))[0].sum().backward()


def one(task: tuple) -> float:
    return plain(*task)


def some(task: tuple) -> list[float]:
    return together(*task)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20, help="of every model, without early stop")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--frames", type=int, default=None, help="frames per sequence, else those of the budget")
    args = parser.parse_args()
    params = load()
    params = replace(params, classifiers=replace(params.classifiers, noise_trained=()))
    if args.frames:
        block = params.classifiers.temporal
        budget = replace(block.budgets[params.budget], sequence_frames=args.frames, sequence_stride=args.frames)
        block = replace(block, budgets={params.budget: budget})
        params = replace(params, classifiers=replace(params.classifiers, temporal=block))
    folds = [row for row in read_rows(Path("data/folds/synthetic/folds.parquet")) if row["protocol"] == "subject"]
    ready = prepare("synthetic", "concat", folds, Path("data/features"), params)
    with tempfile.TemporaryDirectory() as scratch:
        ready.layout.write(Path(scratch))
        files = {role: Path(scratch) / f"{role}.npy" for role in ROLES}
        runs = ready.runs(Path(scratch), {})
        settings = [
            replace(task.step.params, epochs=args.epochs, patience=args.epochs, device=args.device)
            for task in runs.values()
        ]
        tables = [task.inputs["table"].arrays for task in runs.values()]
        jobs = [(own, table, files) for own, table in zip(settings, tables, strict=True)]
        print(f"{len(runs)} models: {len(ready.layout.folds)} folds x {len(runs) // len(ready.layout.folds)} seeds, "
              f"{args.epochs} epochs, sequences {ready.layout.line.steps.shape}, {args.device}")  # fmt: skip
        with get_context("spawn").Pool(2) as pool:
            pool.map(warm, range(2), chunksize=1)
            cut = -(-len(settings) // 2)
            halves = [(settings[:cut], tables[:cut], files), (settings[cut:], tables[cut:], files)]
            ways: dict[str, Callable[[], list[float]]] = {"plain, 1 thread": lambda: [plain(*job) for job in jobs]}
            if args.device == "cpu":
                ways["plain, 2 threads"] = lambda: [plain(*job, threads=2) for job in jobs]
                ways["plain, 2 processes"] = lambda: pool.map(one, jobs, chunksize=1)
                ways["together"] = lambda: [*chain(*pool.map(some, halves, chunksize=1))]
            else:
                ways["together"] = lambda: together(settings, tables, files)
            seconds: dict[str, list[float]] = {way: [] for way in ways}
            scores: dict[str, float] = {}
            for turn in range(args.rounds + 1):
                for way, go in ways.items():
                    started = time.perf_counter()
                    scores[way] = float(np.mean(go()))
                    if turn:  # the first round warms files and libraries
                        seconds[way].append(time.perf_counter() - started)
    for way, took in seconds.items():
        print(f"{way:20}  {median(took):7.1f} s   accuracy of test sequences {scores[way]:.3f}")
    rivals = [way for way in ways if way != "together"]
    ratios = [min(seconds[way][k] for way in rivals) / seconds["together"][k] for k in range(args.rounds)]
    print(
        f"best plain / together per round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}; median {median(ratios):.2f}"
    )


if __name__ == "__main__":
    main()
