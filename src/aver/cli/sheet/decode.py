"""The chosen frames of a clip and its sound, decoded again or out of the clip cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from aver.cache.cache import Cache
from aver.cache.objects import Arrays, file_digest
from aver.cli.sheet.facts import Note, Wave
from aver.clock import samples_to_seconds
from aver.errors import REASONS, CacheError
from aver.media.frames import Frames
from aver.media.index import probe_params
from aver.media.probe import probe
from aver.media.sound import SoundParams, sound
from aver.outcome import Starved, Unusable
from aver.params.blocks import Params

#: Chosen frames are kept at this size: larger than any thumbnail, and small whatever the clip's resolution.
THUMB_PX = 640
#: Columns of the waveform, about one per pixel of the page.
WAVE_BINS = 1500


def decode(
    clip: Mapping[str, Any], media: Mapping[str, Any], root: Path, params: Params, count: int, notes: list[Note]
) -> tuple[dict[int, NDArray[np.uint8]], Wave | None]:
    """Return the chosen frames by number, and the sound; what cannot be had any more becomes a note."""
    file = root / clip["path"]
    pictures: dict[int, NDArray[np.uint8]] = {}
    wave = None
    try:
        if file.is_file() and file_digest(file) != clip["sha256"]:
            raise Unusable("changed", "its content is not what it was when the corpus was read", lasting=False)
        found = _load(media["probe"], lambda: probe(probe_params(params.media), file))
        if media["has_sound"]:
            wanted = SoundParams(media["sample_rate_hz"], params.media.timeout_s)
            heard = _load(media["sound"], lambda: sound(wanted, file, found))
            wave = _wave(heard["samples"], media["sample_rate_hz"], media["sound_start_s"])
        if media["has_picture"]:
            _pick(Frames(file, found, keep_every(media), params.faces.timeout_s), count, pictures)
    except Unusable as exc:
        notes.append(failure("The file cannot be shown now", exc.reason, exc.detail))
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


def failure(what: str, reason: str, detail: str) -> Note:
    """Return the note of a failure: what failed, why, and what to do about it."""
    known = REASONS[reason]
    return Note(f"{what}: {reason}: {known.meaning} ({detail}). Remedy: {known.remedy}.", failed=True)
