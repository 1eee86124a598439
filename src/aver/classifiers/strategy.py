"""What a fusion strategy is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.classifiers.fit import FitParams
    from aver.classifiers.network import Network

#: The role of rows that went through a reducer.
REDUCED = "reduced"


@dataclass(frozen=True)
class Strategy:
    """One way to turn feature streams into a decision.

    A strategy's `-paper` variant is the same with what AVER corrects put back as published: rows as the encoders give
    them, the last epoch instead of the best, and what each network's module says.

    Args:
        name: as `fusion` in `params.yaml`, without `-paper`.
        roles: the streams it needs, `visual` and `acoustic`; which streams these are stands in its system's block.
        network: its network, from the widths of its rows by role and the params of a run.
        train: `train(params, table, **rows) -> arrays` for one run, and
        train_together: the same for several at once, see `aver.classifiers.fit`.  Both are defined in the strategy's
            own module, so that a change to one strategy trains no other one again.
        params: the dataclass of its params; each comes from `fixed`, the strategy's own blocks, its system's budget or
            block (`aver.params.classifiers.system_of`), or from `classifiers`, the first that has it.
        fixed: params that make it another strategy than the one it is a variant of.
        reducer: what its rows go through first, a name of `aver.params.names.REDUCERS`; empty: nothing.
        partial: it also takes clips that lack one of the roles.
    """

    name: str
    roles: tuple[str, ...]
    network: Callable[..., Network]
    train: Callable[..., Arrays]
    train_together: Callable[..., Iterator[tuple[int, Arrays]]]
    params: type[FitParams]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    reducer: str = ""
    partial: bool = False
