"""What was seen over time, one column a pixel, however long the clip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from aver.cli.sheet.canvas import COLOURS, TINTS, WAVE_RMS
from aver.cli.sheet.facts import Sheet
from aver.faces.settle import DETECTED, INTERPOLATED, MISSING
from aver.report.figures import GRID


def status_strip(sheet: Sheet, end_s: float, columns: int, rows: int) -> NDArray[np.uint8]:
    """Return the face status from 0 to `end_s` seconds as [rows, columns, 4] uint8 RGBA.

    A column that holds several kept frames shows the worst of them: a short gap stays visible in a long clip.
    """
    strip = np.zeros((rows, columns, 4), np.uint8)
    stripes = np.add.outer(np.arange(rows), np.arange(columns)) % 10 < 2
    before = -1
    for column, first, last in _frames(sheet, end_s, columns):
        if sheet.status is None:
            colour, hatch = GRID, False
        else:
            seen = sheet.status[first : last + 1]
            worst = next(status for status in (MISSING, INTERPOLATED, DETECTED) if status in seen)
            colour, hatch = COLOURS[worst], worst == MISSING
        strip[:, column] = _rgba(colour)
        if hatch:
            strip[stripes[:, column], column, :3] = 255
        if columns / len(sheet.kept_s) > 8 and 0 <= before < last:
            strip[:, column, :3] = 255  # a thin line between two frames
        before = last
    return strip


def count_strip(sheet: Sheet, seen: NDArray[np.uint8], end_s: float, columns: int, rows: int) -> NDArray[np.uint8]:
    """Return how many faces were detected as [rows, columns, 4] uint8 RGBA: none (clear), one, several (dark).

    A column that holds several kept frames shows the highest number.
    """
    strip = np.zeros((rows, columns, 4), np.uint8)
    for column, first, last in _frames(sheet, end_s, columns):
        most = seen[first : last + 1].max(initial=0)
        if most:
            strip[:, column] = _rgba(TINTS[1] if most == 1 else WAVE_RMS)
    return strip


def _frames(sheet: Sheet, end_s: float, columns: int) -> Iterator[tuple[int, int, int]]:
    """Yield each column in which a frame is shown, with the first and the last kept frame shown there."""
    edges = np.linspace(0, end_s, columns + 1)
    times_s, ends_s = sheet.kept_s.T
    first = np.searchsorted(times_s, edges[:-1], side="right") - 1
    last = np.maximum(np.searchsorted(times_s, edges[1:], side="left") - 1, first)
    for column in range(columns):
        if last[column] >= 0 and edges[column] < ends_s[last[column]]:
            yield column, max(int(first[column]), 0), int(last[column])


def _rgba(colour: str) -> list[int]:
    return [*(int(255 * part) for part in to_rgb(colour)), 255]
