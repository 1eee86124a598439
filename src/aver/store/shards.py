"""The rows of one shard: a memory map for HDF5, read clip by clip for Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aver.errors import StoreError
from aver.store.schema import DATASET


class Hdf5Shard:
    """A contiguous dataset, mapped into memory: every answer is a view.

    Raises:
        StoreError: the shard is of another stream than `store.json` says.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        with h5py.File(path, "r") as file:
            found = {k: v.tolist() if isinstance(v, np.ndarray | np.generic) else v for k, v in file.attrs.items()}
            _expect(path, found, header)
            dataset = file[DATASET]
            if dataset.dtype != np.float32 or list(dataset.shape[1:]) != header["row_shape"]:
                raise StoreError(
                    f"{path}: rows are {dataset.dtype} {dataset.shape[1:]}, expected {header['row_shape']}"
                )
            offset, shape = dataset.id.get_offset(), dataset.shape
        self._values: NDArray[np.float32]
        if offset is None:  # an empty dataset has no place in the file
            self._values = np.zeros(shape, np.float32)
        else:
            # A plain array: every slice of a `memmap` costs a Python call more.
            self._values = np.memmap(path, np.float32, "r", offset, shape).view(np.ndarray)

    def whole(self) -> NDArray[np.float32]:
        """Return all rows [N, *row_shape], read-only."""
        return self._values

    def part(self, first: int, count: int) -> NDArray[np.float32]:
        """Return `count` rows from `first` on [count, *row_shape], read-only."""
        return self._values[first : first + count]


class ParquetShard:
    """A list column in which every clip begins a row group.  Parquet cannot be mapped: every call reads, none keeps.

    Raises:
        StoreError: the shard is of another stream than `store.json` says.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self._file = pq.ParquetFile(path, memory_map=True)
        meta = self._file.schema_arrow.metadata or {}
        _expect(path, {k.decode(): json.loads(v) for k, v in meta.items() if not k.startswith(b"ARROW")}, header)
        self._shape = tuple(header["row_shape"])
        counts = [self._file.metadata.row_group(k).num_rows for k in range(self._file.num_row_groups)]
        self._starts = np.cumsum([0, *counts])

    def whole(self) -> NDArray[np.float32]:
        """Return all rows [N, *row_shape], read-only."""
        values = np.empty((int(self._starts[-1]), *self._shape), np.float32)
        # Group by group: reading at once and joining would hold every row twice.
        for group, start in enumerate(self._starts[:-1]):
            values[start : self._starts[group + 1]] = self._groups([group])
        values.flags.writeable = False
        return values

    def part(self, first: int, count: int) -> NDArray[np.float32]:
        """Return the `count` rows of the clip that begins at `first` [count, *row_shape], read-only."""
        low, high = np.searchsorted(self._starts, [first, first + count]).tolist()
        return self._groups(list(range(low, high)))

    def _groups(self, groups: list[int]) -> NDArray[np.float32]:
        column = self._file.read_row_groups(groups, use_threads=False)[DATASET].combine_chunks()
        values: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=True).reshape(-1, *self._shape)
        return values


def open_shard(path: Path, header: Mapping[str, Any]) -> Hdf5Shard | ParquetShard:
    """Open a shard of the kind that the header names."""
    return Hdf5Shard(path, header) if header["kind"] == "hdf5" else ParquetShard(path, header)


def _expect(path: Path, found: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    for key in ("format", "version", "stream", "row_shape", "params", "weights"):
        if found.get(key) != header[key]:
            raise StoreError(f"{path}: {key} is {found.get(key)!r}, but store.json says {header[key]!r}")
