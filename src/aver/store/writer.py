"""Write a feature store: clips in, shards and index out, one clip in memory at a time."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aver.cache.objects import file_digest
from aver.errors import StoreError
from aver.store.schema import CLIPS, DATASET, INDEX, Header, bucket_of
from aver.store.seal import HEADER_FILE, seal


@dataclass(frozen=True)
class Rows:
    """The feature rows of one clip.

    Args:
        values: [N, *row_shape] float32.
        times_s: [N, 2] float64: start and end of each row, seconds, end exclusive.
        status: N words: detected | interpolated | complete | padded.
    """

    values: NDArray[np.float32]
    times_s: NDArray[np.float64]
    status: Sequence[str]


@dataclass(frozen=True)
class ClipEntry:
    """One clip of the store: its status, and how to get its rows when they are written (None: it has none)."""

    clip_id: str
    status: str
    reason: str = ""
    digest: str = ""
    rows: Callable[[], Rows] | None = None


def write_store(folder: Path, header: Header, entries: Sequence[ClipEntry], buckets: int, kind: str) -> int:
    """Write the store of one stream into the empty or missing `folder`; return the number of rows.

    Args:
        folder: where to write; the caller renames it into place when all is whole.
        header: what the store says about itself.
        entries: one per clip of the corpus, any order.
        buckets: number of shards.
        kind: `hdf5` or `parquet`.

    Raises:
        StoreError: two entries with one clip id, or rows that do not fit the header or their times.
        OSError: the disk is full; what was written so far is no store (`store.json` comes last).
    """
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(entries, key=lambda entry: entry.clip_id)
    if len({entry.clip_id for entry in ordered}) != len(ordered):
        raise StoreError(f"{header.stream}: a clip id occurs twice; clip ids must be unique within a corpus")
    clip_rows: list[tuple[str, int, int, int, str, str, str]] = []
    shards: dict[str, dict[str, object]] = {}
    index: list[_Part] = []
    for shard in range(buckets):
        members = [entry for entry in ordered if bucket_of(entry.clip_id, buckets) == shard]
        path = folder / f"shard-{shard:03d}.{'h5' if kind == 'hdf5' else 'parquet'}"
        with _SHARDS[kind](path, header) as sink:
            for entry in members:
                first, count = sink.total, 0
                if entry.rows is not None:
                    rows = _checked(entry, header, entry.rows())
                    count = len(rows.values)
                    sink.append(rows.values)
                    index.append((entry.clip_id, shard, first, rows.times_s, list(rows.status)))
                clip_rows.append((entry.clip_id, shard, first, count, entry.status, entry.reason, entry.digest))
            total = sink.total
        shards[path.name] = {"rows": total, "sha256": file_digest(path)}
    clip_rows.sort()
    columns: list[Any] = list(zip(*clip_rows, strict=True)) or [[] for _ in CLIPS]
    tables = {
        "clips.parquet": pa.table([pa.array(c, t.type) for c, t in zip(columns, CLIPS, strict=True)], schema=CLIPS),
        "index.parquet": _index_table(index),
    }
    listed: dict[str, dict[str, object]] = {}
    for name, table in tables.items():
        pq.write_table(table, folder / name)
        listed[name] = {"rows": table.num_rows, "sha256": file_digest(folder / name)}
    summary = {**header.attributes(), "kind": kind, "buckets": buckets, "shards": shards, "tables": listed}
    (folder / HEADER_FILE).write_bytes(seal(summary))
    return tables["index.parquet"].num_rows


def _checked(entry: ClipEntry, header: Header, rows: Rows) -> Rows:
    count = len(rows.values)
    if rows.values.shape[1:] != header.row_shape or rows.values.dtype != np.float32:
        raise StoreError(
            f"{header.stream}: clip {entry.clip_id}: expected float32 rows of shape {header.row_shape}, "
            f"got {rows.values.dtype} {rows.values.shape[1:]}"
        )
    if rows.times_s.shape != (count, 2) or len(rows.status) != count:
        raise StoreError(f"{header.stream}: clip {entry.clip_id}: {count} rows but {len(rows.times_s)} times")
    if not np.isfinite(rows.values).all():
        raise StoreError(f"{header.stream}: clip {entry.clip_id}: the encoder gave values that are not finite")
    return rows


#: The index rows of one clip, kept small until all are known: clip id, shard, first row, times [N, 2], status words.
_Part = tuple[str, int, int, NDArray[np.float64], list[str]]


def _index_table(parts: list[_Part]) -> pa.Table:
    """Return the index of all clips, sorted by clip, each clip's rows in stored order."""
    parts = sorted(parts, key=lambda part: part[0])
    counts = [len(part[3]) for part in parts]
    times = np.concatenate([part[3] for part in parts]) if parts else np.zeros((0, 2))
    rows = [np.arange(first, first + count) for (_, _, first, _, _), count in zip(parts, counts, strict=True)]
    columns = [
        pa.array(np.repeat(np.array([part[0] for part in parts], object), counts), pa.string()),
        pa.array(np.repeat(np.array([part[1] for part in parts], np.int32), counts), pa.int32()),
        pa.array(np.concatenate(rows) if rows else [], pa.int64()),
        pa.array(times[:, 0], pa.float64()),
        pa.array(times[:, 1], pa.float64()),
        pa.array([word for part in parts for word in part[4]], pa.string()).dictionary_encode(),
    ]
    return pa.table([column.cast(field.type) for column, field in zip(columns, INDEX, strict=True)], schema=INDEX)


