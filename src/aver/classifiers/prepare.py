"""What a strategy trains on a benchmark, before any of it is computed: the reducer of each fold, then the runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.cache.cache import Inline, Source, Step
from aver.cache.code import code_digests
from aver.cache.objects import Arrays, digest_of
from aver.cache.sealed import canonical
from aver.classifiers.fit import FitParams
from aver.classifiers.noise import modalities
from aver.classifiers.registry import get_strategy, is_published
from aver.classifiers.strategy import REDUCED, Strategy
from aver.device import resolve, torch_runtime, training_precision
from aver.parallel import Task
from aver.params.blocks import Parallel, Params
from aver.params.classifiers import system_of
from aver.reducers.registry import get_reducer
from aver.reducers.tasks import reducer_tasks
from aver.sequences.layout import Layout, lay_out
from aver.sequences.plan import plan_of
from aver.sequences.split import Fold

#: (name of the fold, seed, noisy modality or an empty text)
RunKey = tuple[str, int, str]
#: Steps reduced at a time.
PIECE = 8192
#: Reduced rows are filled with zeros to a multiple of this: principal components differ in number from fold to fold,
#: and runs whose rows are equally wide train together.
WIDTHS = 64


@dataclass(frozen=True)
class Prepared:
    """One strategy on one benchmark.

    Args:
        strategy: the strategy.
        name: its name, with `-paper` where it is as published.
        layout: sequences, folds and the rows' files.
        params: all params.
        benchmark: its name.
    """

    strategy: Strategy
    name: str
    layout: Layout
    params: Params
    benchmark: str

    @property
    def headline(self) -> str:
        """The benchmark's own protocol."""
        return self.params.benchmarks[self.benchmark].protocol

    def without(self, protocol: str, why: str) -> Prepared:
        """Return the same without a protocol that cannot be served."""
        folds = [fold for fold in self.layout.folds if fold.protocol != protocol]
        return replace(self, layout=replace(self.layout, folds=folds, gaps={**self.layout.gaps, protocol: why}))

    @property
    def noisy(self) -> tuple[str, ...]:
        """The modalities with noise in which it is trained too; reduced rows hold no modality apart."""
        wanted = self.name in self.params.classifiers.noise_trained and not self.strategy.reducer
        return modalities(self.strategy.roles) if wanted else ()

    @property
    def parallel(self) -> Parallel:
        """How tasks are spread: one process owns a GPU."""
        cuda = resolve(self.params.classifiers.device) == "cuda"
        return replace(self.params.parallel, jobs=1) if cuda else self.params.parallel

    def reducers(self, rows_in: Path) -> dict[str, Task]:
        """Return the task that fits the strategy's reducer on each fold, by the fold's name; empty without one."""
        if not self.strategy.reducer:
            return {}
        files = self.layout.files(rows_in)
        line, folds = self.layout.line, self.layout.folds
        return reducer_tasks(self.strategy.reducer, is_published(self.name), line, folds, files, self.params)

    def runs(self, rows_in: Path, reducers: Mapping[str, str]) -> dict[RunKey, Task]:
        """Return the training runs: all seeds of the headline protocol, the first one of those beside it.

        Where the strategy is also trained with noise, that is done for the headline, with the first seed.

        Args:
            rows_in: the folder in which training will find the rows.
            reducers: by fold, the digest of its fitted reducer.
        """
        block, device = self.params.benchmarks[self.benchmark], self.params.classifiers.device
        step = Step(
            f"train-{self.strategy.name}",
            self.strategy.train,
            self.fit_params(),
            torch_runtime(device, training_precision(device)),
            together=self.strategy.train_together,
        )
        # Without early stop all runs of a group end, and are kept, at the same time: a fold's seeds are then enough.
        stops = step.params.patience < step.params.epochs
        most = self.params.classifiers.together if stops else len(block.seeds)
        tasks = {}
        for fold in self.layout.folds:
            table, files = self.table(fold), self.files(fold, rows_in, reducers)
            headline = fold.protocol == self.headline
            wanted = [(seed, "") for seed in (block.seeds if headline else block.seeds[:1])]
            wanted += [(block.seeds[0], noisy) for noisy in self.noisy if headline]
            for seed, noisy in wanted:
                name = f"{self.benchmark} {fold.name.replace('-', ' ')} seed {seed}" + (noisy and f" noisy {noisy}")
                own = replace(step, params=replace(step.params, seed=seed, noisy=noisy))
                tasks[fold.name, seed, noisy] = Task(name, own, {"table": table, **files}, most)
        return tasks

    def write_rows(self, rows_in: Path, reducers: Mapping[str, Arrays]) -> None:
        """Write the rows that the runs read: of every role, and of every fold what its fitted reducer makes of them."""
        self.layout.write(rows_in)
        if not self.strategy.reducer:
            return
        apply = get_reducer(self.strategy.reducer).apply
        device = resolve(self.params.classifiers.device)
        raw = {role: np.load(rows_in / f"{role}.npy", mmap_mode="r") for role in self.strategy.roles}
        for name, arrays in reducers.items():
            _write_reduced(rows_in / f"{name}.npy", arrays, raw, self.layout.line.links, apply, device)

    def table(self, fold: Fold) -> Inline:
        """Return what a run knows of a fold's sequences, see `aver.classifiers.data.Data`."""
        line = self.layout.line
        links = {REDUCED: np.arange(len(line.times), dtype=np.int32)} if self.strategy.reducer else line.links
        return Inline(
            {
                "steps": line.steps,
                "lengths": line.lengths,
                "labels": fold.labels,
                "roles": fold.roles,
                **{f"link_{role}": link for role, link in links.items()},
            }
        )

    def files(self, fold: Fold, rows_in: Path, reducers: Mapping[str, str]) -> dict[str, Source]:
        """Return the files of the rows that a run reads, by role."""
        if not self.strategy.reducer:
            return self.layout.files(rows_in)
        line = self.layout.line
        parts = {
            "reducer": reducers[fold.name],
            "code": code_digests(get_reducer(self.strategy.reducer).apply.__module__),
            "rows": {role: line.digests[role] for role in self.strategy.roles},
        }
        return {REDUCED: Source(digest_of(canonical(parts).encode()), rows_in / f"{fold.name}.npy")}

    def fit_params(self) -> FitParams:
        """Return the params of every run but for its seed and noise."""
        published, block = is_published(self.name), self.params.classifiers
        system, name = getattr(block, system_of(self.strategy.name)), self.strategy.name
        budget = system.budgets[self.params.budget]
        settled = {
            **self.strategy.fixed,
            "classes": len(self.layout.labels),
            "seed": 0,
            "noisy": "",
            "device": resolve(block.device),
            "scaling": "none" if published else "whole" if self.strategy.reducer else "each",
            "published": published,
        }
        places = (getattr(system, name, None), getattr(budget, name, None), budget, system, block)
        blocks = [place for place in places if is_dataclass(place)]  # a strategy may be called as a stream's key
        for field in fields(self.strategy.params):
            found = next((place for place in blocks if hasattr(place, field.name)), None)
            if field.name not in settled and found is not None:
                settled[field.name] = getattr(found, field.name)
        return self.strategy.params(**settled)


