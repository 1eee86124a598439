"""The blank page: measures, colours, and how words, areas and pictures are put on it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

from aver.faces.settle import DETECTED, INTERPOLATED, MISSING
from aver.report.figures import DOT, INK, STYLE

#: Inches; y runs downwards.  13 1/3 inches are the width of a 16:9 slide.
DPI = 150
WIDTH = 2000 / DPI
MARGIN = 0.48
LEFT, RIGHT = 1.75, WIDTH - 2.25  # of the time axis
GAP, CAPTION = 0.1, 0.24  # between thumbnails, and the height of the words below them
MIN_CELL, MAX_THUMB, MAX_GRID = 0.9, 2.6, 5.5  # narrowest caption, longest side of a thumbnail, height of 24

SOFT, TRACK, ALARM = "#6e747c", "#f2f4f6", "#8f2d0e"
#: Beside the three states of the clip's face: another face.
OTHER = 3
#: Blue and orange stay apart for every kind of colour vision, and in grey; a missing face is hatched besides.
COLOURS = {DETECTED: DOT, INTERPOLATED: "#e69f00", MISSING: "#c9cdd2", OTHER: INK}
WORDS = {DETECTED: "detected", INTERPOLATED: "interpolated", MISSING: "missing", OTHER: "another face"}
CUT = "#b3204d"
TINTS = ("#d9e3ee", "#c5d3e2")
WAVE, WAVE_RMS = "#a9bccf", "#4f6d8c"


class Page:
    """One white page that grows downwards while it is drawn; all places are inches from its left upper corner."""

    def __init__(self) -> None:
        self.figure = Figure(dpi=DPI, facecolor="white")
        self.renderer = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def png(self, height: float) -> bytes:
        """Return the page as PNG, cut off at `height`."""
        height = pixel(height)
        self.figure.set_size_inches(WIDTH, height)
        self.axes.set(xlim=(0, WIDTH), ylim=(height, 0), aspect="auto")
        png = io.BytesIO()
        self.figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        return png.getvalue()

    def width(self, words: str, size: float, weight: str = "normal") -> float:
        """Return how wide a line of words is."""
        font = FontProperties(family=STYLE["font.family"], size=size, weight=weight)
        return self.renderer.get_text_width_height_descent(words, font, ismath=False)[0] / DPI

    def write(self, x: float, y: float, words: str, size: float = 10, colour: str = INK, weight: str = "normal",
              align: str = "left", most: float = WIDTH) -> float:  # fmt: skip
        """Write one line whose middle is at y and return its width.

        If it is wider than `most` it becomes a little smaller, and if that is not enough its middle is left out.
        """
        words = "".join(letter if letter.isprintable() else "?" for letter in words)
        smallest = 0.8 * size
        while size - 0.25 > smallest and self.width(words, size, weight) > most:
            size -= 0.25
        whole, keep = words, len(words)
        while keep > 2 and self.width(words, size, weight) > most:
            keep = keep * 19 // 20
            words = whole[: keep // 2].rstrip() + "…" + whole[keep // 2 - keep :].lstrip()
        self.axes.text(x, y, words, size=size, color=colour, weight=weight, ha=align, va="center_baseline")
        return self.width(words, size, weight)

    def area(self, x: float, y: float, width: float, height: float, colour: str, round_by: float = 0.0,
             **how: Any) -> FancyBboxPatch:  # fmt: skip
        """Fill a rectangle whose left upper corner is at x, y."""
        style = f"round,pad=0,rounding_size={round_by}" if round_by else "square,pad=0"
        how = {"linewidth": 0, **how}
        patch = FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=colour, **how)
        self.axes.add_patch(patch)
        return patch

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, width: float, **how: Any) -> None:
        """Draw a line through points; its width is in points of 1/72 inch."""
        self.axes.plot(xs, ys, color=colour, linewidth=width, **how)

    def image(self, pixels: NDArray[np.uint8], x: float, y: float) -> AxesImage:
        """Draw pixels one to one, their left upper corner at x, y."""
        x, y = pixel(x), pixel(y)
        height, width = np.array(pixels.shape[:2]) / DPI
        extent = (x, x + width, y + height, y)
        return self.axes.imshow(pixels, extent=extent, aspect="auto", interpolation="nearest", zorder=1)


def pixel(inches: float) -> float:
    """Return the place of the nearest whole pixel."""
    return round(inches * DPI) / DPI
