"""Follow faces through a clip and settle on one: the steady largest.

Detections of successive kept frames are linked into tracks by overlap.  The whole picture is searched every
`LOOK_AROUND`-th kept frame and whenever a track is lost; in between only the neighbourhood of each live track is.
The clip's face is the track with the largest area summed over time: a face that is large and stays wins over one that
is larger for a moment.  Kept frames outside that track are `missing`, except short gaps within it, which are
interpolated and marked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aver.faces.haar import detect, detect_near, small_grey

if TYPE_CHECKING:
    from aver.params.blocks import Faces

MISSING, DETECTED, INTERPOLATED = 0, 1, 2
LOOK_AROUND = 24
MIN_OVERLAP = 0.3


@dataclass(eq=False)
class Track:
    """One face over time: the kept frames where it was detected and its boxes (centre x, centre y, side)."""

    frames: list[int] = field(default_factory=list)
    boxes: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """Area summed over time: what `the steady largest face` means."""
        return float(sum(box[2] ** 2 for box in self.boxes))


def follow(params: Faces, frames: Iterable[NDArray[np.uint8]], times_s: NDArray[np.float64]) -> list[Track]:
    """Detect faces in every kept frame and link them into tracks.

    Args:
        params: the faces block.
        frames: RGB pictures [H, W, 3] uint8, one per kept frame.
        times_s: their presentation times [N].

    Returns:
        All tracks, in the order in which they appeared; boxes in pixels of the frames.
    """
    tracks: list[Track] = []
    for number, frame in enumerate(frames):
        grey, scale = small_grey(frame, params.detect_side_px)
        steady = [t for t in tracks if t.frames[-1] == number - 1]
        # Also with few frames per second the frame before this one is no gap.
        live = [t for t in tracks if t in steady or times_s[number] - times_s[t.frames[-1]] <= params.max_gap_s]
        near = [detect_near(params, grey, track.boxes[-1] * scale) / scale for track in steady]
        lost = not steady or any(len(boxes) == 0 for boxes in near)
        if number % LOOK_AROUND == 0 or lost:
            near.append(detect(params, grey) / scale)
        _link(tracks, live, np.concatenate(near), number)
    return tracks


def _link(tracks: list[Track], live: list[Track], boxes: NDArray[np.float64], number: int) -> None:
    """Give each live track its best overlapping box; every box that overlaps none starts a track."""
    pairs = sorted(
        ((overlap(track.boxes[-1], box), t, b) for t, track in enumerate(live) for b, box in enumerate(boxes)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    taken_tracks: set[int] = set()
    taken_boxes: set[int] = set()
    for value, t, b in pairs:
        if value < MIN_OVERLAP:
            break
        taken_boxes.add(b)  # also a second detection of the same face: it must not start a track of its own
        if t not in taken_tracks:
            taken_tracks.add(t)
            live[t].frames.append(number)
            live[t].boxes.append(boxes[b])
    for b in range(len(boxes)):
        if b not in taken_boxes:
            rivals = [other for other in tracks if other.frames[-1] == number]
            if all(overlap(other.boxes[-1], boxes[b]) < MIN_OVERLAP for other in rivals):
                tracks.append(Track([number], [boxes[b]]))


def overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the intersection over union of two square boxes (centre x, centre y, side).

    Example:
        >>> overlap(np.array([0.0, 0.0, 2.0]), np.array([1.0, 0.0, 2.0]))
        0.3333333333333333
    """
    half = (one[2] + other[2]) / 2
    shared = np.clip(half - np.abs(one[:2] - other[:2]), 0, min(one[2], other[2])).prod()
    return float(shared / (one[2] ** 2 + other[2] ** 2 - shared))


def settle(
    params: Faces, tracks: list[Track], times_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Choose the clip's face and give it a smooth box in every frame of its track.

    Returns:
        Boxes [N, 3] (centre x, centre y, side; NaN where missing) and status [N]: MISSING, DETECTED, INTERPOLATED.
    """
    boxes = np.full((len(times_s), 3), np.nan)
    status = np.full(len(times_s), MISSING, np.uint8)
    if not tracks:
        return boxes, status
    track = max(tracks, key=lambda candidate: (candidate.weight, -candidate.frames[0]))
    known = np.array(track.frames)
    span = np.arange(known[0], known[-1] + 1)
    found = np.stack(track.boxes)
    filled = np.stack([np.interp(times_s[span], times_s[known], found[:, k]) for k in range(3)], axis=1)
    boxes[span] = _smooth(filled, params.smooth_frames)
    status[span] = INTERPOLATED
    status[known] = DETECTED
    return boxes, status


def _smooth(boxes: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Return the centred moving average over `frames` boxes; shorter at both ends."""
    sums = np.cumsum(np.concatenate([np.zeros((1, 3)), boxes]), axis=0)
    centre = np.arange(len(boxes))
    first, last = np.maximum(centre - frames // 2, 0), np.minimum(centre + frames // 2 + 1, len(boxes))
    smooth: NDArray[np.float64] = (sums[last] - sums[first]) / (last - first)[:, None]
    return smooth
