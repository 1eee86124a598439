"""Read what every stage knows about one clip; what is absent, failed or not yet known becomes a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aver.cli.sheet.decode import decode, failure
from aver.cli.sheet.facts import Bar, Box, Note, Sheet, Shown
from aver.clock import frame_ends
from aver.faces.settle import MISSING
from aver.params.blocks import Params

#: The table of each stage that the sheet reads.
TABLES = {"corpora": "clips", "media": "media", "faces": "faces", "windows": "windows"}


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
    found = _faces(faces if media["has_picture"] else None, len(kept), notes)
    _say_absent(media, found.status, notes)
    _say_several(found, notes)
    shown, wave = decode(clip, media, Path(params.corpora[corpus].root).expanduser(), params, count, notes)
    numbers = sorted(shown)
    return Sheet(
        corpus=corpus,
        clip_id=clip_id,
        clip=clip,
        media=media,
        status=found.status,
        kept_s=np.stack([times_s, frame_ends(times_s, media["picture_end_s"] or 0.0)], axis=1),
        seen=found.seen,
        cuts=found.cuts,
        tracks=found.tracks,
        bars=[Bar(row["window"], row["number"], row["t0_s"], row["t1_s"], row["status"]) for row in windows],
        shown=[
            _shown(found, media, number, before, float(times_s[number]), shown[number])
            for before, number in zip([numbers[0] if numbers else 0, *numbers], numbers, strict=False)
        ],
        wave=wave,
        notes=notes,
    )


@dataclass(frozen=True, eq=False)
class _Faces:
    """The row of `faces.parquet`, its lists as arrays; of an older or unknown one what there is."""

    status: NDArray[np.uint8] | None = None
    seen: NDArray[np.uint8] | None = None
    boxes: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    others: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 5)))
    cuts: Sequence[int] = ()
    tracks: int = 0


def _faces(row: Mapping[str, Any] | None, kept: int, notes: list[Note]) -> _Faces:
    if row is None:
        return _Faces()
    if len(row["status"]) != kept or "faces_seen" not in row:
        notes.append(Note("The faces are older than the media stage. Run `dvc repro`."))
        return _Faces()
    return _Faces(
        status=np.array(row["status"], np.uint8),
        seen=np.array(row["faces_seen"], np.uint8),
        boxes=np.array(row["boxes"], np.float64).reshape(-1, 4),
        others=np.array(row["others"], np.float64).reshape(-1, 5),
        cuts=row["cut_frames"],
        tracks=row["tracks"],
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
        notes.append(failure(f"Failed at {stage}", row["reason"], row["detail"]))
    if not rows and not failed:
        notes.append(Note(f"The {stage} stage does not know this clip yet. Run `dvc repro`."))
    return rows


def _rows(path: Path, clip_id: str) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    rows: list[dict[str, Any]] = pq.read_table(path, filters=[("clip_id", "=", clip_id)]).to_pylist()
    return rows


def _say_absent(media: Mapping[str, Any], status: NDArray[np.uint8] | None, notes: list[Note]) -> None:
    if not media["has_picture"]:
        notes.append(Note("No picture: the file holds only sound."))
    if not media["has_sound"]:
        notes.append(Note("No sound: the file holds only a picture, so it has no windows."))
    if status is not None and not status.any():
        notes.append(Note("No face was found in any kept frame."))
    if media["complaints"]:
        notes.append(Note("ffmpeg reported errors while it decoded; what it gave was used."))


def _say_several(found: _Faces, notes: list[Note]) -> None:
    if found.cuts:
        many = f"{len(found.cuts)} cuts" if len(found.cuts) > 1 else "One cut"
        notes.append(Note(f"{many}: faces of different shots are never joined, so at most one shot has a face."))
    if found.tracks > 1:
        notes.append(Note(f"{found.tracks} tracks of faces were found; the largest over time is the clip's face."))


def _shown(
    found: _Faces, media: Mapping[str, Any], number: int, before: int, time_s: float, picture: NDArray[np.uint8]
) -> Shown:
    sides = [media["width"], media["height"]] * 2

    def box(pixels: NDArray[np.float64]) -> Box:
        left, top, width, height = (pixels / sides).tolist()
        return left, top, width, height

    if found.status is None or found.seen is None:
        return Shown(number, time_s, None, None, picture)
    status = int(found.status[number])
    others = [box(row[1:]) for row in found.others if row[0] == number]
    after_cut = any(before < cut <= number for cut in found.cuts)
    own = None if status == MISSING else box(found.boxes[number])
    return Shown(number, time_s, status, own, picture, others, int(found.seen[number]), after_cut)
