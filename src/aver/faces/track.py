"""One face over time, and how the boxes of a frame are given to the faces that are known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aver.faces.boxes import overlap

#: Intersection over union from which two boxes are the same face.
MIN_OVERLAP = 0.3


@dataclass(eq=False)
class Track:
    """One face over time: the kept frames where it was detected, its boxes [3] there, and the shot it belongs to."""

    frames: list[int] = field(default_factory=list)
    boxes: list[NDArray[np.float64]] = field(default_factory=list)
    shot: int = 0

    @property
    def weight(self) -> float:
        """Area summed over time: what `the steady largest face` means."""
        return float(sum(box[2] ** 2 for box in self.boxes))


def link(live: list[Track], boxes: NDArray[np.float64], number: int, shot: int = 0) -> list[Track]:
    """Give each live track its best overlapping box of [N, 3]; return new tracks of the boxes that overlap none.

    Args:
        live: tracks that may go on.
        boxes: what was found in the frame.
        number: the frame.
        shot: its shot.
    """
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
    followed = [live[t] for t in taken_tracks]
    started: list[Track] = []
    for b in range(len(boxes)):
        if b not in taken_boxes and all(
            overlap(other.boxes[-1], boxes[b]) < MIN_OVERLAP for other in (*followed, *started)
        ):
            started.append(Track([number], [boxes[b]], shot))
    return started
