"""Sequences of feature rows: what a temporal classifier is trained on and scores.

A clip's rows in time order are its time line.  A clip of at most `frames` rows is one sequence, padded behind its end;
a longer one gives sequences that start every `stride` rows, plus the last one that fits, so that no row goes unseen.
System A takes 32 rows and (public code) stride 1 with at most 32 sequences per clip.

| rows | frames | stride | most | starts     |
|------|--------|--------|------|------------|
| 20   | 32     | 16     | 4    | 0          | (12 steps padded)
| 32   | 32     | 16     | 4    | 0          |
| 55   | 32     | 16     | 4    | 0 16 23    |
| 200  | 32     | 16     | 4    | 0 56 112 168 | (spread evenly when there are more than `most`)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def starts(rows: int, frames: int, stride: int, most: int) -> list[int]:
    """Return where the sequences of a clip start; see the table above."""
    if rows <= frames:
        return [0]
    last = rows - frames
    found = sorted({*range(0, last + 1, stride), last})
    if len(found) <= most:
        return found
    return [int(k) for k in np.linspace(0, last, most).round()] if most > 1 else [last // 2]


def sequences(
    first: int, rows: int, frames: int, stride: int, most: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the sequences of one clip as row numbers.

    Args:
        first: number of the clip's first row among all rows.
        rows: how many rows the clip has, at least 1.
        frames: steps per sequence.
        stride: rows between two starts.
        most: the most sequences.

    Returns:
        Row numbers [S, frames] int32 (padding repeats the last row) and true lengths [S] int32.
    """
    begin = np.array(starts(rows, frames, stride, most))[:, None]
    steps = np.minimum(begin + np.arange(frames), rows - 1)
    lengths = np.full(len(begin), min(frames, rows), np.int32)
    return (first + steps).astype(np.int32), lengths
