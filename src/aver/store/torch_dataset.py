"""A store as torch datasets; apart from the reader so that reading a store never imports torch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, get_worker_info

if TYPE_CHECKING:
    from aver.store.reader import Store


class ClipDataset(Dataset[tuple[Tensor, Tensor, str]]):
    """One item per clip: rows [N, *row_shape] float32, times [N, 2] float64 (seconds), clip id.

    Rows share memory with the shard on disk (read-only: do not write to them).  Works with several loader processes.
    """

    def __init__(self, store: Store, clips: list[str]) -> None:
        self.store, self.clips = store, clips

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor, str]:
        clip_id = self.clips[item]
        return _tensor(self.store.rows(clip_id)), torch.from_numpy(self.store.times(clip_id)), clip_id


class BatchDataset(IterableDataset[tuple[Tensor, pa.Table]]):
    """Batches: rows [<=rows, *row_shape] float32 and their index, a pyarrow table (see `Store.batches`).

    For a `DataLoader` with `batch_size=None`, which hands the table on as it is.  In the loader's own process rows and
    index are views of the store (read-only: do not write to them).  With several workers each takes whole shards, and
    a batch is copied once, into the memory through which torch passes it on.
    """

    def __init__(self, store: Store, rows: int, clips: Sequence[str] | None) -> None:
        self.store, self.rows, self.clips = store, rows, clips

    def __iter__(self) -> Iterator[tuple[Tensor, pa.Table]]:
        worker = get_worker_info()
        share = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for values, index in self.store.batches(self.rows, self.clips, share):
            # A pickled slice carries all rows of the table it was cut from: cut out what belongs to this batch.
            yield _tensor(values), index if worker is None else index.take(np.arange(len(index)))


def _tensor(values: NDArray[np.float32]) -> Tensor:
    with warnings.catch_warnings():
        # torch warns that the array is not writable: that is the point.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(values)
