"""The kept frames of a clip with their face boxes."""

from __future__ import annotations

import numpy as np

from aver.cli.sheet.canvas import (
    CAPTION,
    COLOURS,
    CUT,
    DPI,
    GAP,
    MARGIN,
    MAX_GRID,
    MAX_THUMB,
    MIN_CELL,
    OTHER,
    SOFT,
    TRACK,
    WIDTH,
    WORDS,
    Page,
    pixel,
)
from aver.cli.sheet.decode import resize
from aver.cli.sheet.facts import Box, Sheet, Shown, seconds
from aver.faces.settle import DETECTED, INTERPOLATED, MISSING
from aver.report.figures import GRID, INK


def grid(page: Page, sheet: Sheet, y: float) -> float:
    """Draw the chosen frames, as large as the page allows, with boxes and times."""
    wide = page.write(MARGIN, y, "What was seen", 13, weight="bold")
    many = len(sheet.kept_s)
    shown = f"{len(sheet.shown)} of {many} kept frames" if len(sheet.shown) < many else f"all {many} kept frames"
    shown += ", evenly chosen" if 1 < len(sheet.shown) < many else ""
    page.write(MARGIN + wide + 0.18, y, shown, 11, SOFT)
    y += 0.24
    if not sheet.shown:
        page.area(MARGIN, y, WIDTH - 2 * MARGIN, 0.7, TRACK, 0.06)
        page.write(WIDTH / 2, y + 0.35, "the frames cannot be shown", 12, SOFT, align="center")
        return y + 0.7
    if sheet.status is not None:
        _legend(page, sheet, y - 0.24)
    ratio = sheet.media["width"] / sheet.media["height"]
    columns, width = _columns(len(sheet.shown), ratio)
    height, pitch = width / ratio, max(width, MIN_CELL) + GAP
    for place, frame in enumerate(sheet.shown):
        row, column = divmod(place, columns)
        x, top = MARGIN + column * pitch, y + row * (height + CAPTION + GAP)
        _thumbnail(page, frame, x, top, width, height)
        if frame.after_cut:
            _cut(page, pixel(x) - GAP / 2, top, top + height)
    return y + -(-len(sheet.shown) // columns) * (height + CAPTION + GAP) - GAP


def _columns(count: int, ratio: float) -> tuple[int, float]:
    """Return how many thumbnails stand in a row, and their width.

    The largest that keep the grid within its height while they fill their rows; if none do, the largest of all.
    """
    highest = MAX_GRID * max(1.0, count / 24)
    best = (False, 0.0, 1)
    for rows in range(1, count + 1):
        columns = -(-count // rows)
        cell = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
        if cell >= MIN_CELL:
            wanted = min(cell, MAX_THUMB, MAX_THUMB * ratio)
            allowed = (highest / rows - CAPTION - GAP) * ratio
            best = max(best, (wanted <= allowed, min(wanted, allowed), columns))
    return best[2], best[1]


def _thumbnail(page: Page, frame: Shown, x: float, y: float, width: float, height: float) -> None:
    x, y = pixel(x), pixel(y)
    pixels = resize(frame.picture, width * DPI, height * DPI)
    if frame.status == MISSING:
        pixels = (255 - (255 - pixels.astype(np.float64)) * 0.5).astype(np.uint8)
    height, width = np.array(pixels.shape[:2]) / DPI
    edge = page.area(x, y, width, height, "none", min(0.05, width / 4, height / 4), edgecolor=GRID, linewidth=0.8)
    page.image(pixels, x, y).set_clip_path(edge)
    for box in frame.others:
        _face_box(page, x, y, width, height, box, OTHER)
    if frame.box is not None and frame.status is not None:
        _face_box(page, x, y, width, height, frame.box, frame.status)
    if frame.status == MISSING:
        _pill(page, x + width / 2, y + height - min(0.17, height / 2))
    room = max(width, MIN_CELL)
    wide = page.write(x + 0.02, y + height + 0.14, f"{frame.number}", 9, weight="bold")
    wide += page.write(x + wide + 0.09, y + height + 0.14, seconds(frame.time_s), 9, SOFT)
    words = "interpolated" if frame.status == INTERPOLATED else ""
    colour = "#9a6400" if words else SOFT
    if frame.seen is not None and frame.seen > 1:
        words = f"{frame.seen} faces"
    if words and page.width(words, 9) + wide + 0.2 < room:
        page.write(x + width - 0.02, y + height + 0.14, words, 9, colour, align="right")


def _face_box(page: Page, x: float, y: float, width: float, height: float, box: Box, status: int) -> None:
    """Draw a box over a picture at x, y.

    It may reach beyond the picture (the crop repeats its edge there), and is drawn along the edge then.
    """
    near = 0.015
    left, top, wide, high = np.array(box) * [width, height, width, height]
    x0, x1 = max(left, near), min(left + wide, width - near)
    y0, y1 = max(top, near), min(top + high, height - near)
    _box(page, x + x0, y + y0, max(x1 - x0, 0.0), max(y1 - y0, 0.0), status)


def _box(page: Page, x: float, y: float, width: float, height: float, status: int) -> None:
    dashed = (0, (2.2, 1.6)) if status == INTERPOLATED else "solid"
    thick = 0.9 if status == OTHER else 2.0
    # White below it, so that the line stands out from any picture.
    for colour, line_width, style in (("white", thick + 1.8, "solid"), (COLOURS[status], thick, dashed)):
        page.area(x, y, width, height, "none", edgecolor=colour, linewidth=line_width, linestyle=style)


def _cut(page: Page, x: float, top: float, end: float) -> None:
    page.line([x, x], [top, end], CUT, 2.2, solid_capstyle="butt")


def _pill(page: Page, x: float, y: float) -> float:
    wide = page.width(WORDS[MISSING], 9, "bold") + 0.2
    page.area(x - wide / 2, y - 0.11, wide, 0.22, INK, 0.11)
    page.write(x, y, WORDS[MISSING], 9, "white", "bold", align="center")
    return wide


def _legend(page: Page, sheet: Sheet, y: float) -> None:
    x = WIDTH - MARGIN - page.width(WORDS[MISSING], 9, "bold") - 0.2
    _pill(page, (x + WIDTH - MARGIN) / 2, y)
    for status in (*([OTHER] if sheet.tracks > 1 else []), INTERPOLATED, DETECTED):
        x -= 0.28 + page.width(WORDS[status], 10.5)
        page.write(x, y, WORDS[status], 10.5)
        x -= 0.3
        _box(page, x, y - 0.1, 0.2, 0.2, status)
    if sheet.cuts:
        x -= 0.28 + page.width("cut", 10.5)
        page.write(x, y, "cut", 10.5)
        _cut(page, x - 0.1, y - 0.11, y + 0.11)
