"""Entropy of the embeddings, layer by layer (Ghaleb et al. 2022, figure 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aver.report.drawings.lines import named
from aver.report.figures import canvas


def layer_figure(
    lines: Sequence[tuple[str, tuple[str, str], Sequence[float | None]]],
    what: str,
    limits: tuple[float, float | None] | None = None,
) -> Figure:
    """Return a line of entropies over the layers, 0 before the first one.

    Args:
        lines: (name, colour and marker, nats by layer).
        what: the name of the vertical axis.
        limits: of the vertical axis, where several figures stand side by side; an upper end of None is where
            the lines end.
    """
    figure, axes = canvas(4.2, 2.7)
    for name, (colour, marker), values in lines:
        heights = np.array(values, dtype=np.float64)
        axes.plot(
            np.arange(len(heights)), heights, "-", marker=marker, color=colour, linewidth=1.8, markersize=5, label=name
        )
    axes.set(xlabel="encoder layer (0: before the first)", ylabel=what)
    if limits:
        axes.set_ylim(*limits)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid()
    named(figure, axes)
    return figure