class Hdf5Writer:
    """One dataset `rows`, contiguous and uncompressed, so that a reader can map it into memory.

    A contiguous dataset needs its final length at creation.  Rows are therefore spooled to a raw file first and copied
    in pieces when the shard is closed: memory stays flat.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.path, self.header, self.total = path, header, 0
        self.spool = path.with_suffix(".spool")

    def __enter__(self) -> Hdf5Writer:
        self.file = self.spool.open("wb")
        return self

    def append(self, values: NDArray[np.float32]) -> None:
        """Add the rows of one clip [N, *row_shape]."""
        self.file.write(np.ascontiguousarray(values).tobytes())
        self.total += len(values)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        try:
            _close(self.file, error)
            if error is None:
                self._pack()
        finally:
            self.spool.unlink()

    def _pack(self) -> None:
        shape = (self.total, *self.header.row_shape)
        try:
            # The default file version on purpose: newer ones write the time into the root group.
            with h5py.File(self.path, "w") as shard:
                shard.attrs.update(self.header.attributes())
                dataset = shard.create_dataset(DATASET, shape, np.float32, track_times=False)
                for start, piece in _pieces(self.spool, shape):
                    dataset[start : start + len(piece)] = piece
        except (OSError, RuntimeError) as exc:
            # HDF5 writes its last bytes when it closes; h5py then tells of a full disk in words, as a RuntimeError.
            if code := re.search(r"errno = (\d+)", str(exc)):
                raise OSError(int(code[1]), os.strerror(int(code[1])), str(self.path)) from exc
            raise


class ParquetWriter:
    """One fixed-size list column `rows`, one row group per clip."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path, self.header, self.total = path, header, 0
        self.width = int(np.prod(header.row_shape))
        kind = pa.list_(pa.float32(), self.width)
        meta = {key: json.dumps(value) for key, value in header.attributes().items()}
        self.schema = pa.schema([pa.field(DATASET, kind)], metadata=meta)

    def __enter__(self) -> ParquetWriter:
        self.file = pq.ParquetWriter(self.path, self.schema, compression="none", use_dictionary=False)
        return self

    def append(self, values: NDArray[np.float32]) -> None:
        """Add the rows of one clip [N, *row_shape]."""
        if len(values):
            flat = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), self.width)
            self.file.write_table(pa.table([flat], schema=self.schema))
        self.total += len(values)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        _close(self.file, error)


def _close(file: BinaryIO | pq.ParquetWriter, error: BaseException | None) -> None:
    """Close a file; closing may fail on a full disk, which must not hide the first `error`."""
    with suppress(OSError) if error is not None else nullcontext():
        file.close()


def _pieces(spool: Path, shape: tuple[int, ...]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    step = max(1, (1 << 22) // max(1, 4 * int(np.prod(shape[1:]))))
    with spool.open("rb") as file:
        for start in range(0, shape[0], step):
            count = min(step, shape[0] - start) * int(np.prod(shape[1:]))
            yield start, np.frombuffer(file.read(4 * count), np.float32).reshape(-1, *shape[1:])


_SHARDS: dict[str, Callable[[Path, Header], Hdf5Writer | ParquetWriter]] = {
    "hdf5": Hdf5Writer,
    "parquet": ParquetWriter,
}
