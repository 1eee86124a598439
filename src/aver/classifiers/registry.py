"""Fusion strategies by name (`aver.params.names.STRATEGIES`)."""

from __future__ import annotations

from dataclasses import replace

from aver.classifiers.strategy import Strategy
from aver.params.names import ABLATIONS, PAPER, STRATEGIES, known, module_of


def get_strategy(name: str) -> Strategy:
    """Return a strategy by name; a `-paper` variant is the same strategy (see `is_published`), an ablation another.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("strategy", name, STRATEGIES)
    plain = name.removesuffix(PAPER)
    whole, fixed = ABLATIONS.get(plain, (plain, {}))
    strategy: Strategy = module_of("classifiers", whole).STRATEGY
    return replace(strategy, name=plain, fixed=fixed)


def is_published(name: str) -> bool:
    """Tell whether a strategy's name asks for its `-paper` variant."""
    return name.endswith(PAPER)
