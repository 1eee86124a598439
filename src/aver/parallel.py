"""All per-clip work goes through `run_tasks`: ordered, cached, parallel, with progress, one bad clip at a time."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from joblib import Parallel, cpu_count, delayed, parallel_config
from tqdm import tqdm

from aver.cache.cache import Cache, Failed, Input, Outcome, Step, is_machine_failure
from aver.errors import AverError, CacheError
from aver.outcome import Starved
from aver.params import blocks

log = logging.getLogger(__name__)
LOG_EVERY_S = 10.0


@dataclass(frozen=True)
class Task:
    """One step on one clip (or one training run; the name says which)."""

    name: str
    step: Step
    inputs: dict[str, Input]


@dataclass
class Run:
    """What a run did; it goes to the run record and the log, never into an out."""

    outcomes: list[Outcome] = field(default_factory=list)
    computed: int = 0
    cached: int = 0
    seconds: float = 0.0


def run_tasks(tasks: Sequence[Task], label: str, parallel: blocks.Parallel, cache: Cache | None = None) -> Run:
    """Run tasks through the clip cache and return their outcomes in the order of `tasks`.

    Results already in the cache are looked up first, in this process; only the others are spread over workers, so a
    run with one new clip starts no pool.  A clip that raises something unexpected becomes a `Failed("internal")` that
    is not stored; an error of the machine stops the run.

    Args:
        tasks: what to do.
        label: what the progress line is called, e.g. `faces ravdess`.
        parallel: number of workers and joblib backend.
        cache: default: the cache of this repository.

    Raises:
        CacheError: the machine cannot go on (disk, memory, permissions); finished tasks are kept.
    """
    cache = cache or Cache()
    started = time.perf_counter()
    progress = Progress(label, len(tasks))
    found: dict[int, Outcome] = {}
    for index, task in enumerate(tasks):
        outcome = cache.find(task.step, task.inputs)
        if outcome is not None:
            found[index] = outcome
            progress.step(fresh=False)
    missing = [index for index in range(len(tasks)) if index not in found]
    try:
        for index, outcome in zip(missing, _compute([tasks[i] for i in missing], cache, parallel), strict=True):
            if isinstance(outcome, Failed):
                log.warning("%s: %s failed: %s: %s", label, tasks[index].name, outcome.reason, outcome.detail)
            found[index] = outcome
            progress.step(fresh=True)
    except (AverError, KeyboardInterrupt):
        raise
    except Exception as error:
        if isinstance(error, Starved) or is_machine_failure(error):
            raise CacheError(
                f"{label} stopped: {error or type(error).__name__}. This is the machine's failure, not a clip's: "
                "nothing was recorded against a clip. Run again to go on; finished clips are kept."
            ) from error
        raise
    finally:
        progress.close()
    return Run([found[i] for i in range(len(tasks))], len(missing), len(tasks) - len(missing),
               time.perf_counter() - started)  # fmt: skip


def _compute(tasks: list[Task], cache: Cache, parallel: blocks.Parallel) -> Iterator[Outcome]:
    workers = min(cpu_count() if parallel.jobs < 1 else parallel.jobs, len(tasks))
    if workers <= 1:
        yield from (_one(cache, task) for task in tasks)
        return
    # One thread per worker: more would fight over the cores, and the number of threads can change the bytes.
    inner = {"inner_max_num_threads": 1} if parallel.backend == "loky" else {}
    with parallel_config(backend=parallel.backend, n_jobs=workers, **inner):
        yield from Parallel(return_as="generator", batch_size=1, pre_dispatch="3*n_jobs")(
            delayed(_one)(cache, task) for task in tasks
        )


def _one(cache: Cache, task: Task) -> Outcome:
    try:
        return cache.run(task.step, task.inputs)
    except (AverError, Starved):
        raise
    except Exception as error:
        if is_machine_failure(error):
            raise
        log.debug("%s: unexpected", task.name, exc_info=True)
        return Failed("internal", f"{type(error).__name__}: {error}".splitlines()[0][:300], computed=True)


class Progress:
    """A bar with rate and ETA on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.done, self.fresh = label, total, 0, 0
        self.started = self.spoken = time.perf_counter()
        self.bar = tqdm(total=total, desc=label, unit="clip", file=sys.stderr) if sys.stderr.isatty() else None

    def step(self, *, fresh: bool) -> None:
        """Count one finished task; `fresh` if it was computed rather than found."""
        self.done += 1
        self.fresh += fresh
        if self.bar is not None:
            self.bar.update()
        elif time.perf_counter() - self.spoken > LOG_EVERY_S:
            self.spoken = time.perf_counter()
            rate = self.fresh / max(self.spoken - self.started, 1e-9)
            left = (self.total - self.done) / rate if rate else float("inf")
            log.info("%s  %d/%d  %.1f/s  about %.0f s left", self.label, self.done, self.total, rate, left)

    def close(self) -> None:
        """Finish the bar or say the last line."""
        if self.bar is not None:
            self.bar.close()
        seconds = time.perf_counter() - self.started
        log.info("%s  %d/%d  %d computed, %d from cache, %.1f s",
                 self.label, self.done, self.total, self.fresh, self.done - self.fresh, seconds)  # fmt: skip
