"""MTCNN (Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional networks").

**From rectangle to square.**  MTCNN's boxes are rectangles around brow and chin, higher than wide.  The square has the
same centre and the longer side, so that nothing of the face is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from aver.faces.boxes import shrink
from aver.faces.cascade import CELL_PX, find, pyramid
from aver.faces.crop import cut_out
from aver.faces.detector import Detector

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.faces.params import CropParams

#: Near a known box: how far around it, as a part of its side, and which sides.
REACH, SMALLER, LARGER = 0.4, 0.7, 1.4


@dataclass(frozen=True)
class MtcnnFinder:
    """A `Finder` (see `aver.faces.detector`) that also sees turned and tilted faces, in colour."""

    scale_factor: float
    min_confidence: float
    side_px: int
    min_face_fraction: float

    def prepare(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """Return the RGB picture [h, w, 3], its longer side at most `side_px`, and its scale."""
        return shrink(frame, self.side_px)

    def detect(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return all faces of an RGB picture: boxes [N, 3]."""
        shorter = min(picture.shape[:2])
        smallest = max(float(CELL_PX), self.min_face_fraction * shorter)
        return self._boxes(picture, smallest, float(shorter), (0, 0))

    def detect_near(self, picture: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the faces close to a known box [3], boxes [N, 3]."""
        x, y, side = box
        reach = (0.5 + REACH) * side
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        part = picture[top : int(y + reach) + 1, left : int(x + reach) + 1]
        return self._boxes(part, max(float(CELL_PX), SMALLER * side), LARGER * side, (left, top))

    def _boxes(
        self, picture: NDArray[np.uint8], smallest: float, largest: float, origin: tuple[int, int]
    ) -> NDArray[np.float64]:
        """Return the faces whose side is at least `smallest`; those above `largest` may be overlooked."""
        scales = pyramid(min(picture.shape[:2]), smallest, largest, self.scale_factor)
        found = find(picture, scales, self.min_confidence)
        sides = (found[:, 2:] - found[:, :2]).max(axis=1, initial=0.0, keepdims=True)
        boxes = np.concatenate([(found[:, :2] + found[:, 2:]) / 2 + np.array(origin), sides], axis=1)
        boxes = boxes[sides[:, 0] >= smallest]
        return boxes[np.lexsort(boxes.T[::-1])]


def finder(params: CropParams) -> MtcnnFinder:
    """Return the networks with the numbers of the faces block."""
    own = params.finder
    return MtcnnFinder(own.scale_factor, own.min_confidence, params.detect_side_px, params.min_face_fraction)  # type: ignore[union-attr]


def faces(params: CropParams, clip: Path, probe: Arrays) -> Arrays:
    """Find and cut out the face of a clip (see `aver.faces.crop.cut_out`)."""
    return cut_out(finder(params), params, clip, probe)


def runtime() -> dict[str, str]:
    """Return the runtime part of a key."""
    packages = {name: version(name) for name in ("keras", "mtcnn", "tensorflow")}
    return {**packages, "opencv": cv2.__version__, "device": "cpu", "precision": "fp32", "threads": "1"}


DETECTOR = Detector(name="mtcnn", faces=faces, runtime=runtime)
