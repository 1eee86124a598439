"""A clip's contact sheet: what every stage saw of it, gathered from the stage outs and drawn on one page.

The upper half shows kept frames with their face box, the lower half one time axis with sound, windows and faces.  What
is absent, failed or not yet known is said in words: also a clip that failed has a sheet.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import pyarrow.parquet as pq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import FancyBboxPatch, Polygon
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from aver.cache.cache import Cache
from aver.cache.objects import Arrays, file_digest
from aver.clock import frame_ends, samples_to_seconds
from aver.errors import REASONS, CacheError
from aver.faces.follow import DETECTED, INTERPOLATED, MISSING
from aver.media.frames import Frames
from aver.media.probe import ProbeParams, probe
from aver.media.sound import SoundParams, sound
from aver.outcome import Starved, Unusable
from aver.params.blocks import Params
from aver.report.figures import DOT, GRID, INK, STYLE

#: The table of each stage that the sheet reads.
TABLES = {"corpora": "clips", "media": "media", "faces": "faces", "windows": "windows"}
#: Chosen frames are kept at this size: larger than any thumbnail, and small whatever the clip's resolution.
THUMB_PX = 640
#: Columns of the waveform, about one per pixel of the page.
WAVE_BINS = 1500


@dataclass(frozen=True)
class Note:
    """A sentence that the sheet has to say; `failed` if it tells of a failure and not of something absent."""

    text: str
    failed: bool = False


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame on the sheet.

    Args:
        number: which kept frame, from 0, as in `faces.parquet`.
        time_s: when it is shown.
        status: MISSING, DETECTED or INTERPOLATED; None: not known.
        box: left, top, width, height of the face as fractions of the frame's sides; None where there is none.
        picture: [h, w, 3] uint8 RGB, at most `THUMB_PX` wide and high.
    """

    number: int
    time_s: float
    status: int | None
    box: tuple[float, float, float, float] | None
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class Bar:
    """One window of a kind, on the clip's time line."""

    kind: str
    number: int
    t0_s: float
    t1_s: float
    status: str


@dataclass(frozen=True, eq=False)
class Wave:
    """The sound in C columns: their edges [C + 1] in seconds, lowest, highest and rms value [C] in -1 … 1."""

    edges_s: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rms: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """All that the sheet says.  Times count in seconds from the earliest start of any stream.

    Args:
        corpus, clip_id: which clip.
        clip: its row of `clips.parquet`; empty if it failed there.
        media: its row of `media.parquet`; empty if it failed there or before.
        status: [K] uint8, of every kept frame; None: not known.
        kept_s: [K, 2] float64, start and end of every kept frame.
        bars: its windows, of all kinds.
        shown: frames, evenly chosen from the kept ones.
        wave: its sound.
        notes: what is absent, failed or not known, in words.
    """

    corpus: str
    clip_id: str
    clip: Mapping[str, Any] = field(default_factory=dict)
    media: Mapping[str, Any] = field(default_factory=dict)
    status: NDArray[np.uint8] | None = None
    kept_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    bars: Sequence[Bar] = ()
    shown: Sequence[Shown] = ()
    wave: Wave | None = None
    notes: Sequence[Note] = ()

    @property
    def duration_s(self) -> float:
        """End of the stream that ends last; 0 if nothing is known."""
        return max(self.media.get("picture_end_s") or 0.0, self.media.get("sound_end_s") or 0.0)

    @property
    def fps(self) -> float:
        """Mean frames per second of all frames; 0 if there are fewer than two."""
        times = self.media.get("frame_times_s") or []
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    @property
    def coverage(self) -> float | None:
        """Part of the kept frames that has a face; None: not known."""
        return float((self.status != MISSING).mean()) if self.status is not None and len(self.status) else None


