"""The one place where seconds meet rates.

Inside AVER a sample is an integer index, a frame has the presentation time that its container gave it, and a
rate is a whole number of hertz.  Seconds appear only as `float` at the edges.  Every conversion from seconds
rounds **half up** (`floor(x + 1/2)`), computed exactly on the decimal value that the float prints as, so that
1.001 s at 16 kHz is 16016 samples and not 16015 (`int(1.001 * 16000)`).

| seconds | rate (Hz) | samples |
|---------|-----------|---------|
| 0.0     | 16000     | 0       |
| 1.001   | 16000     | 16016   |
| 0.35    | 44100     | 15435   |
| 0.96    | 16000     | 15360   |
| 0.00003125 | 16000  | 1       | (half a sample rounds up)
| -0.5    | 16000     | -8000   |
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

HALF = Fraction(1, 2)


def exact(seconds: float | int | str | Fraction) -> Fraction:
    """Return the decimal value a number prints as, as a fraction: `exact(0.1) == Fraction(1, 10)`."""
    return seconds if isinstance(seconds, Fraction) else Fraction(str(seconds))


def seconds_to_samples(seconds: float | Fraction, rate_hz: int) -> int:
    """Return the number of samples in `seconds` at `rate_hz`, rounded half up (see the table above)."""
    return floor(exact(seconds) * rate_hz + HALF)


def samples_to_seconds(samples: int, rate_hz: int) -> float:
    """Return the time in seconds of sample index `samples` at `rate_hz`."""
    return float(Fraction(samples, rate_hz))


def ticks_to_seconds(ticks: NDArray[np.int64], time_base: Fraction) -> NDArray[np.float64]:
    """Convert container time stamps [N] in units of `time_base` seconds to seconds [N] (float64).

    Integer times numerator is exact in int64; the one division rounds once, to the nearest float64.
    """
    return np.asarray(ticks, np.int64) * time_base.numerator / time_base.denominator


def kept_frames(count: int, keep_every: int) -> NDArray[np.int64]:
    """Return the zero-based indices of the frames that are kept, in presentation order.

    System A keeps "only the odd-numbered frames" (Salas-Cáceres et al. 2024, §4.1), which halves the frame rate:
    frames 1, 3, 5 … counted from one, so `kept_frames(5, 2)` is `[0, 2, 4]`.  `keep_every=1` keeps all.
    """
    if keep_every < 1:
        raise ValueError(f"keep_every must be at least 1, got {keep_every}")
    return np.arange(0, count, keep_every, dtype=np.int64)


def frame_ends(times_s: NDArray[np.float64], end_s: float) -> NDArray[np.float64]:
    """Return when each frame stops being shown: the next frame's time, and `end_s` for the last one.

    Args:
        times_s: presentation times [N], ascending, seconds (of kept or of all frames).
        end_s: end of the picture, seconds.

    Returns:
        End times [N], float64, never before the frame's own time.
    """
    if len(times_s) == 0:
        return np.zeros(0, np.float64)
    return np.maximum(np.append(times_s[1:], end_s), times_s)


def window_of(times_s: NDArray[np.float64], starts_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return, for each time [N], the index of the window that holds it.

    Windows are given by their ascending start times [W].  A time before the first window belongs to the first and
    one after the end of the last window to the last: picture and sound seldom end on the same sample.

    Example:
        >>> window_of(np.array([0.0, 0.99, 1.0, 5.0]), np.array([0.0, 1.0, 2.0])).tolist()
        [0, 0, 1, 2]
    """
    return np.clip(np.searchsorted(starts_s, times_s, side="right") - 1, 0, len(starts_s) - 1).astype(np.int64)
