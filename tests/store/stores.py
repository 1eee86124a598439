"""Small stores with known content, shared by the tests of this folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

import aver
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

HEADER = Header("faces", "vggface", (3, 2), "p" * 64, "w" * 64, "seeded")
KINDS = ("hdf5", "parquet")
BUCKETS = 4


def rows_of(clip_id: str, count: int) -> Rows:
    rng = np.random.default_rng(len(clip_id) + sum(clip_id.encode()))
    values = rng.standard_normal((count, 3, 2)).astype(np.float32)
    starts = np.arange(count) * 0.1 + rng.random()
    words = [("detected", "interpolated", "padded")[k % 3] for k in range(count)]
    return Rows(values, np.stack([starts, starts + 0.1], axis=1), words)


def entry(clip_id: str, count: int) -> ClipEntry:
    return ClipEntry(clip_id, "ok", "", f"digest-{clip_id}", lambda: rows_of(clip_id, count))


COUNTS = {f"clip {k:02d}": 1 + k % 5 for k in range(20)} | {"ä–ö": 2, "none": 0}
ENTRIES = [
    *(entry(name, count) for name, count in COUNTS.items()),
    ClipEntry("absent", "absent", "no_face"),
    ClipEntry("failed", "failed", "truncated"),
]


def write(folder: Path, entries=ENTRIES, kind="hdf5", buckets=BUCKETS) -> Path:
    write_store(folder, HEADER, entries, buckets, kind)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def digest_of_everything(folder: Path, times: int = 3) -> str:
    """Read all that a store gives, several times, opened anew each time; a function that other processes can import."""
    digest = hashlib.sha256()
    for _ in range(times):
        store = aver.open_store(folder)
        for name in store.clips:
            digest.update(store.rows(name).tobytes() + store.times(name).tobytes())
        for values, index in store.batches(3):
            digest.update(values.tobytes() + index["t0_s"].to_numpy().tobytes())
    return digest.hexdigest()