def gather(data: Path, corpus: str, clip_id: str, params: Params, count: int) -> Sheet:
    """Collect what the stages know of a clip, and decode at most `count` of its kept frames.

    Args:
        data: the folder of the stage outs.
        corpus: name of the corpus.
        clip_id: a clip of `clips.parquet`, or one in a failure ledger.
        params: all params; `corpora`, `media` and `faces` are used.
        count: most frames to show.

    Raises:
        CacheError: ffmpeg cannot run, or was killed.
    """
    notes: list[Note] = []
    clip = next(iter(_stage(data, "corpora", corpus, clip_id, notes)), {})
    media = next(iter(_stage(data, "media", corpus, clip_id, notes)), {}) if clip else {}
    if not media:
        return Sheet(corpus, clip_id, clip, notes=notes)
    faces = next(iter(_stage(data, "faces", corpus, clip_id, notes)), None)
    windows = _stage(data, "windows", corpus, clip_id, notes) if media["has_sound"] else []
    kept = np.array(media["kept"], np.int64)
    times_s = np.array(media["frame_times_s"], np.float64)[kept]
    status = np.array(faces["status"], np.uint8) if faces and media["has_picture"] else None
    boxes = np.array(faces["boxes"] if faces else [], np.float64).reshape(-1, 4)
    if status is not None and len(status) != len(kept):
        notes.append(Note("The faces are older than the media stage. Run `dvc repro`."))
        status = None
    _say_absent(media, status, notes)
    shown, wave = _decode(clip, media, Path(params.corpora[corpus].root).expanduser(), params, count, notes)
    return Sheet(
        corpus=corpus,
        clip_id=clip_id,
        clip=clip,
        media=media,
        status=status,
        kept_s=np.stack([times_s, frame_ends(times_s, media["picture_end_s"] or 0.0)], axis=1),
        bars=[Bar(row["window"], row["number"], row["t0_s"], row["t1_s"], row["status"]) for row in windows],
        shown=[
            Shown(number, float(times_s[number]), *_face(status, boxes, number, media), picture)
            for number, picture in shown.items()
        ],
        wave=wave,
        notes=notes,
    )


def _stage(data: Path, stage: str, corpus: str, clip_id: str, notes: list[Note]) -> list[dict[str, Any]]:
    """Return the clip's rows of a stage; where there are none, note why."""
    folder = data / stage / corpus
    table = folder / f"{TABLES[stage]}.parquet"
    if not table.is_file():
        notes.append(Note(f"Not known yet: the {stage} stage has not run. Run `dvc repro`."))
        return []
    rows, failed = (_rows(path, clip_id) for path in (table, folder / "failures.parquet"))
    for row in failed:
        notes.append(_failure(f"Failed at {stage}", row["reason"], row["detail"]))
    if not rows and not failed:
        notes.append(Note(f"The {stage} stage does not know this clip yet. Run `dvc repro`."))
    return rows


def _rows(path: Path, clip_id: str) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    rows: list[dict[str, Any]] = pq.read_table(path, filters=[("clip_id", "=", clip_id)]).to_pylist()
    return rows


def _failure(what: str, reason: str, detail: str) -> Note:
    known = REASONS[reason]
    return Note(f"{what}: {reason}: {known.meaning} ({detail}). Remedy: {known.remedy}.", failed=True)


def _say_absent(media: Mapping[str, Any], status: NDArray[np.uint8] | None, notes: list[Note]) -> None:
    if not media["has_picture"]:
        notes.append(Note("No picture: the file holds only sound."))
    if not media["has_sound"]:
        notes.append(Note("No sound: the file holds only a picture, so it has no windows."))
    if status is not None and not status.any():
        notes.append(Note("No face was found in any kept frame."))
    if media["complaints"]:
        lines = "one error line" if media["complaints"] == 1 else f"{media['complaints']} error lines"
        notes.append(Note(f"ffmpeg wrote {lines} while it decoded; what it gave was used."))


def _face(
    status: NDArray[np.uint8] | None, boxes: NDArray[np.float64], number: int, media: Mapping[str, Any]
) -> tuple[int | None, tuple[float, float, float, float] | None]:
    if status is None or status[number] == MISSING:
        return (None if status is None else MISSING), None
    left, top, width, height = (boxes[number] / ([media["width"], media["height"]] * 2)).tolist()
    return int(status[number]), (left, top, width, height)


