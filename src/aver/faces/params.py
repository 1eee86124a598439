"""What decides a clip's faces: the faces block without the detectors that are not used, and which frames are kept."""

from __future__ import annotations

from dataclasses import dataclass, fields

from aver.params.blocks import Faces, Haar, Mtcnn


@dataclass(frozen=True)
class CropParams:
    """Params of the faces step; the fields are those of `aver.params.blocks.Faces`, and its detector's own block."""

    finder: Haar | Mtcnn
    detect_side_px: int
    min_face_fraction: float
    min_face_s: float
    smooth_frames: int
    max_gap_s: float
    margin: float
    crop_px: int
    timeout_s: float
    keep_every: int

    @classmethod
    def of(cls, block: Faces, keep_every: int) -> CropParams:
        """Return the params for a block; a number of a detector that is not used changes nothing."""
        shared = {field.name: getattr(block, field.name) for field in fields(cls) if hasattr(block, field.name)}
        return cls(finder=getattr(block, block.detector), keep_every=keep_every, **shared)
