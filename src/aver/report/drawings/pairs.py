"""Differences between strategies with their intervals (a forest plot)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from aver.report.figures import CHANCE, DOT, INK, canvas, legend


def pair_figure(pairs: Sequence[dict[str, Any]]) -> Figure:
    """Return one interval per pair; settled differences are filled, others hollow.

    Args:
        pairs: with `one`, `other`, `difference`, `low`, `high` (differences of UAR, or None) and `settled`.
    """
    figure, axes = canvas(4.8, 1.2 + 0.3 * len(pairs))
    places = list(range(len(pairs)))[::-1]
    axes.axvline(0, color=INK, linewidth=1)
    for place, pair in zip(places, pairs, strict=True):
        colour = DOT if pair["settled"] else CHANCE
        if pair["low"] is not None and pair["high"] is not None:
            axes.plot([100 * pair["low"], 100 * pair["high"]], [place, place], color=colour, linewidth=2)
        face = colour if pair["settled"] else "white"
        axes.plot(100 * pair["difference"], place, "o", markerfacecolor=face, markeredgecolor=colour, markersize=7)
    axes.plot([], [], "-o", color=DOT, label="real")
    axes.plot([], [], "-o", color=CHANCE, markerfacecolor="white", label="not settled")
    axes.set(ylim=(-0.6, len(pairs) - 0.4), xlabel="difference of UAR, points")
    axes.set_yticks(places, [f"{pair['one']} − {pair['other']}" for pair in pairs], fontsize=9)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    legend(figure, axes, 2)
    return figure
