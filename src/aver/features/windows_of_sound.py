"""The samples of each window of a clip, as encoders of sound read them; leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


def waveform(sound: Arrays) -> NDArray[np.float32]:
    """Return a clip's `samples` [S] int16 as float32 in [-1, 1)."""
    return sound["samples"].astype(np.float32) / 32768


def equal_windows(sound: Arrays, windows: Arrays, expected: int, wanted: int) -> tuple[NDArray[np.float32], Arrays]:
    """Return the samples of each window at one length, zeros at its end where the window has no more.

    Args:
        sound: `samples` [S] int16 at 16 kHz.
        windows: `samples` [W, 2] int64, first sample and end; `times_s` [W, 2] float64; `status` [W].
        expected: samples that a whole window gives; what lies beyond is left out, one with fewer is marked `padded`.
        wanted: samples per window that the encoder reads.

    Returns:
        [W, wanted] float32, and `times_s` and `status` of the rows that come of them.

    Example:
        >>> sound = {"samples": np.full(8, 16384, np.int16)}
        >>> windows = {"samples": np.array([[0, 5], [5, 8]]), "times_s": np.array([[0, 5], [5, 8]]) / 16000}
        >>> windows["status"] = np.array(["complete", "complete"])
        >>> cut, rows = equal_windows(sound, windows, 4, 6)
        >>> print(cut, rows["status"])
        [[0.5 0.5 0.5 0.5 0.  0. ]
         [0.5 0.5 0.5 0.  0.  0. ]] ['complete' 'padded']
    """
    samples, status = waveform(sound), windows["status"].astype("U8")
    cut = np.zeros((len(windows["samples"]), wanted), np.float32)
    for place, (first, end) in enumerate(windows["samples"]):
        part = samples[first:end][:expected]
        cut[place, : len(part)] = part[:wanted]
        if len(part) < expected:
            status[place] = "padded"
    return cut, {"times_s": windows["times_s"], "status": status}
