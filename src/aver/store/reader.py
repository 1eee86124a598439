"""Read a feature store: any clips, in any order, without loading the rest.

store = aver.open_store("data/features/synthetic/vggface")
store.clips                       # ids of the clips that have rows, sorted
store.rows("S01_happy_T1")        # [N, 2048] float32, a view of the shard on disk where the format allows it
store.times("S01_happy_T1")       # [N, 2] seconds
for rows, index in store.batches(512): ...
store.dataset()                   # torch Dataset of (rows, times, clip id) per clip
store.frame()                     # pandas: one row per feature row, with clip, times and status
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aver.cache.objects import file_digest
from aver.errors import StoreError
from aver.store.schema import CLIPS, DATASET, FORMAT_NAME, FORMAT_VERSION, INDEX

if TYPE_CHECKING:
    import pandas as pd
    from torch.utils.data import Dataset

#: Shards whose checksum was compared in this process, by (path, bytes, mtime): once is enough until one changes.
_VERIFIED: set[tuple[str, int, int]] = set()


def open_store(path: str | Path) -> Store:
    """Open the feature store in a folder, e.g. `data/features/ravdess/vggface`.

    Raises:
        StoreError: there is no store, or its format or version is not known to this AVER.
    """
    return Store(Path(path))


class Store:
    """One stream of one corpus.  Cheap to open and to pickle; shards are opened and verified when first used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.header: dict[str, Any] = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StoreError(
                f"{folder} is no feature store (no store.json). Make it with `dvc repro features`, "
                "or fetch it with `dvc pull`."
            ) from None
        except ValueError as exc:
            raise StoreError(f"{folder}/store.json is damaged: {exc}. Restore it with `dvc checkout`.") from exc
        got = (self.header.get("format"), self.header.get("version"))
        if got != (FORMAT_NAME, FORMAT_VERSION):
            raise StoreError(
                f"{folder}: format {got[0]!r} version {got[1]!r} is not one this AVER reads "
                f"({FORMAT_NAME!r} version {FORMAT_VERSION}). Use the AVER that wrote it, or run `dvc repro features`."
            )
        self.row_shape: tuple[int, ...] = tuple(self.header["row_shape"])
        self._open: dict[int, NDArray[np.float32]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self.folder, "header": self.header, "row_shape": self.row_shape, "_open": {}}

    @cached_property
    def catalogue(self) -> dict[str, dict[str, Any]]:
        """Every clip of the corpus by id, those without rows too: shard, first_row, rows, status, reason, digest."""
        rows = self._table("clips.parquet", CLIPS).to_pylist()
        return {row["clip_id"]: row for row in rows}

    @cached_property
    def clips(self) -> list[str]:
        """Ids of the clips that have rows, sorted."""
        return [name for name, row in self.catalogue.items() if row["rows"]]

    @cached_property
    def index(self) -> pa.Table:
        """One row per feature row: clip_id, shard, row, t0_s, t1_s, status; sorted by clip and time."""
        return self._table("index.parquet", INDEX)

    @cached_property
    def _offsets(self) -> dict[str, int]:
        counts = [row["rows"] for row in self.catalogue.values()]
        return dict(zip(self.catalogue, np.cumsum([0, *counts])[:-1].tolist(), strict=True))

    def __len__(self) -> int:
        return int(self.index.num_rows)

    def rows(self, clip_id: str) -> NDArray[np.float32]:
        """Return a clip's feature rows [N, *row_shape], read-only; N is 0 for an absent or failed clip.

        Raises:
            StoreError: the clip is not of this corpus, or its shard is damaged.
        """
        entry = self._clip(clip_id)
        if not entry["rows"]:
            return np.zeros((0, *self.row_shape), np.float32)
        return self.shard(entry["shard"])[entry["first_row"] : entry["first_row"] + entry["rows"]]

    def times(self, clip_id: str) -> NDArray[np.float64]:
        """Return start and end of each row of a clip, [N, 2] seconds, end exclusive."""
        part = self.index.slice(self._offsets[self._clip(clip_id)["clip_id"]], self._clip(clip_id)["rows"])
        return np.stack([part["t0_s"].to_numpy(), part["t1_s"].to_numpy()], axis=1)

    def status(self, clip_id: str) -> list[str]:
        """Return what is known about each row of a clip: detected | interpolated | complete | padded."""
        part = self.index.slice(self._offsets[self._clip(clip_id)["clip_id"]], self._clip(clip_id)["rows"])
        words: list[str] = part["status"].to_pylist()
        return words

    def batches(
        self, rows: int, clips: Sequence[str] | None = None
    ) -> Iterator[tuple[NDArray[np.float32], list[tuple[str, int]]]]:
        """Yield `(values [<=rows, *row_shape], [(clip_id, row of the clip), …])`, shard by shard, in stored order.

        Args:
            rows: the most rows in a batch; a batch never spans two shards, so it is a view and not a copy.
            clips: only these clips (default: all that have rows).
        """
        wanted = [self._clip(name) for name in (self.clips if clips is None else clips)]
        for shard in sorted({entry["shard"] for entry in wanted if entry["rows"]}):
            values = self.shard(shard)
            entries = sorted((e for e in wanted if e["shard"] == shard), key=lambda e: int(e["first_row"]))
            names = [(e["clip_id"], row) for e in entries for row in range(e["rows"])]
            places = np.concatenate([np.arange(e["first_row"], e["first_row"] + e["rows"]) for e in entries])
            for start in range(0, len(places), rows):
                part = places[start : start + rows]
                unbroken = part[-1] - part[0] + 1 == len(part)
                batch = values[part[0] : part[-1] + 1] if unbroken else values[part]
                yield batch, names[start : start + rows]

    def dataset(self, clips: Sequence[str] | None = None) -> Dataset[tuple[Any, Any, str]]:
        """Return a torch map-style `Dataset` with one item per clip: (rows, times, clip id)."""
        from aver.store.torch_dataset import ClipDataset

        return ClipDataset(self, list(self.clips if clips is None else clips))

    def frame(self) -> pd.DataFrame:
        """Return the index as a pandas frame: one row per feature row with clip, times and status."""
        return self.index.to_pandas()

    def verify(self) -> None:
        """Compare every shard with its checksum.

        Raises:
            StoreError: a shard is missing or damaged; the message names it.
        """
        for name in self.header["shards"]:
            self._verify(self.folder / name)

    def shard(self, number: int) -> NDArray[np.float32]:
        """Return all rows of a shard [N, *row_shape], read-only: a memory map for HDF5, read once for Parquet."""
        if number not in self._open:
            suffix = "h5" if self.header["kind"] == "hdf5" else "parquet"
            path = self.folder / f"shard-{number:03d}.{suffix}"
            self._verify(path)
            self._open[number] = (_map_hdf5 if suffix == "h5" else _read_parquet)(path, self.header)
        return self._open[number]

    def _clip(self, clip_id: str) -> dict[str, Any]:
        try:
            return self.catalogue[clip_id]
        except KeyError:
            raise StoreError(
                f"{self.folder}: no clip {clip_id!r} in this stream; it has {len(self.catalogue)} clips, "
                f"e.g. {', '.join(list(self.catalogue)[:3])}"
            ) from None

    def _table(self, name: str, schema: pa.Schema) -> pa.Table:
        try:
            table = pq.read_table(self.folder / name)
        except (OSError, pa.ArrowException) as exc:
            raise StoreError(f"{self.folder / name} is missing or damaged; restore it with `dvc checkout`") from exc
        if table.schema.names != schema.names:
            raise StoreError(f"{self.folder / name}: expected columns {schema.names}, found {table.schema.names}")
        return table

    def _verify(self, path: Path) -> None:
        try:
            stat = path.stat()
        except FileNotFoundError:
            raise StoreError(f"{path} is missing; restore it with `dvc checkout`") from None
        identity = (str(path.resolve()), stat.st_size, stat.st_mtime_ns)
        if identity in _VERIFIED:
            return
        if file_digest(path) != self.header["shards"][path.name]["sha256"]:
            raise StoreError(
                f"{path} is damaged (its checksum differs from store.json). Delete it and run `dvc checkout`; "
                "if DVC's cache is damaged too, `dvc repro -f features` packs it again from the clip cache."
            )
        _VERIFIED.add(identity)


