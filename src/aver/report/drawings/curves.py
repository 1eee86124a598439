"""Learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aver.report.figures import CEILING, DOT, canvas, legend


def curve_figure(rows: Sequence[Mapping[str, Any]], top: float) -> Figure:
    """Return training and validation loss by epoch.

    Args:
        rows: rows of `curves.parquet` of one strategy, by epoch.
        top: end of the loss axis, the same for all strategies that stand side by side.
    """
    figure, axes = canvas(4.2, 2.6)
    epochs = [row["epoch"] + 1 for row in rows]
    axes.plot(epochs, [row["train_loss"] for row in rows], color=DOT, linewidth=2, label="training")
    axes.plot(epochs, [row["validation_loss"] for row in rows], "--", color=CEILING, linewidth=2, label="validation")
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, top))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid()
    legend(figure, axes, 2)
    return figure
