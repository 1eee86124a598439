"""What a fusion strategy is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.classifiers.fit import FitParams
    from aver.classifiers.head import Fusion

#: The role of rows that went through a reducer.
REDUCED = "reduced"


@dataclass(frozen=True)
class Strategy:
    """One way to turn feature streams into a decision.

    A strategy's `-paper` variant is the same with what AVER corrects put back as published: rows as the encoders give
    them, torch's own start of the LSTM, dropout also while validating, the last epoch instead of the best, and what
    each fusion's module says.

    Args:
        name: of the fusion in `params.yaml`, without `-paper`.
        roles: the streams it needs, `visual` and `acoustic` (which streams these are stands in `params.yaml`); the
            first one's rows are the steps of a sequence, rows of the other join them by time.
        fusion: its fusion layer under the params of a run.
        train: `train(params, table, **rows) -> arrays` for one run, and
        train_together: the same for several at once, see `aver.classifiers.fit`.  Both are defined in the strategy's
            own module, so that a change to one strategy trains no other one again.
        params: the dataclass of its params; what `FitParams` does not have comes from the strategy's own block in
            `classifiers`.
        reducer: what its rows go through first, a name of `aver.params.names.REDUCERS`; empty: nothing.
        partial: it also takes clips that lack one of the roles.
    """

    name: str
    roles: tuple[str, ...]
    fusion: Callable[..., Fusion]
    train: Callable[..., Arrays]
    train_together: Callable[..., Iterator[tuple[int, Arrays]]]
    params: Callable[..., FitParams]
    reducer: str = ""
    partial: bool = False
