"""The reducers stage's work: every reducer on every fold of a benchmark, through the clip cache."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aver.cache.cache import Cache, Done, Failed
from aver.cache.lock import hold
from aver.cache.objects import scratch
from aver.device import resolve
from aver.errors import BenchmarkError
from aver.parallel import Runner, run_tasks
from aver.params.blocks import Params
from aver.params.names import REDUCERS
from aver.reducers.steps import ROLES
from aver.reducers.tasks import reducer_tasks
from aver.sequences.layout import Layout, lay_out
from aver.sequences.plan import plan_of
from aver.sequences.split import Fold


@dataclass(frozen=True)
class Fitted:
    """What was fitted.

    Args:
        cache: where the arrays lie.
        folds: of the benchmark; empty if no clip has both modalities.
        gaps: per reducer why it could not be fitted (on some fold), or an empty text.
        objects: per reducer and name of a fold, the digest of its arrays.
    """

    cache: Cache
    folds: list[Fold]
    gaps: dict[str, str]
    objects: dict[tuple[str, str], str] = field(default_factory=dict)


def fit_reducers(
    benchmark: str, folds: list[dict[str, Any]], features: Path, params: Params, run: Runner = run_tasks
) -> Fitted:
    """Fit every reducer on every fold of a benchmark.

    Args:
        benchmark: its name.
        folds: rows of `folds.parquet`.
        features: the folder with `<corpus>/<stream>` stores.
        params: all params.
        run: any other runner than `run_tasks` only looks: no rows are written for it, and what it leaves pending is
            left out.

    Raises:
        BenchmarkError: a row of features is not finite, or AVER met a case that it does not handle.
        StoreError: a store is missing or damaged.
        CacheError: the clip cache cannot be written.
    """
    cache = Cache()
    try:
        layout = lay_out(plan_of("temporal", ROLES, params), benchmark, folds, features, params)
    except BenchmarkError as exc:
        return Fitted(cache, [], dict.fromkeys(REDUCERS, str(exc)))
    fitted = Fitted(cache, layout.folds, dict.fromkeys(REDUCERS, ""))
    cuda = resolve(params.classifiers.device) == "cuda"  # one process owns a GPU
    parallel = replace(params.parallel, jobs=1) if cuda else params.parallel
    if run is run_tasks:
        hold(cache.root)  # before rows are written: `aver gc` clears scratch folders that nobody holds
    looks = run is not run_tasks or _all_known(layout, params, cache)
    with nullcontext(Path()) if looks else scratch(cache.root) as rows_in:
        if not looks:
            layout.write(rows_in)
        for reducer in REDUCERS:
            tasks = reducer_tasks(reducer, False, layout.line, layout.folds, layout.files(rows_in), params)
            done = run(list(tasks.values()), f"reducers {benchmark} {reducer}", parallel, cache, "fold")
            for fold, outcome in zip(tasks, done.outcomes, strict=True):
                if isinstance(outcome, Done):
                    fitted.objects[reducer, fold] = outcome.digest
                elif isinstance(outcome, Failed):
                    if outcome.reason == "internal":
                        raise BenchmarkError(f"{benchmark}: {reducer} {fold}: {outcome.detail}")
                    fitted.gaps[reducer] = fitted.gaps[reducer] or f"{fold}: {outcome.detail}"
    return fitted


def _all_known(layout: Layout, params: Params, cache: Cache) -> bool:
    files = layout.files(Path())
    return all(
        cache.find(task.step, task.inputs)
        for reducer in REDUCERS
        for task in reducer_tasks(reducer, False, layout.line, layout.folds, files, params).values()
    )
