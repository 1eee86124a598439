"""Accuracy of every speaker, one line of points per strategy."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from matplotlib.figure import Figure

from aver.report.figures import CEILING, DOT, canvas, legend


def speaker_figure(strategies: Sequence[tuple[str, Sequence[float]]]) -> Figure:
    """Return a point per speaker and a mark at the middle one.

    Args:
        strategies: (name, accuracies 0 … 1 of its speakers).
    """
    figure, axes = canvas(4.8, 1.2 + 0.4 * len(strategies))
    places = list(range(len(strategies)))[::-1]
    for place, (_, accuracies) in zip(places, strategies, strict=True):
        # Speakers with the same accuracy would hide each other: spread them over the height of the line, in order.
        ordered = sorted(accuracies)
        offsets = [0.24 * ((number % 5) / 2 - 1) for number in range(len(ordered))]
        heights = [place + offset for offset in offsets]
        axes.plot(
            [100 * value for value in ordered], heights, "o", color=DOT, alpha=0.5, markersize=5, markeredgewidth=0
        )
        axes.plot([100 * median(ordered)] * 2, [place - 0.36, place + 0.36], color=CEILING, linewidth=2.5)
    axes.plot([], [], "o", color=DOT, alpha=0.5, markeredgewidth=0, label="one speaker")
    axes.plot([], [], color=CEILING, linewidth=2.5, label="middle speaker")
    axes.set(xlim=(-1, 101), ylim=(-0.6, len(strategies) - 0.4), xlabel="accuracy, %")
    axes.set_yticks(places, [name for name, _ in strategies])
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    legend(figure, axes, 2)
    return figure
