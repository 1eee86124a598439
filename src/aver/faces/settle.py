"""Settle on the clip's face: which tracks are faces, which of them is the clip's, and where it is in every frame.

- A track is a face if it **lasts**: it is detected in at least `MIN_DETECTIONS` kept frames (in all, if the clip has
  fewer), and from its first detection to the end of its last it is shown for at least `min_face_s` (half of the clip,
  if that is shorter).  Everything else is taken for a false detection.
- The clip's face is the one with the largest area summed over time: a face that is large and stays wins over one that
  is larger for a moment.  Faces of other shots, and one that was lost for longer than `max_gap_s`, are other faces:
  without recognising people they must not be joined.
- A kept frame outside that face's track is `missing`.  Inside it, a frame in which it was not detected is
  `interpolated`; frames that interrupt its shot (a flash, a black picture) are `missing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aver.faces.params import CropParams
    from aver.faces.track import Track

MISSING, DETECTED, INTERPOLATED = 0, 1, 2
#: Differences of presentation times are this exact.
ROUNDING_S = 1e-6
#: Kept frames: two may agree by chance.
MIN_DETECTIONS = 3


@dataclass(frozen=True, eq=False)
class Settled:
    """The faces of a clip of N kept frames.

    Args:
        boxes: [N, 3] float64, centre x, centre y, side of the clip's face; NaN where missing.
        status: [N] uint8, MISSING, DETECTED or INTERPOLATED.
        seen: [N] uint8, how many faces were detected.
        others: the other faces.
    """

    boxes: NDArray[np.float64]
    status: NDArray[np.uint8]
    seen: NDArray[np.uint8]
    others: list[Track]


def settle(
    params: CropParams,
    tracks: list[Track],
    times_s: NDArray[np.float64],
    ends_s: NDArray[np.float64],
    shots: NDArray[np.int32],
) -> Settled:
    """Choose the clip's face and give it a smooth box in every frame of its track.

    Args:
        params: `min_face_s` and `smooth_frames` are used.
        tracks: what `aver.faces.follow.follow` found.
        times_s: presentation time of every kept frame [N].
        ends_s: when each stops being shown [N].
        shots: the shot of every kept frame [N].
    """
    boxes = np.full((len(times_s), 3), np.nan)
    status = np.full(len(times_s), MISSING, np.uint8)
    lasting = [track for track in tracks if _lasts(track, params.min_face_s, times_s, ends_s)]
    counts = np.bincount([frame for track in lasting for frame in track.frames], minlength=len(times_s))
    seen = np.minimum(counts, 255).astype(np.uint8)
    if not lasting:
        return Settled(boxes, status, seen, [])
    face = max(lasting, key=lambda track: (track.weight, -track.frames[0]))
    known = np.array(face.frames)
    span = np.arange(known[0], known[-1] + 1)
    span = span[shots[span] == face.shot]
    found = np.stack(face.boxes)
    filled = np.stack([np.interp(times_s[span], times_s[known], found[:, k]) for k in range(3)], axis=1)
    boxes[span] = _smooth(filled, params.smooth_frames)
    status[span] = INTERPOLATED
    status[known] = DETECTED
    return Settled(boxes, status, seen, [track for track in lasting if track is not face])


def _lasts(track: Track, min_face_s: float, times_s: NDArray[np.float64], ends_s: NDArray[np.float64]) -> bool:
    shown_s = ends_s[track.frames[-1]] - times_s[track.frames[0]]
    needed_s = min(min_face_s, (ends_s[-1] - times_s[0]) / 2)
    return len(track.frames) >= min(MIN_DETECTIONS, len(times_s)) and bool(shown_s >= needed_s - ROUNDING_S)


def _smooth(boxes: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Return the centred moving average over `frames` boxes; shorter at both ends."""
    sums = np.cumsum(np.concatenate([np.zeros((1, 3)), boxes]), axis=0)
    centre = np.arange(len(boxes))
    first, last = np.maximum(centre - frames // 2, 0), np.minimum(centre + frames // 2 + 1, len(boxes))
    smooth: NDArray[np.float64] = (sums[last] - sums[first]) / (last - first)[:, None]
    return smooth
