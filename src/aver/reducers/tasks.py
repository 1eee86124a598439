"""One task per fold of a reducer: what the reducers stage and strategies with a reducer ask of the clip cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aver.cache.cache import Inline, Source, Step
from aver.device import resolve, torch_runtime
from aver.parallel import Task
from aver.params.blocks import Params
from aver.reducers.registry import get_reducer
from aver.reducers.steps import ROLES
from aver.sequences.roles import TRAIN
from aver.sequences.split import Fold
from aver.sequences.timeline import Timeline

#: Folds fitted in one program.  More share more work; each takes D² × 8 bytes, 52 MB for 2560 dimensions.
TOGETHER = 8


def reducer_tasks(
    reducer: str, published: bool, line: Timeline, folds: Sequence[Fold], files: Mapping[str, Source], params: Params
) -> dict[str, Task]:
    """Return the task that fits a reducer on each fold, by the fold's name.

    Args:
        reducer: a name of `aver.params.names.REDUCERS`.
        published: without what AVER corrects.
        line: the time line; every clip has both roles.
        folds: of any protocols, all those of a protocol together (they share work, see `aver.reducers.scatter`).
        files: per role its rows, named by the time line's digest.
        params: all params.
    """
    found, block = get_reducer(reducer), getattr(params.reducers, reducer)
    device = resolve(params.classifiers.device)
    epochs = params.classifiers.temporal.budgets[params.budget].autoencoder_epochs
    wanted = found.params(block, epochs, device, published)
    step = Step(f"reduce-{reducer}", found.fit, wanted, torch_runtime(device), together=found.fit_together)
    sources = {role: files[role] for role in ROLES}
    tasks = {}
    for protocol in dict.fromkeys(fold.protocol for fold in folds):
        used = {fold.name: line.used(fold.roles == TRAIN) for fold in folds if fold.protocol == protocol}
        atoms = _atoms(list(used.values()), len(line.times))
        for name, steps in used.items():
            table = {f"links_{role}": line.links[role][steps] for role in ROLES}
            if found.fit_together:
                table["atoms"] = atoms[steps]
            tasks[name] = Task(f"{reducer} {name}", step, {"table": Inline(table), **sources}, most=TOGETHER)
    return tasks


def _atoms(used: Sequence[NDArray[np.int64]], steps: int) -> NDArray[np.int32]:
    """Return the same number [N] for steps that train in the same folds; `used` are each fold's."""
    trained = np.zeros((len(used), steps), bool)
    for fold, own in zip(trained, used, strict=True):
        fold[own] = True
    _, atoms = np.unique(np.packbits(trained, axis=0), axis=1, return_inverse=True)
    return atoms.reshape(-1).astype(np.int32)
