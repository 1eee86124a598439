"""The protocol gap: one strategy's scores under every protocol of its benchmark, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: The scores that stand side by side.
SCORES = ("accuracy", "uar")


def gaps(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per cell, by benchmark, strategy and protocol (the headline first); None where there is none."""
    order = sorted(range(len(cells)), key=lambda k: (cells[k]["benchmark"], cells[k]["strategy"], k))
    rows = []
    for cell in (cells[k] for k in order):
        row = {key: cell[key] for key in ("benchmark", "strategy", "protocol", "headline", "ceiling", "above_ceiling")}
        for level in ("clip", "window"):
            row[level] = {name: None if cell["gap"] else cell[level][name]["mean"] for name in SCORES}
        rows.append(row)
    return rows