def prepare(
    benchmark: str, strategy_name: str, folds: list[dict[str, Any]], features: Path, params: Params
) -> Prepared:
    """Lay out what one strategy trains on one benchmark; read indexes, but no feature rows.

    Args:
        benchmark: its name.
        strategy_name: a name of `aver.params.names.STRATEGIES`.
        folds: rows of `folds.parquet`.
        features: the folder with `<corpus>/<stream>` stores.
        params: all params.

    Raises:
        BenchmarkError: no clip has the features that the strategy needs, or a fold loses a whole side or label.
        StoreError: a store is missing or damaged.
    """
    strategy = get_strategy(strategy_name)
    partial = strategy.partial and not is_published(strategy_name)
    plan = plan_of(system_of(strategy.name), strategy.roles, params, partial=partial)
    layout = lay_out(plan, benchmark, folds, features, params)
    return Prepared(strategy, strategy_name, layout, params, benchmark)


def _write_reduced(
    path: Path,
    arrays: Arrays,
    raw: Mapping[str, NDArray[np.float32]],
    links: Mapping[str, NDArray[np.int32]],
    apply: Callable[..., NDArray[np.float32]],
    device: str,
) -> None:
    """Write what a reducer makes of every step as one `.npy` file, a piece at a time."""
    steps = len(next(iter(links.values())))
    with path.open("wb") as file:
        for start in range(0, steps, PIECE):
            piece = {role: np.asarray(rows[links[role][start : start + PIECE]]) for role, rows in raw.items()}
            reduced = apply(arrays, piece, device)
            width = -(-reduced.shape[1] // WIDTHS) * WIDTHS
            if not start:
                header = {"descr": "<f4", "fortran_order": False, "shape": (steps, width)}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(np.pad(reduced, ((0, 0), (0, width - reduced.shape[1]))), "<f4").data)
