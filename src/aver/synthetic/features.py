"""The moving features of a face: eyes, brows, cheeks, creases and mouth, drawn on a copy of the head layer.

Each function draws on ``head`` (uint8 RGBA [side, side, 4]) in place. The look is applied in proportion to
the strength of the moment; talking opens the mouth by the same amount whatever the look.
"""

from __future__ import annotations

import numpy as np

from aver.synthetic.brush import Grid, disc, ellipse, line, mix, polygon, scale
from aver.synthetic.cast import Colour, Face
from aver.synthetic.displays import Look
from aver.synthetic.head import EYE_Y
from aver.synthetic.motion import Moment

MOUTH_Y = 0.73
_SPAN = np.linspace(-1.0, 1.0, 17)  # from one corner of an eye or mouth to the other
_DOME = np.sqrt(1.0 - _SPAN**2)
_BLACK: Colour = (22, 14, 14)


def eye(head: np.ndarray, grid: Grid, face: Face, look: Look, now: Moment, side: float) -> None:
    """The eye on ``side`` (-1 left, 1 right of the picture) with its lids."""
    opening = (1.0 + now.strength * (look.eye - 1.0)) * (1.0 - 0.92 * now.blink)
    upper = face.eye_height * opening
    lower = face.eye_height * opening * (0.85 - 0.95 * now.strength * look.squint)
    at = side * face.eye_gap
    x = at + face.eye_width * _SPAN
    lid = np.stack([x, EYE_Y - upper * _DOME], axis=1)
    rim = np.stack([x, EYE_Y + lower * _DOME], axis=1)
    _eyeball(head, grid, face, now, at, np.concatenate([lid, rim[::-1]]))
    line(head, grid, rim, scale(face.skin, 0.50), 0.022)
    line(head, grid, lid, mix(face.hair, _BLACK, 0.75), 0.06)


def _eyeball(head: np.ndarray, grid: Grid, face: Face, now: Moment, at: float, opening: np.ndarray) -> None:
    """The eyeball is painted whole on a patch and shows through the opening only."""
    left, top = np.floor(grid.to_px(np.array([at - 0.32, EYE_Y - 0.30]))).astype(int)
    right, bottom = np.ceil(grid.to_px(np.array([at + 0.32, EYE_Y + 0.30]))).astype(int)
    seen = head[top:bottom, left:right]
    patch = Grid(grid.frame_px, (int(left), int(top)))
    # Not pure white: bright eyes hide a face from the detector, and look wrong on dark skin.
    white = scale(mix((238, 236, 230), face.skin, 0.2), 0.6 + 0.4 * min(1.0, sum(face.skin) / 580.0))
    ball = np.empty_like(seen)
    ball[:] = (*white, 255)
    iris = (at + 0.4 * face.eye_width * now.glance, EYE_Y)
    disc(ball, patch, iris, 0.125, face.iris)
    disc(ball, patch, iris, 0.070, _BLACK)
    disc(ball, patch, (iris[0] - 0.04, iris[1] - 0.045), 0.032, (250, 250, 250))
    mask = np.zeros((*seen.shape[:2], 1), np.uint8)
    polygon(mask, patch, opening, (255, 255, 255))
    share = mask.astype(np.float32) / 255.0
    seen[:] = np.rint(seen + share * (ball.astype(np.float32) - seen))


def brow(head: np.ndarray, grid: Grid, face: Face, look: Look, now: Moment, side: float) -> None:
    """A tapered band; a slant lowers (or lifts) its inner end and does the reverse at the outer one."""
    along = np.linspace(0.0, 1.0, 10)  # inner to outer end
    inward = 0.05 * now.strength * max(look.brow_slant, 0.0)
    x = face.eye_gap + 1.25 * face.eye_width * (2.0 * along - 1.0) - inward
    arch = 0.07 * np.sin(np.pi * along)
    slant = 0.14 * now.strength * look.brow_slant * (1.0 - 2.0 * along)
    y = EYE_Y - face.brow_height - now.strength * look.brow_raise - arch + slant
    half = face.brow_thick * (1.0 - 0.65 * along**2)
    band = np.concatenate([np.stack([x, y - half], axis=1), np.stack([x, y + half], axis=1)[::-1]])
    # Part of the skin's shade, so that fair brows still stand out.
    polygon(head, grid, band * (side, 1.0), mix(scale(face.hair, 0.75), scale(face.skin, 0.3), 0.35))


