"""What does not change during a clip: the head without its features, and the backdrop with the shoulders.

The soft shading (dark eye sockets, bright nose bridge, cheeks and forehead) makes the drawing look round, and
is also what a face detector trained on photographs goes by.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from aver.synthetic.brush import FINER, Grid, disc, ellipse, line, mix, polygon, scale
from aver.synthetic.cast import Face, Habit

EYE_Y = -0.10  # height of the eyes


@dataclass(frozen=True)
class Portrait:
    """Layers to be put together for every frame."""

    grid: Grid
    head: np.ndarray  # uint8 RGBA, colour premultiplied by alpha [side, side, 4]
    backdrop: np.ndarray  # uint8 RGB [frame_px, frame_px, 3]


def portrait(face: Face, habit: Habit, frame_px: int, light: float) -> Portrait:
    """Draw both layers; ``light`` in -1..1 is the side the light comes from (negative: left)."""
    grid = Grid(frame_px)
    return Portrait(grid, _head(face, grid, light), _backdrop(face, habit, grid))


def _head(face: Face, grid: Grid, light: float) -> np.ndarray:
    skin = np.zeros((grid.side, grid.side, 4), np.uint8)
    for side in (-1.0, 1.0):
        polygon(skin, grid, ellipse((side * 0.99, 0.02), (0.13, 0.22)), face.skin)
    polygon(skin, grid, outline(face), face.skin)
    opaque = skin[..., 3].copy()
    shade = shading(face, grid, light)
    # Shadows on skin are warm: red fades less than blue.
    lit = cv2.multiply(skin, cv2.merge([shade**0.8, shade, shade**1.1, shade]), dtype=cv2.CV_8U)
    lit[..., 3] = opaque
    layer = np.zeros_like(skin)
    _back_hair(layer, grid, face)
    head = cv2.add(cv2.multiply(layer, cv2.merge([255 - opaque] * 4), scale=1.0 / 255.0), lit)
    _nose(head, grid, face)
    _front_hair(head, grid, face)
    return head


def outline(face: Face, n: int = 72) -> np.ndarray:
    """The edge of the face, [n, 2]: an ellipse whose lower half tapers to the chin."""
    edge = ellipse((0.0, 0.0), (1.0, face.length), n=n)
    edge[:, 0] *= 1.0 - face.jaw * np.maximum(edge[:, 1] / face.length, 0.0) ** 1.5
    return edge


def shading(face: Face, grid: Grid, light: float) -> np.ndarray:
    """Brightness factor of the skin, float32 [side, side]."""
    x, y = grid.axes()

    def spot(at: tuple[float, float], size: tuple[float, float], gain: float) -> np.ndarray:
        # A separable bell: two short exponentials and an outer product, far cheaper than a blur.
        across = np.exp(-(((x - at[0]) / size[0]) ** 2))
        down = np.exp(-(((y - at[1]) / size[1]) ** 2))
        return np.outer(gain * down, across).astype(np.float32)

    radius = np.sqrt(x[None, :] ** 2 + (y[:, None] / face.length) ** 2)
    shade = 1.0 - 0.65 * np.clip((radius - 0.62) / 0.42, 0.0, 1.0) ** 2
    for side in (-1.0, 1.0):
        shade += spot((side * face.eye_gap, EYE_Y - 0.02), (0.30, 0.17), -0.48)  # eye sockets
        shade += spot((side * 0.50, 0.30), (0.26, 0.20), 0.09)  # cheeks
        shade += spot((side * 0.17, 0.22), (0.08, 0.20), -0.09)  # sides of the nose
    shade += spot((0.0, -0.58), (0.60, 0.24), 0.08)  # forehead
    shade += spot((0.0, 0.02), (0.10, 0.30), 0.20)  # bridge of the nose
    shade += spot((0.0, 0.43), (0.22, 0.06), -0.16)  # under the nose
    shade += spot((0.0, 0.72), (0.42, 0.14), -0.22)  # mouth
    shade += spot((0.0, 1.0), (0.26, 0.14), 0.08)  # chin
    return (shade * (1.0 + 0.10 * light * x[None, :])).astype(np.float32)


def _nose(layer: np.ndarray, grid: Grid, face: Face) -> None:
    dark = scale(face.skin, 0.62)
    w = face.nose
    line(layer, grid, ellipse((0.0, 0.30), (w, 0.11), 25.0, 155.0, n=16), dark, 0.035)
    for side in (-1.0, 1.0):
        wing = ellipse((w, 0.30), (0.05, 0.08), -70.0, 100.0, n=10) * (side, 1.0)
        line(layer, grid, wing, dark, 0.025)
        disc(layer, grid, (side * w * 0.5, 0.375), 0.035, scale(face.skin, 0.42))


def _back_hair(layer: np.ndarray, grid: Grid, face: Face) -> None:
    """Hair behind the face."""
    hair, dark = face.hair, scale(face.hair, 0.8)
    top = -face.length - 0.10
    if face.style == "long":
        polygon(
            layer,
            grid,
            np.concatenate(
                [
                    ellipse((0.0, -0.2), (1.22, -0.2 - top), 180.0, 360.0),
                    [(1.30, 1.15), (0.7, 1.32), (-0.7, 1.32), (-1.30, 1.15)],
                ]
            ),
            dark,
        )
    elif face.style == "bob":
        polygon(
            layer,
            grid,
            np.concatenate(
                [
                    ellipse((0.0, -0.2), (1.24, -0.2 - top), 180.0, 360.0),
                    ellipse((0.75, 0.55), (0.50, 0.28), 0.0, 90.0, n=12),
                    ellipse((-0.75, 0.55), (0.50, 0.28), 90.0, 180.0, n=12),
                ]
            ),
            dark,
        )
    elif face.style == "bun":
        disc(layer, grid, (0.0, top - 0.04), 0.36, dark)
        polygon(layer, grid, ellipse((0.0, -0.25), (1.08, -0.25 - top)), hair)
    elif face.style == "curls":
        for at in ellipse((0.0, -0.35), (0.98, 0.85), 165.0, 375.0, n=15):
            disc(layer, grid, tuple(at), 0.27, dark)
    elif face.style != "bald":
        polygon(layer, grid, ellipse((0.0, -0.30), (1.08, -0.30 - top)), dark)


def _front_hair(layer: np.ndarray, grid: Grid, face: Face) -> None:
    """Hair over the forehead; it stays above the brows, which a detector needs to see."""
    hair, gloss = face.hair, mix(face.hair, (255, 255, 255), 0.18)
    crown = ellipse((0.0, -0.30), (1.06, face.length - 0.20), 188.0, 352.0, n=40)
    if face.style in ("crop", "quiff"):
        hairline = [(0.96, -0.55), (0.72, -0.86), (0.25, -0.94), (-0.25, -0.94), (-0.72, -0.86), (-0.96, -0.55)]
        polygon(layer, grid, np.concatenate([crown, hairline]), hair)
        if face.style == "quiff":
            for at, radius in (((-0.35, -1.20), 0.22), ((0.0, -1.25), 0.26), ((0.36, -1.21), 0.24)):
                disc(layer, grid, at, radius, hair)
            line(layer, grid, ellipse((0.02, -1.16), (0.42, 0.20), 200.0, 320.0, n=16), gloss, 0.04)
    elif face.style == "parted":
        sweep = [(1.0, -0.42), (0.86, -0.72), (0.35, -0.90), (-0.30, -1.08), (-0.72, -0.80), (-1.0, -0.42)]
        polygon(layer, grid, np.concatenate([crown, sweep]), hair)
        line(layer, grid, np.array([(-0.30, -1.06), (0.15, -1.18), (0.60, -1.10)]), gloss, 0.04)
    elif face.style == "curls":
        for at in ellipse((0.0, -0.42), (0.86, 0.62), 195.0, 345.0, n=9):
            disc(layer, grid, tuple(at), 0.21, hair)
        for at in ellipse((0.0, -0.50), (0.62, 0.62), 215.0, 325.0, n=5):
            disc(layer, grid, tuple(at), 0.05, gloss)
    elif face.style in ("long", "bob", "bun"):
        for side in (-1.0, 1.0):  # two curtains that open in the middle
            half = np.array(
                [
                    (0.0, -1.04),
                    (0.35, -0.90),
                    (0.72, -0.66),
                    (0.93, -0.30),
                    (1.02, 0.10),
                    (1.12, 0.10),
                    (1.12, -0.45),
                    (0.92, -0.98),
                    (0.55, -1.27),
                    (0.0, -1.36),
                ]
            )
            polygon(layer, grid, half * (side, face.length / 1.24), hair)
        line(layer, grid, ellipse((0.0, -0.42), (0.86, 0.72), 220.0, 262.0, n=12), gloss, 0.045)
    elif face.style == "bald":
        line(
            layer,
            grid,
            ellipse((0.0, -0.45), (0.55, 0.62), 215.0, 255.0, n=12),
            mix(face.skin, (255, 255, 255), 0.35),
            0.06,
        )


def _backdrop(face: Face, habit: Habit, grid: Grid) -> np.ndarray:
    """Wall, neck and shoulders, uint8 RGB [frame_px, frame_px, 3]."""
    x, y = grid.axes()
    glow = 1.06 - 0.09 * (x[None, :] ** 2 + (y[:, None] + 0.3) ** 2) / 3.0
    wall = glow[..., None] * (np.array(face.wall, np.float32) * habit.wall)
    canvas = np.clip(wall, 0.0, 255.0).astype(np.uint8)
    polygon(
        canvas,
        grid,
        np.concatenate([ellipse((0.0, 1.95), (1.55, 0.62), 180.0, 360.0), [(1.55, 2.6), (-1.55, 2.6)]]),
        face.clothes,
    )
    polygon(
        canvas,
        grid,
        np.array([(-0.42, 0.7), (0.42, 0.7), (0.50, 1.42), (0.0, 1.62), (-0.50, 1.42)]),
        scale(face.skin, 0.70),
    )
    collar = scale(mix(face.clothes, (255, 255, 255), 0.25), habit.collar)
    for side in (-1.0, 1.0):
        polygon(canvas, grid, np.array([(0.44, 1.28), (0.66, 1.40), (0.30, 1.74), (0.0, 1.62)]) * (side, 1.0), collar)
    small = (grid.side // FINER, grid.side // FINER)
    return cv2.resize(canvas, small, interpolation=cv2.INTER_AREA)