def _expect(path: Path, found: dict[str, Any], header: dict[str, Any]) -> None:
    for key in ("format", "version", "stream", "row_shape", "params", "weights"):
        if found.get(key) != header[key]:
            raise StoreError(f"{path}: {key} is {found.get(key)!r}, but store.json says {header[key]!r}")


def _map_hdf5(path: Path, header: dict[str, Any]) -> NDArray[np.float32]:
    with h5py.File(path, "r") as file:
        attributes = {k: v.tolist() if isinstance(v, np.ndarray | np.generic) else v for k, v in file.attrs.items()}
        _expect(path, attributes, header)
        dataset = file[DATASET]
        if dataset.dtype != np.float32 or list(dataset.shape[1:]) != header["row_shape"]:
            raise StoreError(f"{path}: rows are {dataset.dtype} {dataset.shape[1:]}, expected {header['row_shape']}")
        offset, shape = dataset.id.get_offset(), dataset.shape
    if offset is None:  # an empty dataset has no place in the file
        return np.zeros(shape, np.float32)
    return np.memmap(path, np.float32, "r", offset, shape)


def _read_parquet(path: Path, header: dict[str, Any]) -> NDArray[np.float32]:
    table = pq.read_table(path, memory_map=True)
    meta = {k.decode(): json.loads(v) for k, v in (table.schema.metadata or {}).items() if not k.startswith(b"ARROW")}
    _expect(path, meta, header)
    column = table[DATASET].combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=True) if table.num_rows else np.zeros(0, np.float32)
    values: NDArray[np.float32] = flat.reshape(-1, *header["row_shape"])
    return values
