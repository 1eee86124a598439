"""All per-clip work goes through `run_tasks`: ordered, cached, parallel, with progress, one bad clip at a time."""

from __future__ import annotations

import logging
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from aver.cache.cache import Cache, Done, Failed, Input, Outcome, Pending, Step
from aver.cache.lock import hold, sharing
from aver.errors import AverError, CacheError, is_machine_failure
from aver.outcome import Starved
from aver.params import blocks
from aver.progress import Progress
from aver.runs import Record, write_record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One step on one clip (or one training run; the name says which).

    Args:
        name: of the clip or run.
        step: what to compute.
        inputs: from what.
        most: how many such tasks are computed in one program at most, where the step can do that.
    """

    name: str
    step: Step
    inputs: dict[str, Input]
    most: int = 1


@dataclass(frozen=True)
class Run:
    """The outcomes in the order of the tasks, how many were computed or found in the cache, and how long it took."""

    outcomes: list[Outcome]
    computed: int
    cached: int
    seconds: float


class Runner(Protocol):
    """What a stage hands its tasks to: `run_tasks` computes, `look_up` only looks."""

    def __call__(
        self, tasks: Sequence[Task], label: str, parallel: blocks.Parallel, cache: Cache, unit: str = "clip"
    ) -> Run:
        """Return the outcomes of the tasks, in their order."""


def run_tasks(tasks: Sequence[Task], label: str, parallel: blocks.Parallel, cache: Cache, unit: str = "clip") -> Run:
    """Run tasks through the clip cache and return their outcomes in the order of `tasks`.

    Results already in the cache are looked up first, in this process; only the others are spread over workers, so a
    run with one new clip starts no pool.  A clip that raises something unexpected becomes a `Failed("internal")` that
    is not stored; an error of the machine stops the run.

    Args:
        tasks: what to do.
        label: what the progress line and the run record are called, e.g. `faces ravdess`.
        parallel: number of workers and joblib backend.
        cache: where results are found and stored.
        unit: what one task is called.

    Raises:
        CacheError: the machine cannot go on (disk, memory, permissions); finished tasks are kept.
    """
    hold(cache.root)
    started = time.perf_counter()
    progress = Progress(label, len(tasks), unit)
    found: dict[int, Outcome] = {}
    computing = 0.0
    try:
        for index, task in enumerate(tasks):
            stored = cache.find(task.step, task.inputs)
            if stored is not None:
                found[index] = stored
                progress.step(cached=True)
        missing = [index for index in range(len(tasks)) if index not in found]
        computing = time.perf_counter()
        for index, outcome in _computed(tasks, missing, cache, parallel):
            if isinstance(outcome, Failed):
                log.warning("%s: %s failed: %s: %s", label, tasks[index].name, outcome.reason, outcome.detail)
            found[index] = outcome
            progress.step()
    except (AverError, KeyboardInterrupt):
        raise
    except Exception as error:
        if isinstance(error, Starved | TerminatedWorkerError) or is_machine_failure(error):
            raise CacheError(
                f"{label} stopped: {str(error) or type(error).__name__}. This is the machine's failure, not a clip's: "
                "nothing was recorded against a clip. Run again to go on; finished clips are kept."
            ) from error
        raise
    finally:
        progress.close(f", {progress.done - progress.cached} computed, {progress.cached} from cache")
    ended = time.perf_counter()
    run = Run([found[index] for index in range(len(tasks))], len(missing), len(tasks) - len(missing), ended - started)
    failed = sum(isinstance(outcome, Failed) for outcome in run.outcomes)
    lengths = [outcome.bytes for outcome in run.outcomes if isinstance(outcome, Done)]
    each = sum(lengths) / len(lengths) if lengths else 0.0
    write_record(cache.root, Record(label, run.computed, run.cached, failed, run.seconds, ended - computing, each))
    return run


def look_up(tasks: Sequence[Task], label: str, parallel: blocks.Parallel, cache: Cache, unit: str = "clip") -> Run:
    """Return what the cache holds for the tasks, `Pending` for the others; compute and record nothing."""
    outcomes: list[Outcome] = [cache.peek(task.step, task.inputs) or Pending() for task in tasks]
    pending = sum(isinstance(outcome, Pending) for outcome in outcomes)
    return Run(outcomes, 0, len(tasks) - pending, 0.0)


def _computed(
    tasks: Sequence[Task], missing: Sequence[int], cache: Cache, parallel: blocks.Parallel
) -> Iterator[tuple[int, Outcome]]:
    """Compute the missing tasks; yield each with its number, in the order in which they are finished."""
    workers = min(cpu_count() if parallel.jobs < 1 else parallel.jobs, len(missing))
    groups = _groups(tasks, missing, workers)
    if workers <= 1:
        for group in groups:
            yield from _some(cache, group, [tasks[index] for index in group])
        return
    # One thread per worker: more would fight over the cores, and the number of threads can change the bytes.
    inner = {"inner_max_num_threads": 1} if parallel.backend == "loky" else {}
    with warnings.catch_warnings(), parallel_config(backend=parallel.backend, n_jobs=workers, **inner):
        # loky replaces a worker whose memory has grown by 300 MB, and warns of it in a thread of its own.  Nothing is
        # lost by that; but where warnings are errors, the thread would end and this run would wait for ever.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given", UserWarning)
        results = Parallel(return_as="generator", batch_size=1, pre_dispatch="3*n_jobs")(
            delayed(_all)(cache, group, [tasks[index] for index in group]) for group in groups
        )
        for found in results:
            yield from found


def _groups(tasks: Sequence[Task], missing: Sequence[int], workers: int) -> list[list[int]]:
    """Return what is computed in one go: tasks that can be together, spread over the workers; any other alone."""
    if not missing or tasks[missing[0]].step.together is None:
        return [[index] for index in missing]
    # As many groups for each worker; neighbours stay together, because they share most (the seeds of a fold).
    rounds = -(-len(missing) // (tasks[missing[0]].most * workers))
    return [part.tolist() for part in np.array_split(np.array(missing), min(len(missing), rounds * workers))]


def _all(cache: Cache, numbers: Sequence[int], tasks: Sequence[Task]) -> list[tuple[int, Outcome]]:
    return list(_some(cache, numbers, tasks))


def _some(cache: Cache, numbers: Sequence[int], tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
    if tasks[0].step.together is None:
        for number, task in zip(numbers, tasks, strict=True):
            yield number, _one(cache, task)
        return
    waiting = dict(enumerate(numbers))
    try:
        with sharing(cache.root):
            for place, done in cache.run_together(
                [task.step for task in tasks], [task.inputs for task in tasks], [task.name for task in tasks]
            ):
                yield waiting.pop(place), done
    except (AverError, Starved):
        raise
    except Exception as error:
        if is_machine_failure(error):
            raise
        # One of them cannot be computed.  Alone, each says for itself whether that is it.
        for place, number in waiting.items():
            yield number, _one(cache, tasks[place])


def _one(cache: Cache, task: Task) -> Outcome:
    try:
        with sharing(cache.root):  # a worker goes on for the length of a clip when its stage is killed
            return cache.run(task.step, task.inputs, task.name)
    except (AverError, Starved):
        raise
    except Exception as error:
        if is_machine_failure(error):
            raise
        return Failed("internal", _where(error), computed=True)


def _where(error: Exception) -> str:
    """Return an unexpected exception in one line: what it says, and in which line of code it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return f"{words} ({Path(last.filename).name}:{last.lineno})"
