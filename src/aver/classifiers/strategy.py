"""What a fusion strategy is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


@dataclass(frozen=True)
class Strategy:
    """One way to turn feature streams into a decision.

    Args:
        name: its name in `params.yaml`.
        roles: the streams it needs, `visual` and `acoustic` (which streams these are stands in `params.yaml`).
        timeline: the role whose rows are the steps of a sequence; rows of the other roles join it by time.
        train: `train(params, table, **rows) -> arrays`, see `aver.classifiers.fit.fit`; defined in the strategy's
            own module, so that a change to one strategy trains no other one again.
    """

    name: str
    roles: tuple[str, ...]
    timeline: str
    train: Callable[..., Arrays]
