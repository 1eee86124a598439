"""Check the block `classifiers`: the systems' streams and budgets, and what a network asks of its sizes."""

from __future__ import annotations

from math import lcm
from pathlib import Path

from aver.errors import ParamsError
from aver.params.blocks import Params
from aver.params.names import ABLATIONS, ADAPTERS, PAPER, REDUCERS, STRATEGIES, known

#: Systems: blocks under `classifiers`.
SYSTEMS = ("temporal", "mater")


def system_of(strategy: str) -> str:
    """Return the system of a strategy: its own block under `classifiers`, or that of system A's fusions."""
    plain = strategy.removesuffix(PAPER)
    whole, _ = ABLATIONS.get(plain, (plain, {}))
    return whole if whole in SYSTEMS else SYSTEMS[0]


def check_classifiers(file: Path, params: Params) -> None:
    """Check what every system names: streams, its budget, corpora.

    Args:
        file: how to call it in a message.
        params: all params.

    Raises:
        ParamsError: names the key and what is accepted.
    """
    for system in SYSTEMS:
        block = getattr(params.classifiers, system)
        known(f"{file}: budget (classifiers.{system}.budgets)", params.budget, list(block.budgets))
        for role in ("visual", "acoustic"):
            known(f"{file}: classifiers.{system}.{role}", getattr(block, role), list(params.features))
    for name in params.classifiers.noise_trained:
        known(f"{file}: classifiers.noise_trained", name, STRATEGIES)
        if name.removesuffix(PAPER) in REDUCERS:
            raise ParamsError(
                f"{file}: classifiers.noise_trained: {name} reads reduced rows, which hold no modality apart to put "
                "noise in; take it out"
            )
    _check_mater(f"{file}: classifiers.mater", params)


def _check_mater(where: str, params: Params) -> None:
    block = params.classifiers.mater
    over = {role: params.features[getattr(block, role)].window for role in ("visual", "acoustic")}
    window = params.windows.get(over["visual"])
    if len(set(over.values())) > 1 or window is None or window.rule != "fixed":
        rule = f" (of rule {window.rule})" if window else ""
        raise ParamsError(
            f"{where}: both streams must have a row for each of the same windows of rule fixed, but visual "
            f"{block.visual} is over {over['visual']}{rule} and acoustic {block.acoustic} over {over['acoustic']}; "
            "give both one such window, e.g. half"
        )
    for adapter in block.span_s:
        known(f"{where}.span_s (by adapter)", adapter, ADAPTERS)
    for name, budget in block.budgets.items():
        step = lcm(block.heads, 2)
        if budget.width % step:
            near = step * max(1, round(budget.width / step))
            raise ParamsError(
                f"{where}.budgets.{name}.width: {budget.width} is no multiple of {step}: {block.heads} heads share it, "
                f"and a position is pairs of sine and cosine; take e.g. {near}"
            )
