"""Figures as PNG, the same bytes for the same numbers: Agg, matplotlib's own defaults, no metadata.

They are drawn dark on nothing; the page's style inverts their lightness where the reader prefers a dark page.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, GRID = "#333333", "#cccccc"
DOT, CEILING, CHANCE = "#1f6fb2", "#c2570c", "#777777"
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
}


def score_figure(rows: Sequence[Mapping[str, Any]], chance: float) -> str:
    """Return the UAR of each strategy with its interval, its ceiling where known, and chance, as a `data:` URI.

    Args:
        rows: rows of the comparison, scores in 0 … 1.
        chance: UAR of guessing, 0 … 1.
    """
    with mpl.rc_context():
        figure, axes = canvas(4.6, 1.2 + 0.4 * len(rows))
        places = list(range(len(rows)))[::-1]
        axes.axvline(100 * chance, color=CHANCE, linestyle=":", linewidth=1.6, label="chance")
        for place, row in zip(places, rows, strict=True):
            axes.plot([100 * row["uar_low"], 100 * row["uar_high"]], [place, place], color=DOT, linewidth=5, alpha=0.35)
            axes.plot(100 * row["uar"], place, "o", color=DOT, markersize=8)
            if row["ceiling"] is not None:
                best = 100 * row["ceiling"]
                axes.plot([best, best], [place - 0.33, place + 0.33], color=CEILING, linewidth=2.5)
        axes.plot([], [], "o", color=DOT, label="UAR")
        axes.plot([], [], color=DOT, linewidth=5, alpha=0.35, label="interval")
        if any(row["ceiling"] is not None for row in rows):
            axes.plot([], [], color=CEILING, linewidth=2.5, label="best possible")
        axes.set(xlim=(0, 100), ylim=(-0.6, len(rows) - 0.4), xlabel="UAR, %")
        axes.set_yticks(places, [row["strategy"] for row in rows])
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        legend(figure, axes, 4)
        return uri(figure)


def curve_figure(rows: Sequence[Mapping[str, Any]], top: float) -> str:
    """Return training and validation loss by epoch as a `data:` URI.

    Args:
        rows: rows of `curves.parquet` of one strategy, by epoch.
        top: end of the loss axis, the same for all strategies that stand side by side.
    """
    with mpl.rc_context():
        figure, axes = canvas(4.2, 2.6)
        epochs = [row["epoch"] + 1 for row in rows]
        axes.plot(epochs, [row["train_loss"] for row in rows], color=DOT, linewidth=2, label="training")
        axes.plot(
            epochs, [row["validation_loss"] for row in rows], "--", color=CEILING, linewidth=2, label="validation"
        )
        axes.set(xlabel="epoch", ylabel="loss", ylim=(0, top))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid()
        legend(figure, axes, 2)
        return uri(figure)


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure (inches) drawn with the defaults plus `STYLE`, whatever the reader's matplotlibrc says."""
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)
    figure = Figure(figsize=(width, height), dpi=180, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def legend(figure: Figure, axes: Axes, columns: int) -> None:
    """Put the labelled lines of the axes into a legend above them."""
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        handlelength=1.4,
        columnspacing=1.2,
    )


def uri(figure: Figure) -> str:
    """Return a figure as PNG in a `data:` URI."""
    png = io.BytesIO()
    figure.savefig(png, format="png", transparent=True, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode("ascii")
