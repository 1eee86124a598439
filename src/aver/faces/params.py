"""What decides a clip's faces: the faces block, and which frames are kept."""

from __future__ import annotations

from dataclasses import dataclass

from aver.params.blocks import Faces


@dataclass(frozen=True)
class CropParams:
    """Params of the faces step."""

    faces: Faces
    keep_every: int
