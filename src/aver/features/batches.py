"""Rows of several clips through forward passes of one fixed shape.

On a CPU a forward pass of a fixed shape gives every row the same bits, whatever its place and its neighbours, while a
pass of another shape may add up in another order.  So all passes have one shape, items of several clips fill it, and
only the last one is filled up with zeros: a clip gets the same bytes alone and in company.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray


def stream(
    clips: Iterable[tuple[NDArray[Any], Any]],
    shape: int,
    row_shape: tuple[int, ...],
    forward: Callable[[NDArray[Any]], NDArray[np.float32]],
) -> Iterator[tuple[int, NDArray[np.float32], Any]]:
    """Yield the rows of every clip as soon as they are complete, in order; holds one clip and one batch at most.

    Args:
        clips: per clip its items [N, …] and anything that shall come back with its rows; read once, lazily.  Items of
            all clips have one shape and dtype; N may be 0.
        shape: items per forward pass.
        row_shape: shape of one row.
        forward: from [shape, …] items to [shape, *row_shape] float32; it must not keep its argument.

    Yields:
        The clip's place, its rows [N, *row_shape] float32, and what came with its items.

    Example:
        >>> clips = [(np.array([1, 2, 3]), "a"), (np.zeros(0, int), "b"), (np.array([4, 5]), "c")]
        >>> def halves(batch):
        ...     print("forward", batch)
        ...     return batch / np.float32(2)
        >>> for place, rows, name in stream(clips, 2, (), halves):
        ...     print(place, rows, name)
        forward [1 2]
        forward [3 4]
        0 [0.5 1.  1.5] a
        1 [] b
        forward [5 0]
        2 [2.  2.5] c
    """
    batch = _Batch(shape, forward)
    waiting: deque[tuple[int, int, NDArray[np.float32], Any]] = deque()
    total, places = 0, count()  # `enumerate` would hold each clip until it has the next
    for items, extra in clips:
        rows = np.zeros((len(items), *row_shape), np.float32)
        total += len(items)
        waiting.append((total, next(places), rows, extra))
        batch.add(items, rows)
        del items
        while waiting and waiting[0][0] <= batch.done:
            yield waiting.popleft()[1:]
    batch.flush()
    yield from (clip[1:] for clip in waiting)


class _Batch:
    """Items that wait for a forward pass, and where the rows of each shall go."""

    def __init__(self, shape: int, forward: Callable[[NDArray[Any]], NDArray[np.float32]]) -> None:
        self.done = 0
        self._shape, self._forward = shape, forward
        self._items: NDArray[Any] = np.zeros(0)
        self._filled = 0
        self._rows: list[NDArray[np.float32]] = []

    def add(self, items: NDArray[Any], rows: NDArray[np.float32]) -> None:
        """Take a clip's items, and fill `rows` with theirs, the last of them by a later pass."""
        first = 0
        while first < len(items):
            if not self._filled:
                self._items = np.zeros((self._shape, *items.shape[1:]), items.dtype)
            part = items[first : first + self._shape - self._filled]
            self._items[self._filled : self._filled + len(part)] = part
            self._rows.append(rows[first : first + len(part)])
            self._filled += len(part)
            first += len(part)
            if self._filled == self._shape:
                self.flush()

    def flush(self) -> None:
        """Run the pass over what waits, filled up with zeros; nothing if nothing waits."""
        if not self._filled:
            return
        made = self._forward(self._items)
        first = 0
        for rows in self._rows:
            rows[...] = made[first : first + len(rows)]
            first += len(rows)
        self.done += self._filled
        self._filled, self._rows = 0, []
