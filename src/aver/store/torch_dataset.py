"""A store as a torch `Dataset`; apart from the reader so that reading a store never imports torch."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import Dataset

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
        with warnings.catch_warnings():
            # torch warns that the array is not writable: that is the point.
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            rows = torch.from_numpy(self.store.rows(clip_id))
        return rows, torch.from_numpy(self.store.times(clip_id)), clip_id
