"""The fusion strategies by name.  Adding one is one file and one line here."""

from __future__ import annotations

from importlib import import_module

from aver.classifiers.strategy import Strategy
from aver.params.file import known

STRATEGIES = {
    "visual": "aver.classifiers.visual",
    "acoustic": "aver.classifiers.acoustic",
    "concat": "aver.classifiers.concat",
}


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("strategy", name, list(STRATEGIES))
    strategy: Strategy = import_module(STRATEGIES[name]).STRATEGY
    return strategy
