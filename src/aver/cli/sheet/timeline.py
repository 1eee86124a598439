"""One time axis for what was seen, heard and cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator

from aver.cli.sheet.canvas import (
    CUT,
    DPI,
    LEFT,
    MARGIN,
    RIGHT,
    SOFT,
    TINTS,
    TRACK,
    WAVE,
    WAVE_RMS,
    WIDTH,
    Page,
)
from aver.cli.sheet.facts import Bar, Sheet, covered
from aver.cli.sheet.strips import count_strip, status_strip
from aver.report.figures import GRID, INK


def time_lines(page: Page, sheet: Sheet, y: float) -> float:
    """Draw marks, faces, sound and windows on one axis of seconds."""
    end_s = max([sheet.duration_s, *(bar.t1_s for bar in sheet.bars)]) or 1.0

    def place(time_s: float) -> float:
        return LEFT + (RIGHT - LEFT) * time_s / end_s

    wide = page.write(MARGIN, y, "When", 13, weight="bold")
    page.write(MARGIN + wide + 0.18, y, "one axis for picture, sound and windows", 11, SOFT)
    y, top = y + 0.3, y + 0.3
    ticks = [t for t in MaxNLocator(11, steps=[1, 2, 2.5, 5, 10]).tick_values(0, end_s) if 0 <= t <= end_s * (1 + 1e-9)]
    y = _marks(page, sheet, y, place)
    y = _face_strip(page, sheet, y, end_s, place) + 0.12
    y = _sound(page, sheet, y, place) + 0.12
    for kind in sorted({bar.kind for bar in sheet.bars}):
        y = _windows(page, kind, [bar for bar in sheet.bars if bar.kind == kind], y, place) + 0.1
    for tick in ticks:
        page.line([place(tick)] * 2, [top, y], GRID, 0.7, zorder=0.5)
        page.write(place(tick), y + 0.14, f"{tick:g}", 10.5, align="center")
    page.line([LEFT, RIGHT], [y, y], INK, 0.9)
    page.write(RIGHT + 0.2, y + 0.14, "seconds", 10.5)
    return y + 0.24


def _row(page: Page, y: float, height: float, title: str, *words: str) -> None:
    """Draw the empty track of a row, its title at the left and what is said of it at the right."""
    page.area(LEFT, y, RIGHT - LEFT, height, TRACK, zorder=0.2)
    page.write(LEFT - 0.16, y + height / 2, title, 11, align="right", most=LEFT - MARGIN - 0.16)
    lines = [word for word in words if word]
    for number, line in enumerate(lines):
        middle = y + height / 2 + 0.2 * (number - (len(lines) - 1) / 2)
        page.write(RIGHT + 0.2, middle, line, 10, SOFT, most=WIDTH - RIGHT - 0.2 - MARGIN)


def _instead(page: Page, y: float, words: str) -> None:
    """Write in an empty row why it is empty, without a line of the axis running through the words."""
    wide = page.width(words, 10.5) + 0.2
    page.area((LEFT + RIGHT - wide) / 2, y - 0.11, wide, 0.22, TRACK)
    page.write((LEFT + RIGHT) / 2, y, words, 10.5, SOFT, align="center")


def _starts(start_s: float | None) -> str:
    return f"starts at {start_s:.3f} s" if start_s and start_s >= 0.0005 else ""


def _marks(page: Page, sheet: Sheet, y: float, place: Callable[[float], float]) -> float:
    """Mark where the shown frames lie, with the numbers that stand below them in the grid."""
    if not sheet.shown:
        return y
    page.write(LEFT - 0.16, y + 0.12, "frames shown", 11, align="right")
    free = 0.0
    for frame in sheet.shown:
        x, wide = place(frame.time_s), page.width(f"{frame.number}", 9, "bold")
        page.axes.add_patch(Polygon([(x - 0.05, y + 0.2), (x + 0.05, y + 0.2), (x, y + 0.29)], color=INK, linewidth=0))
        if x - wide / 2 > free:  # the numbers of frames that lie close together would cover each other
            page.write(x, y + 0.1, f"{frame.number}", 9, weight="bold", align="center")
            free = x + wide / 2 + 0.05
    return y + 0.32


def _face_strip(page: Page, sheet: Sheet, y: float, end_s: float, place: Callable[[float], float]) -> float:
    height = 0.26
    if not len(sheet.kept_s):
        _row(page, y, height, "face")
        _instead(page, y + height / 2, "no picture")
        return y + height
    start = _starts(sheet.media["picture_start_s"])
    cuts = f"{len(sheet.cuts)} cut{'s' if len(sheet.cuts) > 1 else ''}" if sheet.cuts else ""
    columns = round((RIGHT - LEFT) * DPI)
    _row(page, y, height, "face", ", ".join(word for word in (covered(sheet), cuts) if word), start)
    page.image(status_strip(sheet, end_s, columns, round(height * DPI)), LEFT, y)
    end = y + height
    if sheet.seen is not None and sheet.seen.max(initial=0) > 1:
        _row(page, end + 0.06, 0.14, "faces seen", f"up to {sheet.seen.max()} at once")
        page.image(count_strip(sheet, sheet.seen, end_s, columns, round(0.14 * DPI)), LEFT, end + 0.06)
        end += 0.2
    for cut in sheet.cuts:
        x = place(float(sheet.kept_s[cut, 0]))
        page.line([x, x], [y - 0.05, end + 0.05], "white", 4.0, solid_capstyle="butt", zorder=3)
        page.line([x, x], [y - 0.05, end + 0.05], CUT, 2.2, solid_capstyle="butt", zorder=3)
    return end


def _sound(page: Page, sheet: Sheet, y: float, place: Callable[[float], float]) -> float:
    height = 0.95
    wave = sheet.wave
    if wave is None:
        _row(page, y, 0.4, "sound")
        words = "the sound cannot be shown" if sheet.media["has_sound"] else "no sound"
        _instead(page, y + 0.2, words)
        return y + 0.4
    peak = max(float(wave.high.max()), float(-wave.low.min()))
    loud = f"peak {round(20 * np.log10(peak))} dBFS".replace("-", "−") if peak else "silent"
    _row(page, y, height, "sound", loud, _starts(sheet.media["sound_start_s"]))
    xs = np.repeat([place(edge) for edge in wave.edges_s], 2)[1:-1]
    middle, scale = y + height / 2, 0.46 * height / (peak or 1.0)
    for low, high, colour in ((wave.low, wave.high, WAVE), (-wave.rms, wave.rms, WAVE_RMS)):
        ys = [middle - scale * np.repeat(side, 2) for side in (low, high)]
        page.axes.fill_between(xs, ys[0], ys[1], color=colour, linewidth=0)
    page.line([xs[0], xs[-1]], [middle, middle], WAVE_RMS, 0.6)
    return y + height


def _windows(page: Page, kind: str, bars: Sequence[Bar], y: float, place: Callable[[float], float]) -> float:
    height = 0.28
    padded = sum(bar.status == "padded" for bar in bars)
    states = [f"{len(bars) - padded} complete" if len(bars) > padded else "", f"{padded} padded" if padded else ""]
    _row(page, y, height, kind, ", ".join(state for state in states if state))
    x0, x1 = place(bars[0].t0_s), place(bars[-1].t1_s)
    crowded = (x1 - x0) / len(bars) < 4 / DPI
    if crowded:  # bars narrower than this would shimmer
        page.area(x0, y, x1 - x0, height, TINTS[0])
        page.write((x0 + x1) / 2, y + height / 2, f"{len(bars)} windows", 10, align="center")
    for bar in bars:
        x, wide = place(bar.t0_s), place(bar.t1_s) - place(bar.t0_s)
        is_padded = bar.status == "padded"
        if crowded and not is_padded:
            continue
        if is_padded and wide < 0.12:  # too narrow for a hatch
            page.area(x, y, max(wide, 0.03), height, WAVE_RMS)
            continue
        hatch: dict[str, Any] = {"hatch": "////", "edgecolor": WAVE_RMS} if is_padded else {}
        page.area(x, y, wide, height, TINTS[bar.number % 2], **hatch)
        words = [f"{bar.number} padded" if is_padded else f"{bar.number}", f"{bar.number}"]
        fits = [word for word in words if page.width(word, 10) + 0.12 < wide]
        if fits and is_padded:
            inner = page.width(fits[0], 10) + 0.12
            page.area(x + wide / 2 - inner / 2, y + 0.03, inner, height - 0.06, TINTS[bar.number % 2], 0.04)
        if fits:
            page.write(x + wide / 2, y + height / 2, fits[0], 10, align="center")
    return y + height
