"""The whole sheet as PNG: header, sentences, kept frames, time axis."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np

from aver.cli.sheet.canvas import (
    ALARM,
    MARGIN,
    OTHER,
    SOFT,
    TRACK,
    WIDTH,
    WORDS,
    Page,
)
from aver.cli.sheet.facts import Sheet, covered, seconds
from aver.cli.sheet.pictures import grid
from aver.cli.sheet.timeline import time_lines
from aver.report.figures import DOT, GRID, INK, STYLE


def draw(sheet: Sheet) -> bytes:
    """Return the sheet as PNG: the same bytes for the same sheet, without metadata."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a file name may hold letters that the font lacks
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        page = Page()
        y = _header(page, sheet, MARGIN)
        y = _notes(page, sheet, y)
        if len(sheet.kept_s):
            y = grid(page, sheet, y + 0.32)
        if sheet.media:
            y = time_lines(page, sheet, y + 0.34)
        return page.png(y + 0.4)


def _header(page: Page, sheet: Sheet, y: float) -> float:
    clip = sheet.clip
    x = MARGIN + 0.22 + page.write(MARGIN, y + 0.1, sheet.clip_id, 23, weight="bold", most=WIDTH - 6)
    if clip.get("label"):
        wide = page.width(clip["label"], 12, "bold")
        page.area(x, y - 0.08, wide + 0.3, 0.34, "#e4eef7", 0.17)
        x += 0.3 + 0.18 + page.write(x + 0.15, y + 0.1, clip["label"], 12, DOT, "bold")
    said = [f"speaker {clip['speaker']}" if clip.get("speaker") else "", clip.get("sex", "")]
    page.write(x, y + 0.1, ", ".join(word for word in said if word), 12, SOFT, most=WIDTH - 2.8 - x)
    page.write(WIDTH - MARGIN, y + 0.1, f"corpus {sheet.corpus}", 12, SOFT, align="right", most=2.2)
    y += 0.5
    page.line([MARGIN, WIDTH - MARGIN], [y, y], GRID, 0.8)
    facts = _facts(sheet)
    widths = (2.85, 2.7, 1.9, 2.05, 2.85)
    x = MARGIN
    for (title, value, more), wide in zip(facts, widths, strict=True):
        page.write(x, y + 0.24, title, 9.5, SOFT)
        page.write(x, y + 0.5, value, 13, weight="bold", most=wide - 0.2)
        page.write(x, y + 0.74, more, 9.5, SOFT, most=wide - 0.2)
        x += wide
    return y + 0.94


def _facts(sheet: Sheet) -> list[tuple[str, str, str]]:
    """Return title, value and small print of the header's five columns."""
    media = sheet.media
    folder, _, name = sheet.clip.get("path", "").rpartition("/")
    facts = [("File", name or "not known", f"in {folder}/" if folder else "")]
    if not media:
        return facts + [(title, "not known", "") for title in ("Picture", "Sound", "Duration", "Face")]
    pace = f", ≈ {sheet.fps:.3g} fps" + (" uneven" if _is_uneven(media["frame_times_s"]) else "")
    count = f"{len(sheet.kept_s)} of {len(media['frame_times_s'])} frames kept{pace if sheet.fps else ''}"
    size = f"{media['video_codec']}, {media['width']} × {media['height']}"
    facts.append(("Picture", size, count) if media["has_picture"] else ("Picture", "no picture", ""))
    rate = f"{media['audio_codec']}, {media['source_rate_hz'] / 1000:g} kHz"
    decoded = f"read as {media['sample_rate_hz'] / 1000:g} kHz mono"
    facts.append(("Sound", rate, decoded) if media["has_sound"] else ("Sound", "no sound", ""))
    facts.append(("Duration", seconds(sheet.duration_s), _offset(media)))
    counts = [(int(np.sum(sheet.status == status)), word) for status, word in WORDS.items() if status != OTHER]
    face = covered(sheet) if media["has_picture"] else "no picture"
    facts.append(("Face", face, ", ".join(f"{number} {word}" for number, word in counts if number)))
    return facts


def _is_uneven(times_s: Sequence[float]) -> bool:
    steps = np.diff(times_s)
    return len(steps) > 1 and bool(steps.max() > 1.5 * max(float(np.median(steps)), 1e-6))


def _offset(media: Mapping[str, Any]) -> str:
    if not (media["has_picture"] and media["has_sound"]):
        return ""
    late = media["sound_start_s"] - media["picture_start_s"]
    if abs(late) < 0.0005:
        return "both start together"
    return f"{'sound' if late > 0 else 'picture'} starts {abs(late):.3f} s later"


def _notes(page: Page, sheet: Sheet, y: float) -> float:
    for note in sheet.notes:
        lines = textwrap.wrap(note.text, 150)
        height = 0.18 + 0.22 * len(lines)
        page.area(MARGIN, y + 0.1, WIDTH - 2 * MARGIN, height, "#fbece6" if note.failed else TRACK, 0.06)
        page.area(MARGIN, y + 0.1, 0.06, height, ALARM if note.failed else SOFT)
        for number, line in enumerate(lines):
            page.write(MARGIN + 0.2, y + 0.3 + 0.22 * number, line, 11, ALARM if note.failed else INK)
        y += 0.1 + height
    return y
