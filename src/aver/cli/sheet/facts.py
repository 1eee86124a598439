"""What the stages know about one clip; what is absent, failed or not yet known becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aver.cache.cache import Cache
from aver.cache.objects import Arrays, file_digest
from aver.clock import frame_ends, samples_to_seconds
from aver.errors import REASONS, CacheError
from aver.faces.follow import MISSING
from aver.media.frames import Frames
from aver.media.probe import ProbeParams, probe
from aver.media.sound import SoundParams, sound
from aver.outcome import Starved, Unusable
from aver.params.blocks import Params

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
            pictures[number] = resize(frame, frame.shape[1] * scale, frame.shape[0] * scale)


def resize(picture: NDArray[np.uint8], width: float, height: float) -> NDArray[np.uint8]:
    """Return a picture [h, w, 3] uint8 at another size in pixels."""
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


def covered(sheet: Sheet) -> str:
    """Return the coverage in words: rounded down, so that 100 % means every kept frame and 0 % none."""
    if sheet.coverage is None:
        return "not known"
    tenths = int(1000 * sheet.coverage + 1e-9)
    return "< 0.1 % covered" if sheet.coverage and not tenths else f"{tenths / 10:g} % covered"


def seconds(seconds: float) -> str:
    """Return a time in words."""
    return f"{seconds:.2f} s" if seconds < 1000 else f"{seconds:.0f} s"
