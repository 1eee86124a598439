"""Fusion strategies by name (`aver.params.names.STRATEGIES`)."""

from __future__ import annotations

from aver.classifiers.strategy import Strategy
from aver.params.names import STRATEGIES, known, module_of


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("strategy", name, STRATEGIES)
    strategy: Strategy = module_of("classifiers", name).STRATEGY
    return strategy
