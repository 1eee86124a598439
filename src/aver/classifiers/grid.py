"""The classifiers stage's work: every fold and seed of one strategy on one benchmark, through the clip cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from aver.cache.cache import Cache, Done, Failed, Inline, Source, Step
from aver.cache.lock import hold
from aver.cache.objects import Arrays, pack, scratch
from aver.classifiers.fit import FitParams
from aver.classifiers.registry import get_strategy
from aver.classifiers.timeline import ROLES, Timeline, build_timeline, write_rows
from aver.device import resolve, torch_runtime
from aver.errors import BenchmarkError
from aver.parallel import Task, run_tasks
from aver.params.blocks import Parallel, Params
from aver.store.out import write_json, write_table
from aver.store.reader import Store

HISTORY = pa.schema(
    [("fold", pa.int32()), ("seed", pa.int32()), ("epoch", pa.int32())]
    + [(k, pa.float64()) for k in ("train_loss", "validation_loss", "validation_accuracy", "learning_rate")]
    + [("best", pa.bool_())]
)
#: What a row of predictions says about its clip, as `folds.parquet` has it.
CLIP = ("corpus", "people", "clip_id", "speaker", "label")


@dataclass(frozen=True)
class Grid:
    """All runs of one strategy on one benchmark: labels, the time line, and (fold, seed) → the run's arrays."""

    labels: list[str]
    timeline: Timeline
    runs: dict[tuple[int, int], Arrays]
    folds: list[dict[str, Any]]


@dataclass(frozen=True)
class Prepared:
    """Everything before training: the time line, and one task per (fold, seed).

    `rows_in` is where the tasks expect the rows of each role; `write_rows` puts them there.
    """

    labels: list[str]
    timeline: Timeline
    stores: dict[str, dict[str, Store]]
    tasks: dict[tuple[int, int], Task]
    parallel: Parallel

    def write_rows(self, rows_in: Path) -> None:
        """Write the rows of every role as one file that training maps."""
        for role, stores in self.stores.items():
            write_rows(rows_in / f"{role}.npy", stores, self.timeline.clips)


