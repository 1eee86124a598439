"""The faces step: a clip in; boxes, status and crops of its face out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from aver.clock import frame_ends, kept_frames
from aver.faces.follow import MISSING, follow, settle
from aver.media.frames import Frames

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.faces.params import CropParams


def faces(params: CropParams, clip: Path, probe: Arrays) -> Arrays:
    """Find and cut out the face of a clip.

    Args:
        params: the faces block and `keep_every` of the media block.
        clip: a file that the probe found a picture in.
        probe: what `aver.media.probe.probe` returned for it.

    Returns:
        For the N kept frames: `boxes` [N, 4] float32 (left, top, width, height in pixels; NaN where missing) and
        `status` [N] uint8 (0 missing, 1 detected, 2 interpolated).  For the M that are not missing, in order:
        `crops` [M, crop_px, crop_px, 3] uint8 RGB and `times_s` [M, 2] float64, start and end of each.

    Raises:
        Unusable: inconsistent, too_long.
    """
    block = params.faces
    kept = kept_frames(len(probe["frame_times_s"]), params.keep_every)
    times_s = probe["frame_times_s"][kept]
    frames = Frames(clip, probe, params.keep_every, block.timeout_s)
    boxes, status = settle(block, follow(block, frames, times_s), times_s)
    boxes[:, 2] *= 1 + 2 * block.margin
    seen = status != MISSING
    crops = np.zeros((int(seen.sum()), block.crop_px, block.crop_px, 3), np.uint8)
    if seen.any():
        wanted = iter(crops)
        for frame, box, there in zip(frames, boxes, seen, strict=True):
            if there:
                next(wanted)[...] = _cut(frame, box, block.crop_px)
    left_top = boxes[:, :2] - boxes[:, 2:] / 2
    return {
        "boxes": np.column_stack([left_top, boxes[:, 2], boxes[:, 2]]).astype(np.float32),
        "status": status,
        "crops": crops,
        "times_s": np.stack([times_s, frame_ends(times_s, float(probe["picture_end_s"]))], axis=1)[seen],
    }


def note(arrays: Arrays) -> dict[str, list[int] | list[float]]:
    """Return what the faces index needs when the crops themselves are evicted (missing boxes as zeros)."""
    return {"status": arrays["status"].tolist(), "boxes": np.nan_to_num(arrays["boxes"]).ravel().tolist()}


def _cut(frame: NDArray[np.uint8], box: NDArray[np.float64], side_px: int) -> NDArray[np.uint8]:
    """Return the square around a box [3] of an RGB frame, scaled to [side_px, side_px, 3]; edges are repeated."""
    side = max(1, round(box[2]))
    left, top = round(box[0] - side / 2), round(box[1] - side / 2)
    height, width = frame.shape[:2]
    before_x, before_y = max(0, -left), max(0, -top)
    after_x, after_y = max(0, left + side - width), max(0, top + side - height)
    part = frame[max(0, top) : top + side, max(0, left) : left + side]
    if before_x or before_y or after_x or after_y:
        part = np.asarray(
            cv2.copyMakeBorder(part, before_y, after_y, before_x, after_x, cv2.BORDER_REPLICATE), np.uint8
        )
    shrink = side >= side_px
    cut = cv2.resize(part, (side_px, side_px), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    return np.asarray(cut, np.uint8)
