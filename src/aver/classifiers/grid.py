"""The classifiers stage's work: every fold and seed of one strategy on one benchmark, through the clip cache."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from aver.cache.cache import Cache, Done, Inline, Source, Step
from aver.cache.objects import Arrays, pack
from aver.classifiers.fit import FitParams
from aver.classifiers.registry import get_strategy
from aver.classifiers.timeline import ROLES, Timeline, build_timeline, write_rows
from aver.device import resolve, torch_runtime
from aver.errors import BenchmarkError
from aver.parallel import Task, run_tasks
from aver.params.blocks import Params
from aver.store.out import write_json, write_table
from aver.store.reader import Store

HISTORY = pa.schema(
    [("fold", pa.int32()), ("seed", pa.int32()), ("epoch", pa.int32())]
    + [(k, pa.float64()) for k in ("train_loss", "validation_loss", "validation_accuracy", "learning_rate")]
    + [("best", pa.bool_())]
)


@dataclass(frozen=True)
class Grid:
    """All runs of one strategy on one benchmark: labels, the time line, and (fold, seed) → the run's arrays."""

    labels: list[str]
    timeline: Timeline
    runs: dict[tuple[int, int], Arrays]
    folds: list[dict[str, Any]]


def train_grid(benchmark: str, strategy_name: str, folds: list[dict[str, Any]], features: Path, params: Params) -> Grid:
    """Train one model per fold and seed.

    Args:
        benchmark: its name.
        strategy_name: a name of `aver.classifiers.registry.STRATEGIES`.
        folds: rows of `folds.parquet`.
        features: the folder with `<corpus>/<stream>` stores.
        params: all params.

    Raises:
        BenchmarkError: no clip has the features that the strategy needs, or a fold loses a whole side or label.
        StoreError: a store is missing or damaged.
    """
    strategy, block = get_strategy(strategy_name), params.classifiers
    budget = block.budgets[params.budget]
    streams = {"visual": block.visual, "acoustic": block.acoustic}
    corpora = sorted({row["corpus"] for row in folds})
    stores = {role: {c: Store(features / c / streams[role]) for c in corpora} for role in strategy.roles}
    wanted = sorted({(row["corpus"], row["clip_id"]) for row in folds})
    line = build_timeline(strategy, stores, wanted, block.sequence_frames, budget)
    labels = sorted({row["label"] for row in folds})
    device = resolve(block.device)
    base = FitParams(
        classes=len(labels), seed=0, device=device,
        **{k: getattr(budget, k) for k in ("epochs", "patience", "weight_decay")},
        **{k: getattr(block, k) for k in FitParams.__dataclass_fields__ if hasattr(block, k) and k != "device"},
    )  # fmt: skip
    cache = Cache()
    cache.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.root, prefix=".rows-") as folder:
        files = {role: Source(line.digests[role], Path(folder) / f"{role}.npy") for role in strategy.roles}
        tasks, names = [], []
        for fold in sorted({row["fold"] for row in folds}):
            table = Inline(_table(line, [row for row in folds if row["fold"] == fold], labels, strategy_name))
            for seed in params.benchmarks[benchmark].seeds:
                step = Step(f"train-{strategy_name}", strategy.train, replace(base, seed=seed), torch_runtime(device))
                tasks.append(Task(f"fold {fold} seed {seed}", step, {"table": table, **files}))
                names.append((fold, seed))
        if any(cache.find(task.step, task.inputs) is None for task in tasks):
            for role, file in files.items():
                write_rows(file.path, stores[role], line.clips)
        parallel = replace(params.parallel, jobs=1) if device == "cuda" else params.parallel
        outcomes = run_tasks(tasks, f"classifiers {benchmark} {strategy_name}", parallel, cache, "run").outcomes
    runs = {}
    for name, outcome in zip(names, outcomes, strict=True):
        if not isinstance(outcome, Done):
            raise BenchmarkError(
                f"{benchmark} {strategy_name}: training fold {name[0]} seed {name[1]}: {outcome.detail}"
            )
        runs[name] = cache.load(outcome.digest)
    return Grid(labels, line, runs, folds)


def _table(line: Timeline, rows: Sequence[Mapping[str, Any]], labels: list[str], strategy: str) -> Arrays:
    known = {(row["corpus"], row["clip_id"]): row for row in rows}
    clips = [known[key] for key in line.clips]
    for role in ROLES:
        if not any(clip["role"] == role for clip in clips):
            raise BenchmarkError(
                f"strategy {strategy}: fold {rows[0]['fold']} has no clip left to {role}; "
                f"{len(line.unscored)} clips lack features ({Counter(line.unscored.values()).most_common(2)})"
            )
    return {
        **line.table,
        "labels": np.array([labels.index(clip["label"]) for clip in clips], np.int32)[line.owner],
        "roles": np.array([ROLES[clip["role"]] for clip in clips], np.int32)[line.owner],
    }


def write_grid(folder: Path, grid: Grid) -> None:
    """Write `predictions.parquet`, `history.parquet`, `models/` and `summary.json`.

    A row of predictions is one test sequence: fold, seed, corpus, clip_id, speaker, label, sequence, and the
    probability of every label as `p_<label>`.
    """
    speakers = {(row["corpus"], row["clip_id"]): row for row in grid.folds}
    predictions: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    (folder / "models").mkdir()
    for (fold, seed), run in sorted(grid.runs.items()):
        seen: Counter[tuple[str, str]] = Counter()
        for number, chances in zip(run["test"].tolist(), run["probabilities"].tolist(), strict=True):
            key = grid.timeline.clips[grid.timeline.owner[number]]
            row = speakers[key]
            predictions.append(
                {"fold": fold, "seed": seed, "corpus": key[0], "clip_id": key[1], "speaker": row["speaker"],
                 "label": row["label"], "sequence": seen[key]}
                | {f"p_{label}": p for label, p in zip(grid.labels, chances, strict=True)}
            )  # fmt: skip
            seen[key] += 1
        for epoch, values in enumerate(run["history"].tolist()):
            values = dict(zip(HISTORY.names[3:7], values, strict=True))
            history.append({"fold": fold, "seed": seed, "epoch": epoch, **values, "best": epoch == run["best_epoch"]})
        model = {name: value for name, value in run.items() if name.startswith(("model.", "scaler."))}
        (folder / "models" / f"fold-{fold}-seed-{seed}.npz").write_bytes(pack(model))
    schema = pa.schema(
        [("fold", pa.int32()), ("seed", pa.int32())]
        + [(k, pa.string()) for k in ("corpus", "clip_id", "speaker", "label")]
        + [("sequence", pa.int32())]
        + [(f"p_{label}", pa.float32()) for label in grid.labels]
    )
    write_table(folder / "predictions.parquet", predictions, schema)
    write_table(folder / "history.parquet", history, HISTORY)
    unscored = Counter(grid.timeline.unscored.values())
    first = next(iter(grid.runs.values()))
    summary = {
        "labels": grid.labels,
        "clips": len(grid.timeline.clips),
        "unscored": dict(sorted(unscored.items())),
        "sequences": len(grid.timeline.owner),
        "runs": len(grid.runs),
        "parameters": sum(int(v.size) for k, v in first.items() if k.startswith("model.")),
    }
    write_json(folder / "summary.json", summary)
