"""Batches of rows with their index, shard by shard, as views wherever the rows of a batch lie together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aver.store.reader import Store


def iterate(
    store: Store, rows: int, clips: Sequence[str] | None, share: tuple[int, int]
) -> Iterator[tuple[NDArray[np.float32], pa.Table]]:
    """Yield what `Store.batches` promises.  The loop over batches makes no Python object per row."""
    if rows < 1:
        raise ValueError(f"a batch has at least one row, not {rows}")
    wanted = _places(store, clips)
    for shard in sorted(wanted)[share[0] :: share[1]]:
        values, index, places = store.shard(shard), store.shard_index(shard), wanted[shard]
        for start in range(0, len(places), rows):
            part = places[start : start + rows]
            first, end = int(part[0]), int(part[-1]) + 1
            if end - first == len(part):
                yield values[first:end], index.slice(first, end - first)
            else:  # some clips between are not wanted: the others must be gathered
                yield values[part], index.take(part)


def _places(store: Store, clips: Sequence[str] | None) -> dict[int, NDArray[np.int64]]:
    """Return the rows wanted of each shard, ascending; shards without any are left out."""
    if clips is None:
        counts = {shard: len(store.shard_index(shard)) for shard in range(store.header["buckets"])}
        return {shard: np.arange(count) for shard, count in counts.items() if count}
    parts: dict[int, list[tuple[int, int]]] = {}
    for name in dict.fromkeys(clips):
        entry = store.entry(name)
        if entry["rows"]:
            parts.setdefault(entry["shard"], []).append((entry["first_row"], entry["rows"]))
    return {
        shard: np.concatenate([np.arange(first, first + count) for first, count in sorted(found)])
        for shard, found in parts.items()
    }
