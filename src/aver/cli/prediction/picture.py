"""A picture of an answer: the clip's faces over the probabilities in time, and the clip's own at the right."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Sequence
from itertools import cycle, islice, pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from aver.cli.prediction.answer import Answer
from aver.cli.prediction.choose import Chosen
from aver.cli.prediction.given import Given
from aver.cli.prediction.strip import Strip, strip
from aver.cli.sheet.canvas import DPI, LEFT, MARGIN, RIGHT, SOFT, TRACK, WAVE, WIDTH, Page
from aver.cli.sheet.decode import resize
from aver.params.blocks import Params
from aver.report.figures import GRID, INK, STYLE
from aver.report.words import percent

#: After Okabe & Ito (2008), black left out, three tints added: labels beyond these begin again.
COLOURS = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7a6fb0", "#8c8c8c", "#7f4f24",
    "#a6d5b8",
)  # fmt: skip
#: Inches.
CELL, PLOT, LINE = 0.72, 3.3, 0.3
#: Two steps further apart than this are no neighbours: the time between them has no answer, seconds.
APART_S = 1e-3


def draw(clip: Given, answer: Answer, chosen: Chosen, notices: Sequence[str], params: Params) -> bytes:
    """Return the picture as PNG: the same bytes for the same answer, without metadata."""
    cells = int((RIGHT - LEFT) / CELL)
    shown = strip(clip, answer, cells, params)
    end_s = max(answer.duration_s, float(answer.times_s[-1, 1]))
    colours = list(islice(cycle(COLOURS), len(answer.labels)))

    def place(time_s: float) -> float:
        return LEFT + (RIGHT - LEFT) * time_s / end_s

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a file name may hold letters that the font lacks
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        page = Page()
        y = _header(page, answer, chosen, MARGIN)
        y = _notes(page, [*notices, *answer.notes, *shown.notes], y) + 0.2
        y = _strip(page, shown, y, place) + 0.14
        height = max(PLOT, LINE * len(answer.labels))
        _areas(page, answer, colours, y, height, place)
        _clip(page, answer, colours, y, height)
        return page.png(_axis(page, y, height, end_s, place) + 0.34)


def _header(page: Page, answer: Answer, chosen: Chosen, y: float) -> float:
    wide = page.write(MARGIN, y + 0.1, answer.clip, 23, weight="bold", most=WIDTH - 5.5)
    words = f"{answer.label}  {percent(float(answer.whole.max()), 0)} %"
    page.area(MARGIN + wide + 0.22, y - 0.08, page.width(words, 12, "bold") + 0.3, 0.34, "#e4eef7", 0.17)
    x = MARGIN + wide + 0.37
    x += page.write(x, y + 0.1, words, 12, "#1f6fb2", "bold") + 0.35
    page.write(x, y + 0.1, f"{answer.agree} of {len(answer.models)} models agree", 11, SOFT, most=WIDTH - MARGIN - x)
    y += 0.44
    page.write(MARGIN, y + 0.06, chosen.words, 10.5, SOFT, most=WIDTH - 2 * MARGIN)
    return y + 0.2


def _notes(page: Page, notes: Sequence[str], y: float) -> float:
    for note in notes:
        for line in textwrap.wrap(note, 170):
            page.write(MARGIN, y + 0.14, line, 10, INK, most=WIDTH - 2 * MARGIN)
            y += 0.2
    return y


def _strip(page: Page, shown: Strip, y: float, place: Callable[[float], float]) -> float:
    side = (RIGHT - LEFT) / len(shown.pictures)
    page.area(LEFT, y, RIGHT - LEFT, side, TRACK, zorder=0.2)
    if shown.what != "nothing":
        page.write(LEFT - 0.16, y + side / 2, shown.what, 11, align="right")
    for number, picture in enumerate(shown.pictures):
        if picture is None:
            continue
        scale = (side - 0.04) * DPI / max(picture.shape[:2])
        pixels = resize(picture, picture.shape[1] * scale, picture.shape[0] * scale)
        high, wide = np.array(pixels.shape[:2]) / DPI
        page.image(pixels, LEFT + (number + 0.5) * side - wide / 2, y + (side - high) / 2)
    if shown.wave is not None and shown.what == "sound":
        wave = shown.wave
        xs = np.repeat([place(edge) for edge in wave.edges_s], 2)[1:-1]
        size = 0.46 * side / (max(float(wave.high.max()), float(-wave.low.min())) or 1.0)
        low, high = (y + side / 2 - size * np.repeat(part, 2) for part in (wave.low, wave.high))
        page.axes.fill_between(xs, low, high, color=WAVE, linewidth=0)
    elif all(picture is None for picture in shown.pictures):
        page.write((LEFT + RIGHT) / 2, y + side / 2, "nothing can be shown", 10.5, SOFT, align="center")
    return y + side


def _areas(
    page: Page, answer: Answer, colours: Sequence[str], y: float, height: float, place: Callable[[float], float]
) -> None:
    """Draw the probabilities one above the other, the first label on top; time without an answer stays grey."""
    page.area(LEFT, y, RIGHT - LEFT, height, TRACK, zorder=0.2, hatch="///", edgecolor="#ffffff")
    below = np.concatenate([np.zeros((len(answer.steps), 1)), np.cumsum(answer.steps, axis=1)], axis=1)
    following = runs(answer.times_s)
    for start, end in _gaps(answer, following):
        words = "no answer"
        wide, middle = page.width(words, 10.5) + 0.2, place((start + end) / 2)
        if wide < place(end) - place(start):
            # Over the lines of the time axis.
            page.area(middle - wide / 2, y + height / 2 - 0.13, wide, 0.26, TRACK, zorder=2.5)
            page.write(middle, y + height / 2, words, 10.5, SOFT, align="center")
    for first, last in following:
        edges = [*answer.times_s[first:last, 0], answer.times_s[last - 1, 1]]
        xs = np.repeat([place(float(edge)) for edge in edges], 2)[1:-1]
        for number, colour in enumerate(colours):
            top, bottom = (y + height * np.repeat(below[first:last, k], 2) for k in (number, number + 1))
            page.axes.fill_between(xs, top, bottom, facecolor=colour, edgecolor="white", linewidth=0.5)


def runs(times_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the runs of steps [N, 2] that follow each other without a gap, as first and behind the last.

    Example:
        >>> runs(np.array([[0.0, 0.1], [0.1, 0.2], [0.5, 0.6]]))
        [(0, 2), (2, 3)]
    """
    gaps = np.flatnonzero(times_s[1:, 0] - times_s[:-1, 1] > APART_S) + 1
    edges = [0, *gaps.tolist(), len(times_s)]
    return list(pairwise(edges))


