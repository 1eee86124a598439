"""From the rows of a clip's frames to rows of its windows: the mean or the maximum over each window's faces; leaf.

A frame belongs to the window that the windows stage puts it in (`aver.clock.window_of`): the one that holds its time,
and the nearest one if it is shown before the first or after the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aver.clock import window_of
from aver.features.unit_length import unit_length

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


@dataclass(frozen=True)
class PoolParams:
    """What decides the bytes.

    Args:
        frames: `mean | max` over the rows of a window's frames.
        normalise: the rows of windows are scaled to unit length; those of frames were not.
    """

    frames: str
    normalise: bool


def pool_frames(params: PoolParams, faces: Arrays, windows: Arrays) -> Arrays:
    """Return one row per window in which a frame with a face lies.

    Args:
        params: how.
        faces: what an encoder of faces made of a clip: `rows` [M, D] float32, `times_s` [M, 2] float64, ascending
            seconds, `status` [M], `detected | interpolated`.
        windows: `times_s` [W, 2] float64 of the clip's windows, ascending seconds; W may be 0 only if M is.

    Returns:
        `rows` [N, D] float32, means added up in float64; `times_s` [N, 2] float64, those of the windows; `status` [N],
        `detected` where one of the window's frames is, else `interpolated`.

    Example:
        >>> faces = {"rows": np.array([[1, 8], [3, 4], [5, 6]], np.float32), "status": np.array(["interpolated"] * 3)}
        >>> faces["times_s"] = np.array([[0.0, 0.1], [0.4, 0.5], [1.2, 1.3]])
        >>> windows = {"times_s": np.array([[0.0, 0.5], [0.5, 1.0], [1.0, 1.5]])}
        >>> found = pool_frames(PoolParams("mean", normalise=False), faces, windows)
        >>> print(found["rows"], found["times_s"])
        [[2. 6.]
         [5. 6.]] [[0.  0.5]
         [1.  1.5]]
    """
    owners = window_of(faces["times_s"][:, 0], windows["times_s"][:, 0])
    seen, first, counts = np.unique(owners, return_index=True, return_counts=True)
    if params.frames == "max":
        rows = np.maximum.reduceat(faces["rows"], first)
    else:
        sums = np.add.reduceat(faces["rows"], first, dtype=np.float64)
        rows = (sums / counts[:, None]).astype(np.float32)
    detected = np.logical_or.reduceat(faces["status"] == "detected", first)
    return {
        "rows": unit_length(rows) if params.normalise else rows,
        "times_s": windows["times_s"][seen],
        "status": np.where(detected, "detected", "interpolated"),
    }
