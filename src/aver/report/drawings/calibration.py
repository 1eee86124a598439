"""Reliability diagram: how often a strategy is right when it is this sure (Guo et al. 2017, figure 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from aver.report.figures import CHANCE, DOT, GRID, blank, legend


def calibration_figure(bins: Sequence[dict[str, Any]]) -> Figure:
    """Return accuracy by confidence above the clips of each bin.

    Args:
        bins: with `low`, `high` (edges, 0 … 1), `clips`, `confidence` and `accuracy` (None where empty).
    """
    figure = blank(4.2, 3.4)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    axes.plot([0, 100], [0, 100], "--", color=CHANCE, linewidth=1.4, label="perfectly calibrated")
    filled = [part for part in bins if part["accuracy"] is not None and part["confidence"] is not None]
    sure, right = ([100 * part[key] for part in filled] for key in ("confidence", "accuracy"))
    axes.plot(sure, right, "-o", color=DOT, linewidth=2, markersize=6, label="this strategy")
    axes.set(ylim=(0, 102), ylabel="right, %")
    axes.grid()
    edges = [100 * part["low"] for part in bins]
    widths = [100 * (part["high"] - part["low"]) * 0.9 for part in bins]
    below.bar(edges, [part["clips"] for part in bins], width=widths, align="edge", color=DOT, alpha=0.6)
    below.set(xlim=(0, 100), xlabel="confidence, %", ylabel="clips")
    below.grid(axis="y", color=GRID)
    below.set_axisbelow(True)
    legend(figure, axes, 2)
    return figure
