"""What a face detector is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


class Finder(Protocol):
    """Finds faces in one small picture.  The same picture gives the same boxes, whatever was searched before."""

    def prepare(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """Return what is searched of an RGB frame [H, W, 3], [h, w] grey or [h, w, 3] RGB, and its scale.

        A coordinate of that picture divided by the scale is one of the frame.
        """

    def detect(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return all faces of a prepared picture: boxes [N, 3] of centre x, centre y, side, in its pixels."""

    def detect_near(self, picture: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the faces close to a known box [3] and of about its size, boxes [N, 3]; cheaper than `detect`."""


@dataclass(frozen=True)
class Detector:
    """One detector: a name, the step's function and the versions that make its bytes.

    Args:
        name: its name in `params.yaml`.
        faces: `faces(params, clip, probe) -> arrays` (see `aver.faces.crop.cut_out`), defined in the detector's own
            module, so that a key covers the code of this detector and of no other.
        runtime: the versions of the libraries that find the faces.
    """

    name: str
    faces: Callable[..., Arrays]
    runtime: Callable[[], Mapping[str, str]]
