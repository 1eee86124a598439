"""Check the block `classifiers`: the systems' streams and budgets, and what a network asks of its sizes."""

from __future__ import annotations

from pathlib import Path

from aver.errors import ParamsError
from aver.params.blocks import Params
from aver.params.names import ABLATIONS, ADAPTERS, PAPER, STRATEGIES, known

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
    _check_mater(f"{file}: classifiers.mater", params)


def _check_mater(where: str, params: Params) -> None:
    block = params.classifiers.mater
    over = {role: params.features[getattr(block, role)].window for role in ("visual", "acoustic")}
    window = params.windows.get(over["visual"])
    if len(set(over.values())) > 1 or window is None or window.rule != "fixed":
        raise ParamsError(
            f"{where}: both streams must have a row for each of the same fixed windows, but visual {block.visual} is "
            f"over {over['visual']} and acoustic {block.acoustic} over {over['acoustic']}; give both one window of "
            "rule fixed, e.g. half"
        )
    for adapter in block.span_s:
        known(f"{where}.span_s", adapter, ADAPTERS)
    for name, budget in block.budgets.items():
        if budget.width % block.heads or budget.width % 2:
            raise ParamsError(
                f"{where}.budgets.{name}.width: {budget.width} cannot be shared by {block.heads} heads, or is odd; "
                "choose an even multiple of heads"
            )
