"""What a survey notes: lists of tasks, and what the cache holds for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aver.cache.cache import Cache, Failed, Outcome, Pending
from aver.parallel import Run, Task, look_up
from aver.params.blocks import Parallel

Rows = list[dict[str, Any]]
DATA = Path("data")


@dataclass(frozen=True)
class Work:
    """One list of tasks of one stage.

    Args:
        stage: DVC's name of the stage, e.g. `media@synthetic`.
        out: the folder that it writes.
        label: as in run records, e.g. `media synthetic probe`.
        unit: what one task is called.
        tasks: those whose inputs are known.
        outcomes: what the cache holds for them.
        waiting: how many more there will be at most, when the stages, and the lists of this stage, before have run.
        corpus: whose clips these are; empty for training runs and rendering.
    """

    stage: str
    out: Path
    label: str
    unit: str
    tasks: Sequence[Task]
    outcomes: Sequence[Outcome]
    waiting: int = 0
    corpus: str = ""

    @property
    def pending(self) -> int:
        """Tasks whose result is not in the cache."""
        return sum(isinstance(outcome, Pending) for outcome in self.outcomes)

    @property
    def failed(self) -> int:
        """Tasks with a stored failure."""
        return sum(isinstance(outcome, Failed) for outcome in self.outcomes)

    @property
    def cached(self) -> int:
        """Tasks whose outcome is in the cache, failures included."""
        return len(self.outcomes) - self.pending


@dataclass
class Survey:
    """All works in the order of the flow, the clips of each corpus, and what could not be looked at and why."""

    works: list[Work] = field(default_factory=list)
    clips: dict[str, Rows] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


class Notes:
    """A runner that looks up, and notes what it was asked.

    The lists of a corpus's stage are steps: the results of one are the inputs of the next.  So whatever one leaves
    pending waits in the next, and in the end `waiting` is how many clips the stage leaves open.
    """

    def __init__(self, found: Survey, stage: str, out: Path, waiting: int = 0, corpus: str = "") -> None:
        self.found, self.stage, self.out, self.waiting, self.corpus = found, stage, out, waiting, corpus

    def __call__(self, tasks: Sequence[Task], label: str, parallel: Parallel, cache: Cache, unit: str = "clip") -> Run:
        """Look up the tasks and note what there is; see `aver.parallel.Runner`."""
        done = look_up(tasks, label, parallel, cache, unit)
        self.note(label, unit, tasks, done.outcomes)
        if self.corpus:
            self.waiting += self.found.works[-1].pending
        return done

    def note(self, label: str, unit: str, tasks: Sequence[Task] = (), outcomes: Sequence[Outcome] = ()) -> None:
        """Note one list of tasks, or that there will be one."""
        work = Work(self.stage, self.out, label, unit, tasks, outcomes, self.waiting, self.corpus)
        self.found.works.append(work)
