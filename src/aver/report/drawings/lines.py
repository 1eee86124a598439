"""Lines over time or noise, with the bands of their intervals; each differs from the others in colour and marker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aver.report.figures import legend

#: Of strategies, in their order; with more strategies than colours, these come again with other markers.
COLOURS = ("#1f6fb2", "#c2570c", "#3f7f55", "#7d4fa0", "#8a6d00", "#333333")
MARKERS = ("o", "s", "^", "D", "v", "P")
#: One pair per output; no colour of a strategy, since figures of both stand side by side.
OUTPUT_STYLES = {"acoustic": ("#c2186b", "s"), "visual": ("#0097a7", "^"), "both": ("#5d4037", "o")}
#: Name of the axis of looks.
SECONDS = "seconds known, from a clip's first step"


@dataclass(frozen=True)
class Score:
    """Accuracy 0 … 1 at one place of the axis, and its interval; None where there is none."""

    at: float
    mean: float | None
    low: float | None
    high: float | None


def style(number: int) -> tuple[str, str]:
    """Return colour and marker of the strategy with this number."""
    rounds, place = divmod(number, len(COLOURS))
    return COLOURS[place], MARKERS[(place + rounds) % len(MARKERS)]


def score_line(
    axes: Axes, scores: Sequence[Score], look: tuple[str, str], label: str, *, dashed: bool = False, band: bool = True
) -> None:
    """Draw scores in percent.

    Args:
        axes: where.
        scores: from left to right.
        look: colour and marker.
        label: in the legend.
        dashed: draw a dashed line with hollow markers.
        band: draw the intervals.
    """
    colour, marker = look
    table = np.array([(score.at, score.mean, score.low, score.high) for score in scores], dtype=np.float64)
    at, (mean, low, high) = table[:, 0], 100 * table[:, 1:].T
    if band:
        axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(
        at,
        mean,
        "--" if dashed else "-",
        marker=marker,
        color=colour,
        markerfacecolor="white" if dashed else colour,
        linewidth=1.8,
        markersize=4.5,
        label=label,
    )


def named(figure: Figure, axes: Axes) -> None:
    """Put the names of the lines above the axes: in one row if they are few and short, else in two columns.

    The figure becomes higher by the rows that this takes.
    """
    names = axes.get_legend_handles_labels()[1]
    columns = len(names) if len(names) <= 4 and len("".join(names)) <= 36 else 2
    figure.set_figheight(figure.get_figheight() + 0.2 * (ceil(len(names) / columns) - 1))
    legend(figure, axes, columns)