def prepare_grid(
    benchmark: str, strategy_name: str, folds: list[dict[str, Any]], features: Path, rows_in: Path, params: Params
) -> Prepared:
    """Lay out the training runs of one strategy on one benchmark; read indexes, but no feature rows.

    Args:
        benchmark: its name.
        strategy_name: a name of `aver.classifiers.registry.STRATEGIES`.
        folds: rows of `folds.parquet`.
        features: the folder with `<corpus>/<stream>` stores.
        rows_in: the folder in which training will find the rows.
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
    files = {role: Source(line.digests[role], rows_in / f"{role}.npy") for role in strategy.roles}
    tasks = {}
    for fold in sorted({row["fold"] for row in folds}):
        table = Inline(_table(line, [row for row in folds if row["fold"] == fold], labels, strategy_name))
        for seed in params.benchmarks[benchmark].seeds:
            step = Step(f"train-{strategy_name}", strategy.train, replace(base, seed=seed), torch_runtime(device))
            name = f"{benchmark} fold {fold} seed {seed}"
            tasks[fold, seed] = Task(name, step, {"table": table, **files})
    parallel = replace(params.parallel, jobs=1) if device == "cuda" else params.parallel
    return Prepared(labels, line, stores, tasks, parallel)


def train_grid(benchmark: str, strategy_name: str, folds: list[dict[str, Any]], features: Path, params: Params) -> Grid:
    """Train one model per fold and seed.

    Args: see `prepare_grid`.

    Raises:
        BenchmarkError: see `prepare_grid`; or a training run failed.
        StoreError: a store is missing or damaged.
        CacheError: the clip cache cannot be written.
    """
    cache = Cache()
    hold(cache.root)  # before the rows are written: `aver gc` clears scratch folders that nobody holds
    label = f"classifiers {benchmark} {strategy_name}"
    ready = prepare_grid(benchmark, strategy_name, folds, features, Path(), params)
    if all(cache.find(task.step, task.inputs) for task in ready.tasks.values()):
        outcomes = run_tasks(list(ready.tasks.values()), label, ready.parallel, cache, "run").outcomes
    else:
        with scratch(cache.root) as folder:  # what training reads, for as long as it runs
            ready = prepare_grid(benchmark, strategy_name, folds, features, folder, params)
            ready.write_rows(folder)
            outcomes = run_tasks(list(ready.tasks.values()), label, ready.parallel, cache, "run").outcomes
    runs = {}
    for (name, task), outcome in zip(ready.tasks.items(), outcomes, strict=True):
        if not isinstance(outcome, Done):
            why = outcome.detail if isinstance(outcome, Failed) else "was not run"
            raise BenchmarkError(f"{strategy_name}: training {task.name}: {why}")
        runs[name] = cache.load(outcome.digest)
    return Grid(ready.labels, ready.timeline, runs, folds)


def _table(line: Timeline, rows: Sequence[Mapping[str, Any]], labels: list[str], strategy: str) -> Arrays:
    known = {(row["corpus"], row["clip_id"]): row for row in rows}
    clips = [known[key] for key in line.clips]
    for role in ROLES:
        if not any(clip["role"] == role for clip in clips):
            raise BenchmarkError(
                f"strategy {strategy}: fold {rows[0]['fold']} has no clip left for {role}; "
                f"{len(line.unscored)} clips lack features ({Counter(line.unscored.values()).most_common(2)})"
            )
    # A corpus may be the only one with a label, and have no such stream at all.
    trained = {clip["label"] for clip in clips if clip["role"] == "train"}
    if trained != set(labels):
        raise BenchmarkError(
            f"strategy {strategy}: fold {rows[0]['fold']} has no clip of {', '.join(sorted(set(labels) - trained))} "
            f"left to train; {len(line.unscored)} clips lack features "
            f"({Counter(line.unscored.values()).most_common(2)}). Choose other corpora, or leave the label out by "
            "`labels` or `where`."
        )
    return {
        **line.table,
        "labels": np.array([labels.index(clip["label"]) for clip in clips], np.int32)[line.owner],
        "roles": np.array([ROLES[clip["role"]] for clip in clips], np.int32)[line.owner],
    }


def write_grid(folder: Path, grid: Grid) -> None:
    """Write `predictions.parquet`, `history.parquet`, `models/` and `summary.json`.

    A row of predictions is one test sequence: fold, seed, corpus, people, clip_id, speaker, label, sequence, and the
    probability of every label as `p_<label>`.
    """
    known = {(row["corpus"], row["clip_id"]): row for row in grid.folds}
    predictions: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    (folder / "models").mkdir()
    for (fold, seed), run in sorted(grid.runs.items()):
        seen: Counter[tuple[str, str]] = Counter()
        for number, chances in zip(run["test"].tolist(), run["probabilities"].tolist(), strict=True):
            key = grid.timeline.clips[grid.timeline.owner[number]]
            predictions.append(
                {"fold": fold, "seed": seed, **{name: known[key][name] for name in CLIP}, "sequence": seen[key]}
                | {f"p_{label}": p for label, p in zip(grid.labels, chances, strict=True)}
            )
            seen[key] += 1
        for epoch, values in enumerate(run["history"].tolist()):
            values = dict(zip(HISTORY.names[3:7], values, strict=True))
            history.append({"fold": fold, "seed": seed, "epoch": epoch, **values, "best": epoch == run["best_epoch"]})
        model = {name: value for name, value in run.items() if name.startswith(("model.", "scaler."))}
        (folder / "models" / f"fold-{fold}-seed-{seed}.npz").write_bytes(pack(model))
    schema = pa.schema(
        [("fold", pa.int32()), ("seed", pa.int32())]
        + [(k, pa.string()) for k in CLIP]
        + [("sequence", pa.int32())]
        + [(f"p_{label}", pa.float32()) for label in grid.labels]
    )
    write_table(folder / "predictions.parquet", predictions, schema)
    write_table(folder / "history.parquet", history, HISTORY)
    first = next(iter(grid.runs.values()))
    summary = {
        "labels": grid.labels,
        "clips": len(grid.timeline.clips),
        "unscored": Counter(grid.timeline.unscored.values()),
        "sequences": len(grid.timeline.owner),
        "runs": len(grid.runs),
        "parameters": sum(int(v.size) for k, v in first.items() if k.startswith("model.")),
    }
    write_json(folder / "summary.json", summary)
