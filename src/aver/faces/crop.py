"""The faces step with any detector: a clip in; boxes, status and crops of its face out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from aver.clock import frame_ends, kept_frames
from aver.faces.boxes import corners
from aver.faces.follow import follow
from aver.faces.settle import MISSING, settle
from aver.faces.shots import cuts_of
from aver.media.frames import Frames

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.faces.detector import Finder
    from aver.faces.params import CropParams
    from aver.faces.track import Track


def cut_out(finder: Finder, params: CropParams, clip: Path, probe: Arrays) -> Arrays:
    """Find the face of a clip and cut it out.

    Args:
        finder: the detector.
        params: the faces block and `keep_every` of the media block.
        clip: a file that the probe found a picture in.
        probe: what `aver.media.probe.probe` returned for it.

    Returns:
        For the N kept frames: `boxes` [N, 4] float32 (left, top, width, height in pixels; NaN where missing), `status`
        [N] uint8 (0 missing, 1 detected, 2 interpolated) and `faces_seen` [N] uint8.  For the M that are not missing,
        in order: `crops` [M, crop_px, crop_px, 3] uint8 RGB and `times_s` [M, 2] float64, start and end of each.
        Besides: `cuts` [C] int32, the kept frames that begin after a cut; `tracks` int32, how many faces were followed;
        `others` [K, 5] float32, kept frame, left, top, width and height of every detection of the other ones.

    Raises:
        Unusable: inconsistent, too_long.
    """
    kept = kept_frames(len(probe["frame_times_s"]), params.keep_every)
    times_s = probe["frame_times_s"][kept]
    ends_s = frame_ends(times_s, float(probe["picture_end_s"]))
    frames = Frames(clip, probe, params.keep_every, params.timeout_s)
    tracks, shots = follow(finder, params, frames, times_s)
    settled = settle(params, tracks, times_s, ends_s, shots)
    boxes = settled.boxes * [1, 1, 1 + 2 * params.margin]
    there = settled.status != MISSING
    crops = np.zeros((int(there.sum()), params.crop_px, params.crop_px, 3), np.uint8)
    if there.any():
        wanted = iter(crops)
        for frame, box, seen in zip(frames, boxes, there, strict=True):
            if seen:
                next(wanted)[...] = _cut(frame, box, params.crop_px)
    return {
        "boxes": corners(boxes),
        "status": settled.status,
        "faces_seen": settled.seen,
        "crops": crops,
        "times_s": np.stack([times_s, ends_s], axis=1)[there],
        "cuts": np.array(cuts_of(shots), np.int32),
        "tracks": np.int32(len(settled.others) + bool(there.any())),
        "others": _listed(settled.others),
    }


def note(arrays: Arrays) -> dict[str, list[int] | list[float] | int]:
    """Return what the faces index needs when the crops themselves are evicted (missing boxes as zeros)."""
    return {
        "status": arrays["status"].tolist(),
        "boxes": np.nan_to_num(arrays["boxes"]).ravel().tolist(),
        "faces_seen": arrays["faces_seen"].tolist(),
        "cuts": arrays["cuts"].tolist(),
        "tracks": int(arrays["tracks"]),
        "others": arrays["others"].ravel().tolist(),
    }


def _listed(tracks: list[Track]) -> NDArray[np.float32]:
    """Return all detections of some tracks, by frame: [K, 5] of frame, left, top, width, height."""
    numbers = np.array([frame for track in tracks for frame in track.frames], np.float32)
    boxes = np.array([box for track in tracks for box in track.boxes]).reshape(-1, 3)
    rows = np.column_stack([numbers, corners(boxes)]).astype(np.float32)
    return rows[np.argsort(numbers, kind="stable")]


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
