"""What the stages left about one corpus, as far as its card needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aver.corpora.clip import Reading
from aver.errors import StoreError
from aver.store.out import read_json, read_rows

Row = dict[str, Any]

#: Columns of `media.parquet` and `faces.parquet` on the card; outs of an older version may lack some.
MEDIA = (
    "clip_id", "has_picture", "has_sound", "video_codec", "audio_codec", "width", "height", "source_rate_hz",
    "picture_start_s", "picture_end_s", "sound_start_s", "sound_end_s", "frame_times_s",
)  # fmt: skip
FACES = ("clip_id", "absent", "frames", "missing", "cuts", "tracks")


@dataclass(frozen=True)
class Tables:
    """All that a card is made of; None where a stage has not run.

    Args:
        corpus: its name in `params.yaml`.
        adapter: which adapter reads it.
        clips: rows of `clips.parquet`.
        media: rows of `media.parquet`, the columns `MEDIA`.
        faces: rows of `faces.parquet`, the columns of `FACES` that it has.
        failures: rows of the `failures.parquet` of these three stages.
        findings: rows of `findings.parquet`.
        ignored: files that are no clips.
        metadata: the corpus's own lists that were read.
    """

    corpus: str
    adapter: str
    clips: list[Row] | None = None
    media: list[Row] | None = None
    faces: list[Row] | None = None
    failures: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)


def read_tables(data: Path, corpus: str, adapter: str) -> Tables:
    """Read what the stages corpora, media and faces left about a corpus.

    Raises:
        StoreError: a file is damaged.
    """
    folders = {stage: data / stage / corpus for stage in ("corpora", "media", "faces")}
    summary = folders["corpora"] / "summary.json"
    listed = read_json(summary) if summary.is_file() else {}
    return Tables(
        corpus,
        adapter,
        clips=_rows(folders["corpora"] / "clips.parquet"),
        media=_rows(folders["media"] / "media.parquet", MEDIA),
        faces=_rows(folders["faces"] / "faces.parquet", FACES),
        failures=[row for folder in folders.values() for row in _rows(folder / "failures.parquet") or []],
        findings=_rows(folders["corpora"] / "findings.parquet") or [],
        ignored=listed.get("ignored", []),
        metadata=listed.get("metadata", []),
    )


def _rows(path: Path, columns: tuple[str, ...] = ()) -> list[Row] | None:
    if not path.is_file():
        return None
    if not columns:
        return read_rows(path)
    try:
        there = pq.read_schema(path).names
    except pa.ArrowException as exc:
        raise StoreError(f"{path} is damaged: {exc}. Run `aver doctor --repair`.") from exc
    return read_rows(path, [name for name in columns if name in there])


def tables_of(corpus: str, adapter: str, reading: Reading) -> Tables:
    """Return what an adapter found below a root; nothing was decoded."""
    return Tables(
        corpus,
        adapter,
        clips=[clip.row() for clip in sorted(reading.clips, key=lambda clip: clip.clip_id)],
        failures=[failure.row() for failure in sorted(reading.failures, key=lambda failure: failure.clip_id)],
        findings=[found.row() for found in sorted(reading.findings, key=lambda found: (found.clip_id, found.kind))],
        ignored=sorted(reading.ignored),
        metadata=sorted(reading.metadata),
    )