def _decode(
    clip: Mapping[str, Any], media: Mapping[str, Any], root: Path, params: Params, count: int, notes: list[Note]
) -> tuple[dict[int, NDArray[np.uint8]], Wave | None]:
    """Return the chosen frames by number, and the sound; what cannot be had any more becomes a note."""
    file = root / clip["path"]
    pictures: dict[int, NDArray[np.uint8]] = {}
    wave = None
    try:
        if file.is_file() and file_digest(file) != clip["sha256"]:
            raise Unusable("changed", "its content is not what it was when the corpus was read", lasting=False)
        found = _load(media["probe"], lambda: probe(ProbeParams(params.media.timeout_s), file))
        if media["has_sound"]:
            wanted = SoundParams(media["sample_rate_hz"], params.media.timeout_s)
            heard = _load(media["sound"], lambda: sound(wanted, file, found))
            wave = _wave(heard["samples"], media["sample_rate_hz"], media["sound_start_s"])
        if media["has_picture"]:
            _pick(Frames(file, found, keep_every(media), params.faces.timeout_s), count, pictures)
    except Unusable as failure:
        notes.append(_failure("The file cannot be shown now", failure.reason, failure.detail))
    except Starved as exc:
        raise CacheError(f"{file} could not be decoded: {exc}. This is the machine's failure: try again.") from exc
    return pictures, wave


def _load(digest: str, make: Callable[[], Arrays]) -> Arrays:
    """Return an object of the clip cache, or compute it: outs may have come here without the cache (`dvc pull`)."""
    try:
        return Cache().load(digest)
    except CacheError:
        return make()


def keep_every(media: Mapping[str, Any]) -> int:
    """Return the `keep_every` that a row of `media.parquet` was made with; params may have changed since."""
    kept: list[int] = media["kept"]
    return kept[1] - kept[0] if len(kept) > 1 else max(1, len(media["frame_times_s"]))


