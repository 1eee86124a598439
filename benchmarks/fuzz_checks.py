"""What must hold of every damaged clip after the pipeline's stages: found wrong things come back as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aver.cache.cache import Cache
from aver.corpora.clip import Reading
from aver.errors import REASONS
from aver.faces.index import Faces
from aver.faces.settle import MISSING
from aver.ledger import Failure
from aver.media.index import Media

#: The clips last 1.6 s.  A damaged time base may stretch one, but not to more than AVER takes for a clip at all.
SANE_S = 7200.0
#: Sound may differ from its time span by this much: a block of an MP3 or AAC encoder lasts 26 ms.
SPAN_S = 0.06
USABLE = "usable"


@dataclass
class Result:
    """What the stages said about every clip.

    Args:
        reading: of the corpora stage.
        media: of the media stage.
        faces: of the faces stage.
        windows: rows of the windows stage.
        cache: what they computed.
        slow: what the watch over time and memory has to say.
    """

    reading: Reading
    media: Media
    faces: Faces
    windows: list[dict[str, Any]]
    cache: Cache
    slow: list[tuple[str, str]] = field(default_factory=list)

    @property
    def failures(self) -> list[Failure]:
        """Failures of all stages."""
        return [*self.reading.failures, *self.media.failures, *self.faces.failures]

    def outcomes(self) -> dict[str, str]:
        """Return `usable` or the reason code of every clip."""
        said = {clip.clip_id: USABLE for clip in self.reading.clips}
        return said | {failure.clip_id: failure.reason for failure in self.failures}

    def rows(self, clip_id: str) -> tuple[Any, ...]:
        """Return all that the tables say about a clip, for the comparison of two runs."""
        tables = (self.media.rows, self.faces.rows, self.windows)
        rows = [tuple(row for row in table if row["clip_id"] == clip_id) for table in tables]
        return (*rows, tuple(failure for failure in self.failures if failure.clip_id == clip_id))


def wrong(result: Result, clip_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (clip, what is wrong with what AVER said about it)."""
    yield from result.slow
    yield from _accounts(result, clip_ids)
    for failure in result.failures:
        if failure.reason not in REASONS or failure.reason == "internal":
            yield failure.clip_id, f"{failure.stage} failed: {failure.reason}: {failure.detail}"
        if failure.reason == "too_long":
            yield failure.clip_id, f"hangs: {failure.stage}: {failure.detail}"
        if "\n" in failure.detail or "/tmp" in failure.detail:
            yield failure.clip_id, f"{failure.stage}: a detail names a path or has several lines: {failure.detail!r}"
    faces = {row["clip_id"]: row for row in result.faces.rows}
    for row in result.media.rows:
        for sentence in _row(row, result.cache):
            yield row["clip_id"], sentence
        if row["clip_id"] in faces:
            for sentence in _face(row, faces[row["clip_id"]], result.cache):
                yield row["clip_id"], sentence


def _accounts(result: Result, clip_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every clip is used or failed in each stage that it reaches, once."""
    reached = set(clip_ids)
    for stage, used, failures in (
        ("corpora", [clip.clip_id for clip in result.reading.clips], result.reading.failures),
        ("media", [row["clip_id"] for row in result.media.rows], result.media.failures),
        ("faces", [row["clip_id"] for row in result.faces.rows], result.faces.failures),
    ):
        counts = Counter([*used, *(failure.clip_id for failure in failures)])
        for clip_id in sorted(reached | set(counts)):
            if counts[clip_id] != 1 or clip_id not in reached:
                yield clip_id, f"{stage} names it {counts[clip_id]} times; used {used.count(clip_id)} times"
        reached = set(used)
    for failure in result.faces.failures:
        yield failure.clip_id, f"used by media and failed in faces: {failure.reason}: {failure.detail}"


def _row(row: Mapping[str, Any], cache: Cache) -> Iterator[str]:
    times = np.array(row["frame_times_s"], np.float64)
    edges = [row[key] for key in ("picture_start_s", "picture_end_s", "sound_start_s", "sound_end_s")]
    known = np.concatenate([times, np.array([edge for edge in edges if edge is not None], np.float64)])
    if not np.isfinite(known).all() or not (known >= 0).all() or not (known <= SANE_S).all():
        yield f"times are {edges}, frames from {times.min(initial=0)} to {times.max(initial=0)} s"
    if (np.diff(times) < 0).any():
        yield "frame times run backwards"
    if not row["has_picture"] and not row["has_sound"]:
        yield "used without picture and sound"
    if row["has_picture"] and (row["width"] < 1 or row["height"] < 1 or row["picture_end_s"] < times[-1]):
        yield f"picture of {row['width']}x{row['height']} until {row['picture_end_s']} s, last frame at {times[-1]} s"
    if not row["has_sound"]:
        return
    span = row["sound_end_s"] - row["sound_start_s"]
    heard = row["samples"] / row["sample_rate_hz"]
    if row["samples"] < 1 or abs(heard - span) > SPAN_S:
        yield f"{heard:.3f} s of samples for {span:.3f} s of sound ({row['complaints']} complaints)"
    if len(cache.load(row["sound"])["samples"]) != row["samples"]:
        yield "the stored sound has another number of samples than its row"


def _face(row: Mapping[str, Any], face: Mapping[str, Any], cache: Cache) -> Iterator[str]:
    if len(face["status"]) != len(row["kept"]) or len(face["boxes"]) != 4 * len(row["kept"]):
        yield f"{len(face['status'])} face states and {len(face['boxes'])} box sides for {len(row['kept'])} kept frames"
    if not np.isfinite(face["boxes"]).all():
        yield "a face box is not finite"
    if face["crops"]:
        found = cache.load(face["crops"])
        seen = sum(state != MISSING for state in face["status"])
        if len(found["crops"]) != seen or len(found["times_s"]) != seen:
            yield f"{len(found['crops'])} crops and {len(found['times_s'])} times for {seen} frames with a face"
