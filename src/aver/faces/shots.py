"""Shots: which kept frames one camera took without a cut between them.

Two frames are compared as small grey thumbnails.  What counts is the **step**: the part of the difference that no
change of brightness or contrast explains, in grey levels (root mean square).  So a lamp, a gain control and the noise
of a camera give no step, and a black or white picture, which resembles nothing, a large one.

- A frame begins another shot if its step from the frame before is at least `CUT`; if it is `RATIO` times the largest of
  the last `MEMORY` steps of its shot (what moves fast did so a frame ago; a first step must be `RATIO * UNKNOWN`); and
  if it stays `UNMOVED` when each part of the picture may come from up to `REACH` cells away (a head that starts).
- Unless it resembles (a step below `CUT`) the last frame of a shot that was left at most `max_gap_s` ago: then that
  shot goes on.  What came between is an **interruption** (a flash, a black frame, a dropped picture) and no cut.

A fade or a slow dissolve is no cut.  The numbers were chosen on real clips and on drawn ones (docs/faces.md).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

#: Side of a thumbnail: coarse enough that lips, blinks, noise and compression vanish.
THUMB_PX = 16
#: Grey levels.
CUT, UNKNOWN, UNMOVED = 20.0, 16.0, 14.0
RATIO = 1.75
#: Steps.
MEMORY = 8
#: Side of the parts that may move, and how far, pixels of a thumbnail.
PART, REACH = 4, 3


@dataclass(eq=False)
class _Shot:
    number: int
    last: NDArray[np.float32]
    last_s: float
    steps: deque[float] = field(default_factory=lambda: deque(maxlen=MEMORY))


class Shots:
    """Tell, frame after frame, to which shot each belongs.

    Args:
        max_gap_s: longest interruption after which a shot goes on.
    """

    def __init__(self, max_gap_s: float) -> None:
        self.max_gap_s = max_gap_s
        self._known: list[_Shot] = []
        self._count = 0

    def next(self, picture: NDArray[np.uint8], time_s: float) -> int:
        """Return the number, from 0, of the shot of the next frame.

        Args:
            picture: [h, w] grey or [h, w, 3] RGB.
            time_s: when it is shown.
        """
        thumb = thumbnail(picture)
        shot = self._which(thumb, time_s)
        if shot is None:
            shot = _Shot(self._count, thumb, time_s)
            self._count += 1
        shot.last, shot.last_s = thumb, time_s
        self._known = [shot, *(other for other in self._known if other is not shot)]
        return shot.number

    def _which(self, thumb: NDArray[np.float32], time_s: float) -> _Shot | None:
        """Return the shot that goes on; None: a new one begins."""
        if not self._known:
            return None
        current, *left = self._known
        change = step(current.last, thumb)
        least = max(CUT, RATIO * max(current.steps, default=UNKNOWN))
        if change < least or unmoved(current.last, thumb) < UNMOVED:
            current.steps.append(change)
            return current
        left = [shot for shot in left if time_s - shot.last_s <= self.max_gap_s]
        self._known = [current, *left]
        return next((shot for shot in left if step(shot.last, thumb) < CUT), None)


def thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean-free grey thumbnail [THUMB_PX, THUMB_PX] of a picture, whatever its shape."""
    small = cv2.resize(picture, (THUMB_PX, THUMB_PX), interpolation=cv2.INTER_AREA)
    if small.ndim == 3:
        small = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    grey: NDArray[np.float32] = small.astype(np.float32)
    return grey - grey.mean()


def step(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return what no change of brightness or contrast explains of the difference of two thumbnails, grey levels.

    With contrasts s and t (standard deviations) and correlation r it is `max(s, t) * sqrt(1 - r²)`; a negative is no
    likeness (r = 0).

    Example:
        >>> ramp = np.array([[-9.0, -3.0], [3.0, 9.0]], np.float32)
        >>> step(ramp, ramp / 2), step(ramp, 0 * ramp), step(ramp, -ramp)
        (0.0, 6.708203932499369, 6.708203932499369)
    """
    variances = float(np.mean(one * one)), float(np.mean(other * other))
    product = max(float(np.mean(one * other)), 0.0)
    unlike = 1 - product**2 / (variances[0] * variances[1]) if min(variances) > 0 else 1.0
    return float(np.sqrt(max(variances) * max(unlike, 0.0)))


def unmoved(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return what neither light nor motion explains of the difference of two thumbnails, grey levels.

    Both are brought to the same contrast, and each part of `other` is compared with all places of `one` within `REACH`.
    """
    contrasts = float(one.std()), float(other.std())
    if min(contrasts) == 0:
        return max(contrasts)
    wide = np.pad(one / contrasts[0], REACH, mode="edge")
    fixed = other / contrasts[1]
    parts = THUMB_PX // PART
    best = np.full((parts, parts), np.inf)
    for down in range(2 * REACH + 1):
        for right in range(2 * REACH + 1):
            error = (wide[down : down + THUMB_PX, right : right + THUMB_PX] - fixed) ** 2
            best = np.minimum(best, error.reshape(parts, PART, parts, PART).mean(axis=(1, 3)))
    return max(contrasts) * float(np.sqrt(best.mean()))


def cuts_of(shots: NDArray[np.int32]) -> list[int]:
    """Return the kept frames [C] that begin after a cut, from the shot of every kept frame [N].

    An interruption, which its shot survives, has none.

    Example:
        >>> cuts_of(np.array([0, 0, 1, 0, 2, 2, 3, 3], np.int32))
        [4, 6]
    """
    cuts, survived = [], 0
    last = {int(shot): number for number, shot in enumerate(shots)}
    for number in range(1, len(shots)):
        survived = max(survived, last[int(shots[number - 1])])
        if survived < number:
            cuts.append(number)
    return cuts
