"""Fusion strategies by name (`aver.params.names.STRATEGIES`)."""

from __future__ import annotations

from aver.classifiers.strategy import Strategy
from aver.params.names import PAPER, STRATEGIES, known, module_of


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name; a `-paper` variant is the same strategy (see `is_published`).

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("strategy", name, STRATEGIES)
    strategy: Strategy = module_of("classifiers", name.removesuffix(PAPER)).STRATEGY
    return strategy


def is_published(name: str) -> bool:
    """Tell whether a strategy's name asks for its `-paper` variant."""
    return name.endswith(PAPER)
