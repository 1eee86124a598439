"""OpenCV's frontal-face Haar cascade on a bounded-size grey picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from aver.faces.boxes import shrink
from aver.faces.crop import cut_out
from aver.faces.detector import Detector

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.faces.params import CropParams

#: The cascade was trained on 24 x 24 pixel faces and cannot see smaller ones.
SMALLEST_PX = 24
#: Near a known box: how far around it, as a part of its side, and which sides.
REACH, SMALLER, LARGER = 0.2, 0.85, 1.2


@lru_cache(maxsize=1)
def _cascade() -> cv2.CascadeClassifier:
    cv2.setNumThreads(1)  # one clip per process uses the cores better than many threads on one small picture
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))


@dataclass(frozen=True)
class HaarFinder:
    """A `Finder` (see `aver.faces.detector`) that sees frontal faces.  Its boxes are squares already."""

    scale_factor: float
    min_neighbours: int
    side_px: int
    min_face_fraction: float

    def prepare(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """Return the grey picture [h, w], its longer side at most `side_px`, and its scale."""
        return shrink(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8), self.side_px)

    def detect(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return all faces of a grey picture: boxes [N, 3]."""
        smallest = max(SMALLEST_PX, round(self.min_face_fraction * min(picture.shape)))
        return self._boxes(picture, smallest, 0, (0, 0))

    def detect_near(self, picture: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the faces close to a known box [3], boxes [N, 3].

        Looking only where the face was a moment ago costs a tenth of looking everywhere.
        """
        x, y, side = box
        reach = (0.5 + REACH) * side
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        part = picture[top : int(y + reach) + 1, left : int(x + reach) + 1]
        smallest, largest = max(SMALLEST_PX, int(SMALLER * side)), int(LARGER * side) + 1
        if min(part.shape) < smallest:
            return np.zeros((0, 3))
        return self._boxes(part, smallest, largest, (left, top))

    def _boxes(
        self, grey: NDArray[np.uint8], smallest: int, largest: int, origin: tuple[int, int]
    ) -> NDArray[np.float64]:
        found = _cascade().detectMultiScale(
            np.ascontiguousarray(grey),
            scaleFactor=self.scale_factor,
            minNeighbors=self.min_neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        if len(found) == 0:
            return np.zeros((0, 3))
        boxes = np.asarray(found, np.float64)
        boxes = boxes[np.lexsort(boxes.T[::-1])]  # the cascade's order depends on how it was scheduled
        centres = boxes[:, :2] + boxes[:, 2:] / 2 + np.array(origin)
        return np.column_stack([centres, boxes[:, 2:].mean(axis=1)])


def finder(params: CropParams) -> HaarFinder:
    """Return the cascade with the numbers of the faces block."""
    own = params.finder
    return HaarFinder(own.scale_factor, own.min_neighbours, params.detect_side_px, params.min_face_fraction)  # type: ignore[union-attr]


def faces(params: CropParams, clip: Path, probe: Arrays) -> Arrays:
    """Find and cut out the face of a clip (see `aver.faces.crop.cut_out`)."""
    return cut_out(finder(params), params, clip, probe)


DETECTOR = Detector(name="haar", faces=faces, runtime=lambda: {"opencv": cv2.__version__})
