"""Anti-aliased shapes in face coordinates.

The origin is the middle of the face, y points down, and the unit is half the width of a face. The canvas is
twice as fine as the finished frame; it is scaled down when the head is placed in the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from aver.synthetic.cast import Colour

FINER = 2  # canvas pixels per frame pixel
_SHIFT = 4  # OpenCV takes sub-pixel coordinates as integers in 1/16 pixel


@dataclass(frozen=True)
class Grid:
    """Where face coordinates lie on the canvas, or on a patch of it."""

    frame_px: int
    corner: tuple[int, int] = (0, 0)  # left and top of the patch on the canvas, pixels

    @property
    def side(self) -> int:
        """Canvas side, pixels."""
        return FINER * self.frame_px

    @property
    def unit(self) -> float:
        """Half the width of a face, canvas pixels."""
        return 0.29 * self.side

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the face, in pixels."""
        return 0.5 * self.side, 0.53 * self.side

    def to_px(self, points: np.ndarray) -> np.ndarray:
        """Face coordinates [..., 2] to pixels of the canvas or the patch."""
        return np.asarray(points, dtype=np.float64) * self.unit + np.subtract(self.centre, self.corner)

    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Face coordinates of the canvas columns and rows, float32 [side] each."""
        at = np.arange(self.side, dtype=np.float32)
        return (at - self.centre[0]) / self.unit, (at - self.centre[1]) / self.unit


def polygon(canvas: np.ndarray, grid: Grid, points: np.ndarray, colour: Colour) -> None:
    """Fill a polygon, points [n, 2]. An alpha channel, where there is one, becomes opaque."""
    cv2.fillPoly(canvas, [_fixed(grid, points)], (*colour, 255), cv2.LINE_AA, _SHIFT)


def line(canvas: np.ndarray, grid: Grid, points: np.ndarray, colour: Colour, width: float) -> None:
    """Stroke an open line, points [n, 2], with round ends; ``width`` in face units."""
    thick = max(1, round(width * grid.unit))
    cv2.polylines(canvas, [_fixed(grid, points)], False, (*colour, 255), thick, cv2.LINE_AA, _SHIFT)


def disc(canvas: np.ndarray, grid: Grid, at: tuple[float, float], radius: float, colour: Colour) -> None:
    """Fill a circle."""
    centre = np.rint(grid.to_px(np.array(at)) * 2**_SHIFT).astype(int)
    cv2.circle(
        canvas,
        (int(centre[0]), int(centre[1])),
        round(radius * grid.unit * 2**_SHIFT),
        (*colour, 255),
        -1,
        cv2.LINE_AA,
        _SHIFT,
    )


def ellipse(
    at: tuple[float, float], radii: tuple[float, float], start: float = 0.0, stop: float = 360.0, n: int = 48
) -> np.ndarray:
    """Points of an arc of an ellipse, float64 [n, 2]; angles in degrees, clockwise on the screen."""
    angle = np.radians(np.linspace(start, stop, n))
    return np.stack([at[0] + radii[0] * np.cos(angle), at[1] + radii[1] * np.sin(angle)], axis=1)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """``share`` of ``b`` in ``a``."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def scale(colour: Colour, factor: float) -> Colour:
    """Brighter (> 1) or darker."""
    red, green, blue = (min(255, round(x * factor)) for x in colour)
    return red, green, blue


def _fixed(grid: Grid, points: np.ndarray) -> np.ndarray:
    return np.rint(grid.to_px(points) * 2**_SHIFT).astype(np.int32)