def cheeks(head: np.ndarray, grid: Grid, face: Face, look: Look, now: Moment) -> None:
    """A flush, and a tear running down one cheek."""
    flush = now.strength * look.blush
    if flush > 0.1:
        rosy = mix(face.skin, (226, 96, 92), 0.30 * flush)
        for side in (-1.0, 1.0):
            polygon(head, grid, ellipse((side * 0.60, 0.33), (0.17, 0.11)), rosy)
    drop = now.strength * look.tear
    if drop > 0.3:
        at = (-face.eye_gap - 0.02, EYE_Y + 0.22 + 0.30 * drop)
        water = mix(face.skin, (190, 226, 250), 0.85)
        polygon(
            head,
            grid,
            np.concatenate([ellipse(at, (0.055, 0.065), -20.0, 200.0, n=12), [(at[0], at[1] - 0.17)]]),
            water,
        )


def creases(head: np.ndarray, grid: Grid, face: Face, look: Look, now: Moment) -> None:
    """Frown lines between the brows, over the nose and from the nose to the mouth."""
    depth = now.strength * look.wrinkle
    if depth < 0.2:
        return
    dark = mix(face.skin, scale(face.skin, 0.5), depth)
    for side in (-1.0, 1.0):
        line(head, grid, np.array([(0.07, -0.42), (0.09, -0.24)]) * (side, 1.0), dark, 0.03)
        line(head, grid, np.array([(0.25, 0.24), (0.37, 0.36), (0.44, 0.50)]) * (side, 1.0), dark, 0.025)
    for y in (-0.06, 0.04):
        line(head, grid, np.array([(-0.10, y), (0.0, y - 0.035), (0.10, y)]), dark, 0.028)


def mouth(head: np.ndarray, grid: Grid, face: Face, look: Look, now: Moment) -> None:
    """Lips around an opening with teeth and tongue."""
    s = now.strength
    half = face.mouth_width * (1.0 + s * (look.width - 1.0)) * (1.0 - 0.06 * now.talk)
    gape = s * look.gape + 0.16 * now.talk
    # The middle of the mouth stays, the corners rise or drop.
    bend = -0.20 * s * look.curve * _SPAN**2
    x, y = half * _SPAN, MOUTH_Y + 0.5 * 0.20 * s * look.curve + bend
    upper = y - 0.13 * gape * _DOME
    lower = y + 0.30 * gape * _DOME
    full = face.lip * (0.25 + 0.75 * _DOME)
    lips = mix(scale(face.skin, 0.62), (150, 44, 52), 0.42)
    polygon(head, grid, _band(x * 1.06, upper - 0.8 * full, lower + full), lips)
    if gape < 0.04:
        line(head, grid, np.stack([x, y], axis=1), scale(lips, 0.45), 0.04)
        return
    polygon(head, grid, _band(x * 0.96, upper, lower), (58, 18, 22))
    if gape > 0.55:
        tongue = np.maximum(upper, lower - 0.14 * gape * np.clip(1.3 * _DOME - 0.4, 0.0, 1.0))
        polygon(head, grid, _band(x * 0.90, tongue, lower), (176, 76, 80))
    teeth = s * look.teeth
    if teeth > 0.05:
        edge = upper + min(teeth, 0.92) * (lower - upper)
        polygon(head, grid, _band(x * 0.92, upper, edge), (232, 228, 218))
        if look.teeth > 0.9:  # clenched: both rows, a dark line between them
            line(head, grid, np.stack([x, 0.5 * (upper + lower)], axis=1)[1:-1], (70, 40, 40), 0.02)


def _band(x: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The outline of the area between two curves over ``x``, [2n, 2]."""
    return np.concatenate([np.stack([x, above], axis=1), np.stack([x, below], axis=1)[::-1]])
