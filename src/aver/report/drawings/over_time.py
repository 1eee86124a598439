"""Accuracy as time goes on (Ghaleb et al. 2022, figures 9 and 10)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from aver.report.drawings.lines import SECONDS, Score, named, score_line
from aver.report.figures import CHANCE, canvas


def time_figure(lines: Sequence[tuple[str, tuple[str, str], Sequence[Score]]], chance: float | None) -> Figure:
    """Return accuracy against the seconds that are known.

    Args:
        lines: (name, colour and marker, scores by seconds).
        chance: accuracy of guessing, 0 … 1; None where it is not known.
    """
    figure, axes = canvas(4.8, 3.0)
    for name, look, scores in lines:
        score_line(axes, scores, look, name)
    if chance is not None:
        axes.axhline(100 * chance, color=CHANCE, linestyle=":", linewidth=1.6, label="chance")
    axes.set(xlabel=SECONDS, ylabel="right, % of clips", ylim=(0, 102))
    axes.set_xlim(left=0)
    axes.grid()
    named(figure, axes)
    return figure
