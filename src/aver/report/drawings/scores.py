"""UAR of each strategy: its interval, its ceiling, chance, and what is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from aver.report.figures import CEILING, CHANCE, DOT, INK, canvas, legend


@dataclass(frozen=True)
class Bar:
    """One strategy, all in 0 … 1; None where there is none."""

    strategy: str
    uar: float
    low: float | None
    high: float | None
    ceiling: float | None
    reported: float | None


def score_figure(bars: Sequence[Bar], chance: float) -> Figure:
    """Return a point and an interval for each strategy, the first one on top."""
    figure, axes = canvas(4.8, 1.2 + 0.4 * len(bars))
    places = list(range(len(bars)))[::-1]
    axes.axvline(100 * chance, color=CHANCE, linestyle=":", linewidth=1.6, label="chance")
    for place, bar in zip(places, bars, strict=True):
        if bar.low is not None and bar.high is not None:
            axes.plot([100 * bar.low, 100 * bar.high], [place, place], color=DOT, linewidth=5, alpha=0.35)
        axes.plot(100 * bar.uar, place, "o", color=DOT, markersize=8)
        if bar.ceiling is not None:
            axes.plot([100 * bar.ceiling] * 2, [place - 0.33, place + 0.33], color=CEILING, linewidth=2.5)
        if bar.reported is not None:
            axes.plot(100 * bar.reported, place, "D", markerfacecolor="white", markeredgecolor=INK, markersize=6)
    axes.plot([], [], "o", color=DOT, label="UAR")
    axes.plot([], [], color=DOT, linewidth=5, alpha=0.35, label="interval")
    if any(bar.ceiling is not None for bar in bars):
        axes.plot([], [], color=CEILING, linewidth=2.5, label="best possible")
    if any(bar.reported is not None for bar in bars):
        axes.plot([], [], "D", markerfacecolor="white", markeredgecolor=INK, label="reported (other protocol)")
    axes.set(xlim=(0, 100), ylim=(-0.6, len(bars) - 0.4), xlabel="UAR, %")
    axes.set_yticks(places, [bar.strategy for bar in bars])
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    legend(figure, axes, 4 if len(axes.get_legend_handles_labels()[1]) <= 4 else 3)
    return figure
