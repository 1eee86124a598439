"""Accuracy by the share of steps that are noise (Ghaleb et al. 2022, figures 5 to 8, by their number).

Steps of two strategies differ in length and number, so numbers of them would not compare.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from aver.report.drawings.lines import Score, named, score_line, style
from aver.report.figures import CHANCE, INK, canvas


def noise_figure(strategies: Sequence[tuple[str, Sequence[Score], Sequence[Score]]], chance: float | None) -> Figure:
    """Return a solid line per strategy, and a dashed one where it was trained with such noise too.

    Args:
        strategies: (name, scores by noisy steps in percent of all, the same of models trained with noise); either
            scores may be empty.
        chance: accuracy of guessing, 0 … 1; None where it is not known.
    """
    figure, axes = canvas(4.8, 3.2)
    for number, (name, clean, trained) in enumerate(strategies):
        if clean:
            score_line(axes, clean, style(number), name)
        if trained:
            # The bands of the solid lines are enough to look at; the table has these intervals too.
            score_line(axes, trained, style(number), "" if clean else name, dashed=True, band=False)
    if any(trained for _, _, trained in strategies):
        axes.plot([], [], "--", color=INK, label="trained with noise")
    if chance is not None:
        axes.axhline(100 * chance, color=CHANCE, linestyle=":", linewidth=1.6, label="chance")
    axes.set(xlabel="share of steps that are noise, %", ylabel="right, % of clips", ylim=(0, 102))
    axes.grid()
    named(figure, axes)
    return figure
