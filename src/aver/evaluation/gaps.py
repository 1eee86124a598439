"""The protocol gap: one strategy's scores under every protocol of its benchmark, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: The scores that stand side by side.
SCORES = ("accuracy", "uar")
#: What else a row takes from its cell: protocols differ in how many clips they test and how many seeds they train.
FACTS = ("benchmark", "strategy", "protocol", "headline", "clips", "seeds", "ceiling", "above_ceiling")


def gaps(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per cell, by benchmark, strategy and protocol (the headline first).

    `clip` and `window` hold accuracy and UAR, `clip` also the interval of the UAR; None where there is none.
    """
    order = sorted(range(len(cells)), key=lambda k: (cells[k]["benchmark"], cells[k]["strategy"], k))
    return [_row(cells[k]) for k in order]


def _row(cell: dict[str, Any]) -> dict[str, Any]:
    row = {key: cell[key] for key in FACTS}
    for level in ("clip", "window"):
        row[level] = {name: None if cell["gap"] else cell[level][name]["mean"] for name in SCORES}
    interval = {f"uar_{end}": None if cell["gap"] else cell["clip"]["uar"][end] for end in ("low", "high")}
    return {**row, "clip": row["clip"] | interval}