def _gaps(answer: Answer, following: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return start and end of the times without a step, in seconds."""
    ends = [0.0, *(float(answer.times_s[last - 1, 1]) for _, last in following)]
    starts = [*(float(answer.times_s[first, 0]) for first, _ in following), answer.duration_s]
    return [(end, start) for end, start in zip(ends, starts, strict=True) if start > end]


def _clip(page: Page, answer: Answer, colours: Sequence[str], y: float, height: float) -> None:
    """List the labels in the order of the areas, with the clip's probabilities as bars."""
    x, wide = RIGHT + 0.2, WIDTH - MARGIN - RIGHT - 0.2
    pitch = height / len(answer.labels)
    page.write(x, y - 0.28, "of the clip", 11, SOFT)
    for number, (label, value) in enumerate(zip(answer.labels, answer.whole.tolist(), strict=True)):
        middle = y + pitch * (number + 0.5)
        weight = "bold" if label == answer.label else "normal"
        page.area(x, middle - 0.02, wide, 0.1, TRACK)
        page.area(x, middle - 0.02, wide * value, 0.1, colours[number])
        page.write(x, middle - 0.12, label, 11, weight=weight, most=wide - 0.6)
        page.write(x + wide, middle - 0.12, f"{percent(value)} %", 11, weight=weight, align="right")


def _axis(page: Page, y: float, height: float, end_s: float, place: Callable[[float], float]) -> float:
    for share in (0, 25, 50, 75, 100):
        at = y + height * (1 - share / 100)
        page.line([LEFT - 0.06, LEFT], [at, at], INK, 0.8)
        page.write(LEFT - 0.12, at, f"{share}", 10, align="right")
    page.write(MARGIN, y + height / 2, "over time, %", 11, most=LEFT - MARGIN - 0.45)
    page.line([LEFT, LEFT], [y, y + height], INK, 0.9)
    page.line([LEFT, RIGHT], [y + height, y + height], INK, 0.9)
    ticks = [t for t in MaxNLocator(11, steps=[1, 2, 2.5, 5, 10]).tick_values(0, end_s) if 0 <= t <= end_s * (1 + 1e-9)]
    for tick in ticks:
        page.line([place(tick)] * 2, [y, y + height + 0.06], GRID, 0.6)
        page.write(place(tick), y + height + 0.18, f"{tick:g}", 10.5, align="center")
    page.write(RIGHT + 0.2, y + height + 0.18, "seconds", 10.5)
    return y + height + 0.24