def choose(kept: int, count: int) -> list[int]:
    """Return at most `count` of `kept` frame numbers, evenly, the first and the last among them.

    Example:
        >>> choose(110, 4)
        [0, 36, 73, 109]
        >>> choose(3, 24), choose(5, 1)
        ([0, 1, 2], [2])
    """
    steps = min(kept, count) - 1
    return [(i * (kept - 1) + steps // 2) // steps for i in range(steps + 1)] if steps > 0 else [(kept - 1) // 2]


def _pick(frames: Frames, count: int, pictures: dict[int, NDArray[np.uint8]]) -> None:
    """Put the chosen frames, made small, into `pictures`; the others are let go as they stream by."""
    chosen = set(choose(frames.count, count))
    for number, frame in enumerate(frames):
        if number in chosen:
            scale = min(1.0, THUMB_PX / max(frame.shape[:2]))
            pictures[number] = _resize(frame, frame.shape[1] * scale, frame.shape[0] * scale)


def _resize(picture: NDArray[np.uint8], width: float, height: float) -> NDArray[np.uint8]:
    size = (max(1, round(width)), max(1, round(height)))
    how = cv2.INTER_AREA if size[0] <= picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


def _wave(samples: NDArray[np.int16], rate_hz: int, start_s: float) -> Wave:
    edges = np.linspace(0, len(samples), min(WAVE_BINS, len(samples)) + 1).astype(np.int64)
    # Column by column: an hour of squares as float64 would take half a gigabyte.
    rms = [np.sqrt(np.mean(np.square(samples[a:b], dtype=np.float64))) for a, b in pairwise(edges)]
    full = float(1 << 15)
    return Wave(
        np.array([start_s + samples_to_seconds(int(edge), rate_hz) for edge in edges]),
        np.minimum.reduceat(samples, edges[:-1]) / full,
        np.maximum.reduceat(samples, edges[:-1]) / full,
        np.array(rms) / full,
    )


# ---------------------------------------------------------------- the page

#: Inches; y runs downwards.  13 1/3 inches are the width of a 16:9 slide.
DPI = 150
WIDTH = 2000 / DPI
MARGIN = 0.48
LEFT, RIGHT = 1.75, WIDTH - 2.25  # of the time axis
GAP, CAPTION = 0.1, 0.24  # between thumbnails, and the height of the words below them
MIN_CELL, MAX_THUMB, MAX_GRID = 0.9, 2.6, 5.5  # narrowest caption, longest side of a thumbnail, height of 24

SOFT, TRACK, ALARM = "#6e747c", "#f2f4f6", "#8f2d0e"
#: Blue and orange stay apart for every kind of colour vision, and in grey; a missing face is hatched besides.
COLOURS = {DETECTED: DOT, INTERPOLATED: "#e69f00", MISSING: "#c9cdd2"}
WORDS = {DETECTED: "detected", INTERPOLATED: "interpolated", MISSING: "no face"}
TINTS = ("#d9e3ee", "#c5d3e2")
WAVE, WAVE_RMS = "#a9bccf", "#4f6d8c"


def draw(sheet: Sheet) -> bytes:
    """Return the sheet as PNG: the same bytes for the same sheet, without metadata."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a file name may hold letters that the font lacks
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        page = _Page()
        y = _header(page, sheet, MARGIN)
        y = _notes(page, sheet, y)
        if len(sheet.kept_s):
            y = _grid(page, sheet, y + 0.32)
        if sheet.media:
            y = _time_lines(page, sheet, y + 0.34)
        return page.png(y + 0.4)


class _Page:
    """One white page that grows downwards while it is drawn; all places are inches from its left upper corner."""

    def __init__(self) -> None:
        self.figure = Figure(dpi=DPI, facecolor="white")
        self.renderer = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()

    def png(self, height: float) -> bytes:
        height = _pixel(height)
        self.figure.set_size_inches(WIDTH, height)
        self.axes.set(xlim=(0, WIDTH), ylim=(height, 0), aspect="auto")
        png = io.BytesIO()
        self.figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        return png.getvalue()

    def width(self, words: str, size: float, weight: str = "normal") -> float:
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
        style = f"round,pad=0,rounding_size={round_by}" if round_by else "square,pad=0"
        how = {"linewidth": 0, **how}
        patch = FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=colour, **how)
        self.axes.add_patch(patch)
        return patch

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, width: float, **how: Any) -> None:
        self.axes.plot(xs, ys, color=colour, linewidth=width, **how)

    def image(self, pixels: NDArray[np.uint8], x: float, y: float) -> AxesImage:
        """Draw pixels one to one, their left upper corner at x, y."""
        x, y = _pixel(x), _pixel(y)
        height, width = np.array(pixels.shape[:2]) / DPI
        extent = (x, x + width, y + height, y)
        return self.axes.imshow(pixels, extent=extent, aspect="auto", interpolation="nearest", zorder=1)


def _pixel(inches: float) -> float:
    return round(inches * DPI) / DPI


def _header(page: _Page, sheet: Sheet, y: float) -> float:
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
    facts.append(("Duration", _seconds(sheet.duration_s), _offset(media)))
    counts = [(int(np.sum(sheet.status == status)), word) for status, word in WORDS.items()]
    face = _covered(sheet) if media["has_picture"] else "no picture"
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


def _covered(sheet: Sheet) -> str:
    """Return the coverage in words: rounded down, so that 100 % means every kept frame and 0 % none."""
    if sheet.coverage is None:
        return "not known"
    tenths = int(1000 * sheet.coverage + 1e-9)
    return "< 0.1 % covered" if sheet.coverage and not tenths else f"{tenths / 10:g} % covered"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1000 else f"{seconds:.0f} s"


def _notes(page: _Page, sheet: Sheet, y: float) -> float:
    for note in sheet.notes:
        lines = textwrap.wrap(note.text, 150)
        height = 0.18 + 0.22 * len(lines)
        page.area(MARGIN, y + 0.1, WIDTH - 2 * MARGIN, height, "#fbece6" if note.failed else TRACK, 0.06)
        page.area(MARGIN, y + 0.1, 0.06, height, ALARM if note.failed else SOFT)
        for number, line in enumerate(lines):
            page.write(MARGIN + 0.2, y + 0.3 + 0.22 * number, line, 11, ALARM if note.failed else INK)
        y += 0.1 + height
    return y


def _grid(page: _Page, sheet: Sheet, y: float) -> float:
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
        _box_legend(page, y - 0.24)
    ratio = sheet.media["width"] / sheet.media["height"]
    columns, width = _columns(len(sheet.shown), ratio)
    height, pitch = width / ratio, max(width, MIN_CELL) + GAP
    for place, frame in enumerate(sheet.shown):
        row, column = divmod(place, columns)
        _thumbnail(page, frame, MARGIN + column * pitch, y + row * (height + CAPTION + GAP), width, height)
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


def _thumbnail(page: _Page, frame: Shown, x: float, y: float, width: float, height: float) -> None:
    x, y = _pixel(x), _pixel(y)
    pixels = _resize(frame.picture, width * DPI, height * DPI)
    if frame.status == MISSING:
        pixels = (255 - (255 - pixels.astype(np.float64)) * 0.5).astype(np.uint8)
    height, width = np.array(pixels.shape[:2]) / DPI
    edge = page.area(x, y, width, height, "none", min(0.05, width / 4, height / 4), edgecolor=GRID, linewidth=0.8)
    page.image(pixels, x, y).set_clip_path(edge)
    if frame.box is not None and frame.status is not None:
        left, top, wide, high = np.array(frame.box) * [width, height, width, height]
        # A box may reach beyond the picture (the crop repeats its edge there): draw it along the edge.
        near = 0.015
        x0, x1 = max(left, near), min(left + wide, width - near)
        y0, y1 = max(top, near), min(top + high, height - near)
        _face_box(page, x + x0, y + y0, max(x1 - x0, 0.0), max(y1 - y0, 0.0), frame.status)
    if frame.status == MISSING:
        _pill(page, x + width / 2, y + height - min(0.17, height / 2))
    room = max(width, MIN_CELL)
    wide = page.write(x + 0.02, y + height + 0.14, f"{frame.number}", 9, weight="bold")
    wide += page.write(x + wide + 0.09, y + height + 0.14, _seconds(frame.time_s), 9, SOFT)
    if frame.status == INTERPOLATED and page.width("interpolated", 9) + wide + 0.2 < room:
        page.write(x + width - 0.02, y + height + 0.14, "interpolated", 9, "#9a6400", align="right")


def _face_box(page: _Page, x: float, y: float, width: float, height: float, status: int) -> None:
    dashed = (0, (2.2, 1.6)) if status == INTERPOLATED else "solid"
    # White below it, so that the line stands out from any picture.
    for colour, line_width, style in (("white", 3.8, "solid"), (COLOURS[status], 2.0, dashed)):
        page.area(x, y, width, height, "none", edgecolor=colour, linewidth=line_width, linestyle=style)


def _pill(page: _Page, x: float, y: float) -> float:
    wide = page.width(WORDS[MISSING], 9, "bold") + 0.2
    page.area(x - wide / 2, y - 0.11, wide, 0.22, INK, 0.11)
    page.write(x, y, WORDS[MISSING], 9, "white", "bold", align="center")
    return wide


def _box_legend(page: _Page, y: float) -> None:
    x = WIDTH - MARGIN - page.width(WORDS[MISSING], 9, "bold") - 0.2
    _pill(page, (x + WIDTH - MARGIN) / 2, y)
    for status in (INTERPOLATED, DETECTED):
        x -= 0.28 + page.width(WORDS[status], 10.5)
        page.write(x, y, WORDS[status], 10.5)
        x -= 0.3
        _face_box(page, x, y - 0.1, 0.2, 0.2, status)


def _time_lines(page: _Page, sheet: Sheet, y: float) -> float:
    """Draw marks, faces, sound and windows on one axis of seconds."""
    end_s = max([sheet.duration_s, *(bar.t1_s for bar in sheet.bars)]) or 1.0

    def place(time_s: float) -> float:
        return LEFT + (RIGHT - LEFT) * time_s / end_s

    wide = page.write(MARGIN, y, "When", 13, weight="bold")
    page.write(MARGIN + wide + 0.18, y, "one axis for picture, sound and windows", 11, SOFT)
    y, top = y + 0.3, y + 0.3
    ticks = [t for t in MaxNLocator(11, steps=[1, 2, 2.5, 5, 10]).tick_values(0, end_s) if 0 <= t <= end_s * (1 + 1e-9)]
    y = _marks(page, sheet, y, place)
    y = _face_strip(page, sheet, y, end_s) + 0.12
    y = _sound(page, sheet, y, place) + 0.12
    for kind in sorted({bar.kind for bar in sheet.bars}):
        y = _windows(page, kind, [bar for bar in sheet.bars if bar.kind == kind], y, place) + 0.1
    for tick in ticks:
        page.line([place(tick)] * 2, [top, y], GRID, 0.7, zorder=0.5)
        page.write(place(tick), y + 0.14, f"{tick:g}", 10.5, align="center")
    page.line([LEFT, RIGHT], [y, y], INK, 0.9)
    page.write(RIGHT + 0.2, y + 0.14, "seconds", 10.5)
    return y + 0.24


def _row(page: _Page, y: float, height: float, title: str, *words: str) -> None:
    """Draw the empty track of a row, its title at the left and what is said of it at the right."""
    page.area(LEFT, y, RIGHT - LEFT, height, TRACK, zorder=0.2)
    page.write(LEFT - 0.16, y + height / 2, title, 11, align="right", most=LEFT - MARGIN - 0.16)
    lines = [word for word in words if word]
    for number, line in enumerate(lines):
        middle = y + height / 2 + 0.2 * (number - (len(lines) - 1) / 2)
        page.write(RIGHT + 0.2, middle, line, 10, SOFT, most=WIDTH - RIGHT - 0.2 - MARGIN)


def _instead(page: _Page, y: float, words: str) -> None:
    """Write in an empty row why it is empty, without a line of the axis running through the words."""
    wide = page.width(words, 10.5) + 0.2
    page.area((LEFT + RIGHT - wide) / 2, y - 0.11, wide, 0.22, TRACK)
    page.write((LEFT + RIGHT) / 2, y, words, 10.5, SOFT, align="center")


def _starts(start_s: float | None) -> str:
    return f"starts at {start_s:.3f} s" if start_s and start_s >= 0.0005 else ""


def _marks(page: _Page, sheet: Sheet, y: float, place: Callable[[float], float]) -> float:
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


def _face_strip(page: _Page, sheet: Sheet, y: float, end_s: float) -> float:
    height = 0.26
    if not len(sheet.kept_s):
        _row(page, y, height, "face")
        _instead(page, y + height / 2, "no picture")
        return y + height
    start = _starts(sheet.media["picture_start_s"])
    _row(page, y, height, "face", _covered(sheet), start)
    page.image(_strip(sheet, end_s, round((RIGHT - LEFT) * DPI), round(height * DPI)), LEFT, y)
    return y + height


def _strip(sheet: Sheet, end_s: float, columns: int, rows: int) -> NDArray[np.uint8]:
    """Return the face status over time as [rows, columns, 4] uint8 RGBA: however long the clip, one column a pixel.

    A column that holds several kept frames shows the worst of them: a short gap stays visible in a long clip.
    """
    edges = np.linspace(0, end_s, columns + 1)
    times_s, ends_s = sheet.kept_s.T
    first = np.searchsorted(times_s, edges[:-1], side="right") - 1
    last = np.maximum(np.searchsorted(times_s, edges[1:], side="left") - 1, first)
    strip = np.zeros((rows, columns, 4), np.uint8)
    stripes = np.add.outer(np.arange(rows), np.arange(columns)) % 10 < 2
    for column in range(columns):
        a, b = max(first[column], 0), last[column]
        if b < 0 or edges[column] >= ends_s[b]:
            continue
        if sheet.status is None:
            colour, hatch = GRID, False
        else:
            seen = sheet.status[a : b + 1]
            worst = next(status for status in (MISSING, INTERPOLATED, DETECTED) if status in seen)
            colour, hatch = COLOURS[worst], worst == MISSING
        strip[:, column, :3] = np.array(to_rgb(colour)) * 255
        strip[:, column, 3] = 255
        if hatch:
            strip[stripes[:, column], column, :3] = 255
        if columns / len(times_s) > 8 and 0 <= last[column - 1] < b:
            strip[:, column, :3] = 255  # a thin line between two frames
    return strip


def _sound(page: _Page, sheet: Sheet, y: float, place: Callable[[float], float]) -> float:
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


def _windows(page: _Page, kind: str, bars: Sequence[Bar], y: float, place: Callable[[float], float]) -> float:
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
