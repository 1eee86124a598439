"""The classifiers stage's work: every fold and seed of one strategy on one benchmark, through the clip cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aver.cache.cache import Cache, Done, Failed, Outcome, Pending
from aver.cache.lock import hold
from aver.cache.objects import Arrays, scratch
from aver.classifiers.prepare import Prepared, RunKey, prepare
from aver.errors import BenchmarkError
from aver.parallel import Runner, Task, run_tasks
from aver.params.blocks import Params

Key = TypeVar("Key")


@dataclass(frozen=True)
class Grid:
    """All runs of one strategy on one benchmark.

    Args:
        name: of the strategy.
        labels: of the benchmark, sorted.
        gap: why it cannot be trained here, or an empty text.
        prepared: None with a gap that shows before anything is computed.
        runs: (name of the fold, seed, noisy modality or an empty text) → the run's arrays, read when they are asked
            for.
        reducers: by fold, the arrays of its fitted reducer, likewise.
    """

    name: str
    labels: list[str]
    gap: str = ""
    prepared: Prepared | None = None
    runs: Mapping[RunKey, Arrays] = field(default_factory=dict)
    reducers: Mapping[str, Arrays] = field(default_factory=dict)


class Loaded(Mapping[Key, Arrays]):
    """Results in the clip cache by name, each read when it is asked for: models together can be larger than memory."""

    def __init__(self, cache: Cache, digests: Mapping[Key, str]) -> None:
        self.cache, self.digests = cache, digests

    def __getitem__(self, key: Key) -> Arrays:
        return self.cache.load(self.digests[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)


def train_grid(
    benchmark: str,
    strategy_name: str,
    folds: list[dict[str, Any]],
    features: Path,
    params: Params,
    run: Runner = run_tasks,
) -> Grid:
    """Train one model per fold and seed.

    A benchmark that this strategy cannot serve (no clip has the features it needs, a reducer cannot be fitted) is a gap
    in the comparison, and no reason to stop the other strategies.

    Args:
        benchmark: its name.
        strategy_name: a name of `aver.params.names.STRATEGIES`.
        folds: rows of `folds.parquet`.
        features: the folder with `<corpus>/<stream>` stores.
        params: all params.
        run: `look_up` trains nothing; the grid then holds the runs that are in the cache.

    Raises:
        BenchmarkError: a training run failed, or a clip's features are no numbers.
        StoreError: a store is missing or damaged.
        CacheError: the clip cache cannot be written.
    """
    cache = Cache()
    if run is run_tasks:
        hold(cache.root)  # before the rows are written: `aver gc` clears scratch folders that nobody holds
    labels = sorted({row["label"] for row in folds})
    try:
        ready = prepare(benchmark, strategy_name, folds, features, params)
    except BenchmarkError as exc:
        return Grid(strategy_name, labels, str(exc))
    label = f"classifiers {benchmark} {strategy_name}"
    if run is not run_tasks or _all_cached(ready, cache):
        return _train(ready, label, Path(), cache, run)
    with scratch(cache.root) as folder:  # what training reads, for as long as it runs
        ready.layout.write(folder)
        return _train(ready, label, folder, cache, run)


def _train(ready: Prepared, label: str, rows_in: Path, cache: Cache, run: Runner) -> Grid:
    fitted: dict[str, str] = {}
    if tasks := ready.reducers(rows_in):
        outcomes = run(
            list(tasks.values()), f"{label} {ready.strategy.reducer}", ready.parallel, cache, "fold"
        ).outcomes
        protocols = {fold.name: fold.protocol for fold in ready.layout.folds}
        for (name, task), outcome in zip(tasks.items(), outcomes, strict=True):
            if isinstance(outcome, Failed) and outcome.reason != "internal":
                why = f"{task.name}: {outcome.detail}"
                if protocols[name] == ready.headline:
                    return Grid(ready.name, ready.layout.labels, why, ready)
                ready = ready.without(protocols[name], why)
            elif isinstance(outcome, Pending):
                return Grid(ready.name, ready.layout.labels, prepared=ready)
            else:
                fitted[name] = _digest(ready, task, outcome)
        fitted = {fold.name: fitted[fold.name] for fold in ready.layout.folds}
        if rows_in != Path():
            ready.write_rows(rows_in, Loaded(cache, fitted))
    tasks_of = ready.runs(rows_in, fitted)
    outcomes = run(list(tasks_of.values()), label, ready.parallel, cache, "run").outcomes
    runs = {
        key: _digest(ready, task, outcome)
        for (key, task), outcome in zip(tasks_of.items(), outcomes, strict=True)
        if not isinstance(outcome, Pending)
    }
    return Grid(ready.name, ready.layout.labels, "", ready, Loaded(cache, runs), Loaded(cache, fitted))


def _digest(ready: Prepared, task: Task, outcome: Outcome) -> str:
    if not isinstance(outcome, Done):
        why = outcome.detail if isinstance(outcome, Failed) else "was not run"
        raise BenchmarkError(f"{ready.name}: {task.name}: {why}")
    return outcome.digest


def _all_cached(ready: Prepared, cache: Cache) -> bool:
    fitted: dict[str, str] = {}
    for name, task in ready.reducers(Path()).items():
        found = cache.find(task.step, task.inputs)
        if not isinstance(found, Done):
            return False
        fitted[name] = found.digest
    return all(cache.find(task.step, task.inputs) for task in ready.runs(Path(), fitted).values())
