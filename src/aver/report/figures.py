"""What all figures share: PNG, the same bytes for the same numbers: Agg, matplotlib's own defaults, no metadata.

They are drawn dark on white; the page's style inverts their lightness where the reader prefers a dark page.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure (inches) drawn with the defaults plus `STYLE`, whatever the reader's matplotlibrc says."""
    figure = blank(width, height)
    return figure, figure.add_subplot()


def blank(width: float, height: float) -> Figure:
    """Return such a figure without axes."""
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)
    figure = Figure(figsize=(width, height), dpi=180, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


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


def rendered(draw: Callable[[], Figure]) -> bytes:
    """Return what `draw` draws as PNG, leaving matplotlib's settings as they were."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a label may hold letters that the font lacks
        return png(draw())


def png(figure: Figure) -> bytes:
    """Return a figure as PNG without metadata."""
    content = io.BytesIO()
    figure.savefig(content, format="png", facecolor="white", metadata={"Software": None})
    return content.getvalue()


def data_uri(content: bytes) -> str:
    """Return a PNG as `data:` URI."""
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def uri(figure: Figure) -> str:
    """Return a figure as PNG in a `data:` URI."""
    return data_uri(png(figure))
