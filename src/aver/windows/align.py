"""Cut a clip's time into windows: which samples, and which kept frames, belong together.

Windows divide the time in which the clip can be heard.  A kept frame belongs to the window that holds its
presentation time; a frame before the first or after the last window goes to the nearest (`aver.clock.window_of`).

`thirds`: three equal segments (Salas-Cáceres et al. 2024, §4.1); borders at k/3 of the samples, rounded half up:

| samples | borders        |
|---------|----------------|
| 9       | 0 3 6 9        |
| 10      | 0 3 7 10       |
| 2       | 0 1 1 2        | (an empty middle third)

`fixed`: windows of `window_s` from the first sample on, without overlap.  What is left at the end makes a window of
its own if it fills at least half of one, marked `padded`, and is dropped otherwise; a clip shorter than half a window
has one `padded` window all the same.  With window 100:

| samples | windows                             |
|---------|-------------------------------------|
| 200     | 0–100, 100–200                      |
| 249     | 0–100, 100–200                      |
| 250     | 0–100, 100–200, 200–250 padded      |
| 30      | 0–30 padded                         |
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aver.clock import samples_to_seconds


@dataclass(frozen=True)
class Windows:
    """The windows of one clip.

    Args:
        samples: [W, 2] int64, first sample and end (exclusive) in the clip's 16 kHz sound.
        times_s: [W, 2] float64, start and end in seconds on the clip's time line.
        status: W words, `complete` or `padded`.
    """

    samples: NDArray[np.int64]
    times_s: NDArray[np.float64]
    status: list[str]


def thirds(samples: int) -> list[tuple[int, int, str]]:
    """Return three equal segments of a sound: (first sample, end, `complete`); empty ones are left out."""
    borders = [(2 * k * samples + 3) // 6 for k in range(4)]
    return [(first, end, "complete") for first, end in pairwise(borders) if end > first]


def fixed(samples: int, length: int) -> list[tuple[int, int, str]]:
    """Return windows of `length` samples: (first sample, end, `complete` | `padded`); see the table above."""
    whole = samples // length
    windows = [(k * length, (k + 1) * length, "complete") for k in range(whole)]
    left = samples - whole * length
    if left and (2 * left >= length or not whole):
        windows.append((whole * length, samples, "padded"))
    return windows


def cut(pieces: list[tuple[int, int, str]], rate_hz: int, start_s: float) -> Windows:
    """Put pieces of a sound that starts at `start_s` on the clip's time line."""
    samples = np.array([piece[:2] for piece in pieces], np.int64).reshape(-1, 2)
    times = [[start_s + samples_to_seconds(int(sample), rate_hz) for sample in pair] for pair in samples]
    return Windows(samples, np.array(times, np.float64).reshape(-1, 2), [piece[2] for piece in pieces])
