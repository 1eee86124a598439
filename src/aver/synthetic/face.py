"""One frame of a talking face: the features of the moment drawn on the head, the head put on the backdrop."""

from __future__ import annotations

import cv2
import numpy as np

from aver.synthetic.brush import FINER
from aver.synthetic.cast import Face
from aver.synthetic.displays import Look
from aver.synthetic.features import brow, cheeks, creases, eye, mouth
from aver.synthetic.head import Portrait
from aver.synthetic.motion import Moment


def draw(base: Portrait, face: Face, look: Look, now: Moment) -> np.ndarray:
    """One frame, uint8 RGB [frame_px, frame_px, 3]."""
    head = base.head.copy()
    cheeks(head, base.grid, face, look, now)
    for side in (-1.0, 1.0):
        eye(head, base.grid, face, look, now, side)
        brow(head, base.grid, face, look, now, side)
    creases(head, base.grid, face, look, now)
    mouth(head, base.grid, face, look, now)
    return _place(head, base, now)


def _place(head: np.ndarray, base: Portrait, now: Moment) -> np.ndarray:
    """Tilt about the neck, shift, scale down to the frame and lay over the backdrop."""
    grid, size = base.grid, (base.grid.frame_px, base.grid.frame_px)
    pivot = grid.to_px(np.array([0.0, 0.9]))
    turn = np.array(cv2.getRotationMatrix2D((float(pivot[0]), float(pivot[1])), -now.tilt, 1.0), np.float64)
    turn[:, 2] += np.array([now.dx, now.dy]) * grid.unit
    turn /= FINER
    turn[:, 2] -= 0.5 * (1.0 - 1.0 / FINER)  # pixel centres: a coarse pixel averages the fine ones under it
    layer = cv2.warpAffine(head, turn, size, flags=cv2.INTER_LINEAR)
    behind = cv2.multiply(base.backdrop, cv2.merge([255 - layer[..., 3]] * 3), scale=1.0 / 255.0)
    return cv2.add(behind, np.ascontiguousarray(layer[..., :3]))
