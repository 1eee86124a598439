"""Histograms of response times (Ghaleb et al. 2022, figure 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from aver.report.drawings.lines import SECONDS
from aver.report.figures import INK, blank, legend


@dataclass(frozen=True)
class Times:
    """Response times of one output.

    Args:
        name: of the output.
        colour: of its bars.
        first: (seconds, share of clips 0 … 1) of the first right answer.
        settled: the same of the answer that stays right.
        mean_s: mean of the first, seconds; None where there is none.
    """

    name: str
    colour: str
    first: Sequence[tuple[float, float]]
    settled: Sequence[tuple[float, float]]
    mean_s: float | None


def response_figure(outputs: Sequence[Times], window_s: float) -> Figure:
    """Return the outputs below each other: bars and their mean for the first right answer, points for the settled one.

    Args:
        outputs: from the top; at least one.
        window_s: time between two looks, seconds.
    """
    figure = blank(4.2, 0.9 + 1.15 * len(outputs))
    panels = figure.subplots(len(outputs), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, times in zip(panels, outputs, strict=True):
        seconds, shares = [t_s for t_s, _ in times.first], [100 * share for _, share in times.first]
        axes.bar(seconds, shares, width=0.8 * window_s, color=times.colour, alpha=0.8)
        at, settled = [t_s for t_s, _ in times.settled], [100 * share for _, share in times.settled]
        axes.plot(at, settled, "D", markerfacecolor="white", markeredgecolor=INK, markersize=4.5)
        if times.mean_s is not None:
            axes.axvline(times.mean_s, color=INK, linestyle="--", linewidth=1.4)
        axes.set_title(times.name, fontsize=9, loc="right", pad=2)
        axes.grid(axis="y")
        axes.set_axisbelow(True)
    panels[0].bar([0], [0], color=INK, alpha=0.5, label="first right")
    panels[0].plot([], [], "--", color=INK, linewidth=1.4, label="mean of first right")
    panels[0].plot([], [], "D", markerfacecolor="white", markeredgecolor=INK, markersize=4.5, label="right for good")
    panels[-1].set(xlabel=SECONDS)
    panels[0].set_xlim(left=0)
    panels[0].set_ylim(bottom=0)
    figure.supylabel("clips, %", fontsize=10)
    legend(figure, panels[0], 3)
    return figure
