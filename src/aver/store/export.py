"""Copy a store into a format that other programs read: npz, Parquet, WebDataset or Zarr.

Every export is a folder:

    export.json           what the store says about itself, the format, and how many clips and rows there are
    clips.csv             every clip asked for: clip_id, status (ok | absent | failed), reason, rows, key
    npz                   clips/<key>.npz         rows, times_s, status, clip_id
    parquet               features.parquet        clip_id, row, t0_s, t1_s, status, rows; one row group per clip
    webdataset            features-000000.tar …   <key>.rows.npy, <key>.times_s.npy, <key>.json (clip_id, status)
    zarr                  features.zarr           rows, times_s, status; clip k has rows offsets[k] to offsets[k + 1]

Clips are sorted by id, one is in memory at a time, and the same store gives the same bytes.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aver.cache.objects import digest_of
from aver.errors import StoreError
from aver.progress import track
from aver.store.out import out_folder, write_json
from aver.store.reader import Store
from aver.store.schema import INDEX

#: What makes a folder an export, which may be replaced.
CARD = "export.json"
#: A `.tar` is closed when it holds this much: large enough to stream, small enough to copy.
TAR_BYTES = 256_000_000
#: A chunk of a Zarr array of rows, before compression.
CHUNK_BYTES = 4 << 20
#: Entries of a chunk of the other arrays.
ROWS_PER_CHUNK = 1 << 16
#: Longest file name made from a clip id, in bytes; file systems end at 255 with the suffix.
KEY_BYTES = 200


def export(store: Store, out: Path, kind: str, clips: Sequence[str] | None = None, replace: bool = False) -> int:
    """Write a store, or some clips of it, in another format; return the number of rows.

    Args:
        store: what to copy; every shard is verified when it is first read.
        out: the folder to make.
        kind: a name of `FORMATS`.
        clips: only these clips (default: all of the corpus, those without rows are only listed).
        replace: replace an earlier export in `out`; anything else there is never touched.

    Raises:
        StoreError: `out` exists, a clip is not of this corpus, or the store is damaged.
        CacheError: the disk is full or `out` may not be written.
    """
    out = out.resolve()
    _may_write(out, replace)
    listed = [store.entry(name) for name in sorted(store.catalogue if clips is None else set(clips))]
    filled = [entry["clip_id"] for entry in listed if entry["rows"]]
    total = sum(entry["rows"] for entry in listed)
    with out_folder(out) as folder:
        FORMATS[kind](folder, store, filled)
        with (folder / "clips.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(["clip_id", "status", "reason", "rows", "key"])
            for entry in listed:
                table.writerow([*(entry[k] for k in ("clip_id", "status", "reason", "rows")), key_of(entry["clip_id"])])
        card = {"kind": kind, "clips": len(listed), "clips_with_rows": len(filled), "rows": total}
        write_json(folder / CARD, {**card, "store": _about(store)})
    return total


def key_of(clip_id: str) -> str:
    """Return a clip id as a file name: letters and digits of any script, space, `-` and `_` stay, the rest is `%XX`.

    `urllib.parse.unquote` turns it back, unless it was too long for a file name and ends in `~` and a checksum.

    >>> key_of("day 1/S01.mp4")
    'day 1%2FS01%2Emp4'
    """
    # The dot too: WebDataset ends a key at the first one.
    key = re.sub(r"[^\w -]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), clip_id)
    if len(key.encode()) <= KEY_BYTES:
        return key
    start = key.encode()[: KEY_BYTES - 33].decode(errors="ignore")
    return f"{start}~{digest_of(clip_id.encode())[:32]}"


def _may_write(out: Path, replace: bool) -> None:
    if not out.exists():
        return
    if not (out / CARD).is_file():
        raise StoreError(f"{out} exists and is no earlier export (no {CARD}). Choose another folder.")
    if not replace:
        raise StoreError(f"{out} exists. Choose another folder, or replace this export with --force.")


def _about(store: Store) -> dict[str, Any]:
    """Return what the store says about itself, without the lists of its files."""
    return {
        key: value
        for key, value in store.header.items()
        if key not in ("kind", "buckets", "shards", "tables", "sha256")
    }


def _npz(folder: Path, store: Store, clips: Sequence[str]) -> None:
    (folder / "clips").mkdir()
    for name in _each(store, clips):
        np.savez(
            folder / "clips" / f"{key_of(name)}.npz", allow_pickle=False, rows=store.rows(name),
            times_s=store.times(name), status=np.array(store.status(name)), clip_id=np.array(name),
        )  # fmt: skip


def _parquet(folder: Path, store: Store, clips: Sequence[str]) -> None:
    width = int(np.prod(store.row_shape))
    meta = {key: json.dumps(value) for key, value in sorted(_about(store).items())}
    kept = [INDEX.field(name) for name in ("clip_id", "row", "t0_s", "t1_s", "status")]
    schema = pa.schema([*kept, pa.field("rows", pa.list_(pa.float32(), width))], metadata=meta)
    with pq.ParquetWriter(folder / "features.parquet", schema, use_dictionary=["clip_id", "status"]) as file:
        for name in _each(store, clips):
            values, times, words = store.rows(name), store.times(name), store.status(name)
            columns = [
                pa.array([name] * len(values)), pa.array(np.arange(len(values))),
                pa.array(times[:, 0]), pa.array(times[:, 1]), pa.array(words).dictionary_encode().cast(kept[-1].type),
                pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), width),
            ]  # fmt: skip
            file.write_table(pa.table(columns, schema=schema), row_group_size=len(values))


def _webdataset(folder: Path, store: Store, clips: Sequence[str]) -> None:
    from webdataset import ShardWriter

    # The pattern is filled in with `%`, so a `%` in the folder's name must be doubled.
    pattern = str(folder).replace("%", "%%") + "/features-%06d.tar"
    # A fixed time for every member: the writer's default is now.
    with ShardWriter(pattern, maxsize=TAR_BYTES, verbose=0, mtime=0, user="aver", group="aver") as tars:
        for name in _each(store, clips):
            words = {"clip_id": name, "status": store.status(name)}
            arrays = {"rows.npy": store.rows(name), "times_s.npy": store.times(name)}
            tars.write({"__key__": key_of(name), "json": words, **arrays})


def _zarr(folder: Path, store: Store, clips: Sequence[str]) -> None:
    import zarr

    offsets = np.cumsum([0, *(store.entry(name)["rows"] for name in clips)])
    total = int(offsets[-1])
    step = max(1, CHUNK_BYTES // (4 * int(np.prod(store.row_shape))))
    group = zarr.create_group(str(folder / "features.zarr"), attributes=_about(store))
    rows = group.create_array("rows", shape=(total, *store.row_shape), chunks=(step, *store.row_shape), dtype="float32")
    # Whole chunks only: writing clip by clip would read, unpack and pack the same chunk many times.
    held, filled, written = np.empty((step, *store.row_shape), np.float32), 0, 0
    for name in _each(store, clips):
        values = store.rows(name)
        while len(values):
            part = values[: step - filled]
            held[filled : filled + len(part)] = part
            filled, values = filled + len(part), values[len(part) :]
            if filled == step:
                rows[written : written + step] = held
                filled, written = 0, written + step
    if filled:
        rows[written:] = held[:filled]
    words = [word for name in clips for word in store.status(name)]
    columns: dict[str, NDArray[Any]] = {
        "times_s": np.concatenate([np.zeros((0, 2)), *(store.times(name) for name in clips)]),
        "status": np.array(words, object),
        "offsets": offsets.astype(np.int64),
        "clip_ids": np.array(clips, object),
    }
    for name, column in columns.items():
        kind = str if column.dtype == object else column.dtype
        chunks = (min(ROWS_PER_CHUNK, max(1, len(column))), *column.shape[1:])
        group.create_array(name, shape=column.shape, chunks=chunks, dtype=kind)[:] = column


def _each(store: Store, clips: Sequence[str]) -> Iterator[str]:
    return track(clips, f"export {store.header['stream']}")


FORMATS: dict[str, Callable[[Path, Store, Sequence[str]], None]] = {
    "npz": _npz,
    "parquet": _parquet,
    "webdataset": _webdataset,
    "zarr": _zarr,
}
