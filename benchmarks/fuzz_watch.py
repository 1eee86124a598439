"""Watch over the stages of a fuzz run: nothing may hang, stop the run, or take more and more memory."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from aver.cache.cache import Cache, Failed, Outcome
from aver.parallel import Run, Task, run_tasks
from aver.params.blocks import Parallel

log = logging.getLogger(__name__)
#: So many clips are handed to the workers together; they are named together when one of them hangs.
GROUP = 8
SLOW_S, HANG_S = 20.0, 60
#: Largest resident set of one process (workers with OpenCV and a decoded clip, ffmpeg).
PEAK_BYTES = 1 << 30


class HangError(Exception):
    """The workers gave no answer."""


@dataclass
class Watch:
    """A runner for the stages: runs tasks in groups, times each group, and goes on after one that stopped the run."""

    complaints: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, tasks: Sequence[Task], label: str, parallel: Parallel, cache: Cache, unit: str = "clip") -> Run:
        """Return the outcomes of the tasks, in their order."""
        outcomes: list[Outcome] = []
        for first in range(0, len(tasks), GROUP):
            if first % (16 * GROUP) == 0:
                log.info("%s  %d/%d", label, first, len(tasks))
            group = tasks[first : first + GROUP]
            began = time.perf_counter()
            try:
                with _alarm(HANG_S):
                    outcomes += run_tasks(group, label, parallel, cache, unit).outcomes
            except Exception as error:
                outcomes += [Failed("internal", f"stopped the run: {error}", computed=True) for _ in group]
            if time.perf_counter() - began > SLOW_S:
                names = ", ".join(task.name for task in group)
                self.complaints.append((group[0].name, f"{label}: more than {SLOW_S:g} s for one of {names}"))
        return Run(outcomes, len(tasks), 0, 0.0)


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError(f"no answer for {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@dataclass
class Peak:
    """The largest resident set that a process below this one has had, and its command."""

    bytes: int = 0
    name: str = ""


@contextmanager
def peak() -> Iterator[Peak]:
    """Sample all processes below this one, forty times a second; the kernel keeps each one's own maximum."""
    highest, ended = Peak(), threading.Event()
    own = Path("/proc/self/cmdline").read_bytes()

    def sample() -> None:
        while not ended.wait(0.025):
            for process in _below(os.getpid()):
                with suppress(OSError, StopIteration):
                    # Between fork and exec a child has this process's memory, its maximum included.
                    if (Path("/proc") / str(process) / "cmdline").read_bytes() == own:
                        continue
                    status = (Path("/proc") / str(process) / "status").read_text().splitlines()
                    held = 1024 * int(next(line for line in status if line.startswith("VmHWM")).split()[1])
                    if held > highest.bytes:
                        highest.bytes, highest.name = held, status[0].split()[1]

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield highest
    finally:
        ended.set()
        thread.join()


def _below(process: int) -> Iterator[int]:
    """Yield the processes that a process has started, and those that these have."""
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                yield int(child)
                yield from _below(int(child))
