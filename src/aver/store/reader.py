"""Read a feature store: any clips, in any order, without loading the rest.

store = aver.open_store("data/features/synthetic/vggface")
store.clips                       # ids of the clips that have rows, sorted
store.rows("S01_happy_T1")        # [N, 2048] float32, a view of the shard on disk where the format allows it
store.times("S01_happy_T1")       # [N, 2] seconds
for rows, index in store.batches(512): ...  # [<=512, 2048] and a pyarrow table: clip, times, status of each row
store.dataset()                   # torch Dataset of (rows, times, clip id) per clip
store.batch_dataset(512)          # torch IterableDataset of (rows, index)
store.frame()                     # pandas: one row per feature row, with clip, times and status
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aver.errors import StoreError
from aver.store.batches import iterate
from aver.store.check import damaged, verify_file
from aver.store.schema import CLIPS, INDEX
from aver.store.seal import read_header
from aver.store.shards import Hdf5Shard, ParquetShard, open_shard

if TYPE_CHECKING:
    import pandas as pd
    from torch.utils.data import Dataset, IterableDataset


def open_store(path: str | Path) -> Store:
    """Open the feature store in a folder, e.g. `data/features/ravdess/vggface`.

    Raises:
        StoreError: there is no store, `store.json` is damaged, or its version is not known to this AVER.
    """
    return Store(Path(path))


class Store:
    """One stream of one corpus.  Cheap to open and to pickle; tables and shards are verified when first used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.header: dict[str, Any] = read_header(folder)
        self.row_shape: tuple[int, ...] = tuple(self.header["row_shape"])
        self._open: dict[int, Hdf5Shard | ParquetShard] = {}

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

    @cached_property
    def _by_shard(self) -> tuple[pa.Table, NDArray[np.int64]]:
        """The index in the order of the shards' rows, and where each shard begins in it."""
        shards = self.index["shard"].to_numpy()
        order = np.lexsort((self.index["row"].to_numpy(), shards))
        starts = np.searchsorted(shards[order], np.arange(self.header["buckets"] + 1))
        return self.index.take(order).combine_chunks(), starts

    def __len__(self) -> int:
        return int(self.index.num_rows)

    def entry(self, clip_id: str) -> dict[str, Any]:
        """Return a clip's row of the catalogue.

        Raises:
            StoreError: the clip is not of this corpus.
        """
        try:
            return self.catalogue[clip_id]
        except KeyError:
            raise StoreError(
                f"{self.folder}: no clip {clip_id!r} in this stream; it has {len(self.catalogue)} clips, "
                f"e.g. {', '.join(list(self.catalogue)[:3])}"
            ) from None

    def rows(self, clip_id: str) -> NDArray[np.float32]:
        """Return a clip's feature rows [N, *row_shape], read-only; N is 0 for an absent or failed clip.

        Raises:
            StoreError: the clip is not of this corpus, or its shard is damaged.
        """
        entry = self.entry(clip_id)
        if not entry["rows"]:
            return np.zeros((0, *self.row_shape), np.float32)
        return self._shard(entry["shard"]).part(entry["first_row"], entry["rows"])

    def times(self, clip_id: str) -> NDArray[np.float64]:
        """Return start and end of each row of a clip, [N, 2] seconds, end exclusive."""
        part = self._index_of(clip_id)
        return np.stack([part["t0_s"].to_numpy(), part["t1_s"].to_numpy()], axis=1)

    def status(self, clip_id: str) -> list[str]:
        """Return what is known about each row of a clip: detected | interpolated | complete | padded."""
        words: list[str] = self._index_of(clip_id)["status"].to_pylist()
        return words

    def batches(
        self, rows: int, clips: Sequence[str] | None = None, share: tuple[int, int] = (0, 1)
    ) -> Iterator[tuple[NDArray[np.float32], pa.Table]]:
        """Yield rows with their index, shard by shard, in stored order.

        Values and index are views (a copy only where `clips` leaves gaps), read-only, and have the same length.  Only
        the shards that hold wanted clips are opened.

        Args:
            rows: the most rows in a batch; a batch never spans two shards.
            clips: only these clips (default: all that have rows).
            share: `(k, n)`: every n-th of those shards, from the k-th on, so that n processes read a store together.

        Yields:
            `values` [<=rows, *row_shape] float32, and a table with one row per value row: clip_id, shard, row (of the
            shard), t0_s, t1_s (seconds), status.

        Raises:
            StoreError: a clip is not of this corpus, or a file is damaged.
        """
        return iterate(self, rows, clips, share)

    def dataset(self, clips: Sequence[str] | None = None) -> Dataset[tuple[Any, Any, str]]:
        """Return a torch map-style `Dataset` with one item per clip: (rows, times, clip id)."""
        from aver.store.torch_dataset import ClipDataset

        return ClipDataset(self, list(self.clips if clips is None else clips))

    def batch_dataset(self, rows: int, clips: Sequence[str] | None = None) -> IterableDataset[tuple[Any, pa.Table]]:
        """Return a torch `IterableDataset` of batches: (rows, index), as in `batches`.

        It batches itself: `DataLoader(store.batch_dataset(512), batch_size=None, num_workers=4)`.
        """
        from aver.store.torch_dataset import BatchDataset

        return BatchDataset(self, rows, None if clips is None else list(clips))

    def frame(self) -> pd.DataFrame:
        """Return the index as a pandas frame: one row per feature row with clip, times and status."""
        return self.index.to_pandas()

    def verify(self) -> None:
        """Read every file of the store anew and compare it with its checksum.

        Raises:
            StoreError: files are missing or damaged; the message names them all.
        """
        found = damaged(self.folder)
        if found:
            listed = "\n".join(f"  {path}: {cause}" for path, cause in found)
            raise StoreError(
                f"{self.folder}: {len(found)} missing or damaged files\n{listed}\n"
                "Delete the damaged ones and run `dvc checkout`; if DVC's cache is damaged too, "
                "`dvc repro -f features` packs them again from the clip cache."
            )

    def shard(self, number: int) -> NDArray[np.float32]:
        """Return all rows of a shard [N, *row_shape], read-only: a memory map for HDF5, read each time for Parquet."""
        return self._shard(number).whole()

    def shard_index(self, number: int) -> pa.Table:
        """Return the index of a shard's rows, in their order."""
        table, starts = self._by_shard
        return table.slice(starts[number], starts[number + 1] - starts[number])

    def _shard(self, number: int) -> Hdf5Shard | ParquetShard:
        if number not in self._open:
            suffix = "h5" if self.header["kind"] == "hdf5" else "parquet"
            path = self.folder / f"shard-{number:03d}.{suffix}"
            verify_file(path, self.header)
            self._open[number] = open_shard(path, self.header)
        return self._open[number]

    def _index_of(self, clip_id: str) -> pa.Table:
        rows = self.entry(clip_id)["rows"]
        return self.index.slice(self._offsets[clip_id], rows)

    def _table(self, name: str, schema: pa.Schema) -> pa.Table:
        path = self.folder / name
        verify_file(path, self.header)
        table = pq.read_table(path)
        if table.schema.names != schema.names:
            raise StoreError(f"{path}: expected columns {schema.names}, found {table.schema.names}")
        return table
