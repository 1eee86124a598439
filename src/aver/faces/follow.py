"""Follow the faces of a clip through its kept frames.

Detections of successive kept frames are linked into tracks by overlap, within one shot.  The whole picture is searched
in the first frame of a shot, in every `LOOK_AROUND`-th, and as long as a face is lost that may come back; in between
only the neighbourhood of each followed face is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aver.faces.shots import Shots
from aver.faces.track import Track, link

if TYPE_CHECKING:
    from aver.faces.detector import Finder
    from aver.faces.params import CropParams

#: Kept frames between two looks for faces that were not there before.
LOOK_AROUND = 24


def follow(
    finder: Finder, params: CropParams, frames: Iterable[NDArray[np.uint8]], times_s: NDArray[np.float64]
) -> tuple[list[Track], NDArray[np.int32]]:
    """Detect faces in every kept frame and link them into tracks.

    Args:
        finder: finds faces in one picture.
        params: `max_gap_s` is used.
        frames: RGB pictures [H, W, 3] uint8, one per kept frame.
        times_s: their presentation times [N].

    Returns:
        All tracks, in the order in which they appeared, boxes in pixels of the frames; and the shot [N] of every frame.
    """
    tracks: list[Track] = []
    recent: list[Track] = []  # a long clip may leave thousands of tracks behind; none of the others can go on
    shots = Shots(params.max_gap_s)
    shot_of = np.zeros(len(times_s), np.int32)
    for number, frame in enumerate(frames):
        picture, scale = finder.prepare(frame)
        shot = shot_of[number] = shots.next(picture, float(times_s[number]))
        # Also with few frames per second the frame before this one is no gap.
        recent = [
            track
            for track in recent
            if track.frames[-1] == number - 1 or times_s[number] - times_s[track.frames[-1]] <= params.max_gap_s
        ]
        live = [track for track in recent if track.shot == shot]
        steady = [track for track in live if track.frames[-1] == number - 1]
        near = [finder.detect_near(picture, track.boxes[-1] * scale) / scale for track in steady]
        lost = len(steady) < max(len(live), 1) or any(len(boxes) == 0 for boxes in near)
        if lost or number % LOOK_AROUND == 0:
            near.append(finder.detect(picture) / scale)
        started = link(live, np.concatenate(near), number, int(shot))
        tracks += started
        recent += started
    return tracks, shot_of
