"""OpenCV's frontal-face Haar cascade on a bounded-size grey picture."""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aver.params.blocks import Faces

#: The cascade was trained on 24 x 24 pixel faces and cannot see smaller ones.
SMALLEST_PX = 24


@lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    cv2.setNumThreads(1)  # one clip per process uses the cores better than many threads on one small picture
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))


def runtime() -> dict[str, str]:
    """Return the runtime part of a key."""
    return {"opencv": cv2.__version__}


def small_grey(frame: NDArray[np.uint8], side_px: int) -> tuple[NDArray[np.uint8], float]:
    """Return the grey picture [h, w] that the detector sees, its longer side at most `side_px`, and its scale.

    A coordinate of the small picture divided by the scale is one of `frame` [H, W, 3].
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    # A whole factor averages blocks of equal size: six times faster on 1280 x 720 than any other factor.
    factor = ceil(max(height, width) / side_px)
    if factor > 1 and min(height, width) >= factor:
        whole = grey[: height // factor * factor, : width // factor * factor]
        grey = cv2.resize(whole, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
        return np.asarray(grey, np.uint8), 1 / factor
    return np.asarray(grey, np.uint8), 1.0


def detect(params: Faces, grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return all faces of a grey picture [h, w]: boxes [N, 3] of centre x, centre y, side, in its pixels."""
    smallest = max(SMALLEST_PX, round(params.min_face_fraction * min(grey.shape)))
    return _boxes(params, grey, smallest, 0, (0, 0))


def detect_near(params: Faces, grey: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the faces close to a known box [3] and of about its size, boxes [N, 3].

    Looking only where the face was a moment ago costs a tenth of looking everywhere.
    """
    x, y, side = box
    reach = 0.7 * side
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    part = grey[top : int(y + reach) + 1, left : int(x + reach) + 1]
    smallest, largest = max(SMALLEST_PX, int(0.85 * side)), int(1.2 * side) + 1
    if min(part.shape) < smallest:
        return np.zeros((0, 3))
    return _boxes(params, part, smallest, largest, (left, top))


def _boxes(
    params: Faces, grey: NDArray[np.uint8], smallest: int, largest: int, origin: tuple[int, int]
) -> NDArray[np.float64]:
    found = _cascade().detectMultiScale(
        np.ascontiguousarray(grey),
        scaleFactor=params.scale_factor,
        minNeighbors=params.min_neighbours,
        minSize=(smallest, smallest),
        maxSize=(largest, largest),
    )
    if len(found) == 0:
        return np.zeros((0, 3))
    boxes = np.asarray(found, np.float64)
    boxes = boxes[np.lexsort(boxes.T[::-1])]  # the cascade's order depends on how it was scheduled
    centres = boxes[:, :2] + boxes[:, 2:] / 2 + np.array(origin)
    return np.column_stack([centres, boxes[:, 2:].mean(axis=1)])
