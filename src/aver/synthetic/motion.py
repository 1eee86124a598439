"""How a face moves through a clip: strength of the display, talking, blinking and head motion.

Talking (opening of the mouth), blinking, idle sway and the side a head leans to are drawn from the clip's
picture seed with the same distributions whatever the look, and the sound is never looked at: the mouth opens
in a rhythm of its own, so that it cannot betray how fast the voice speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from aver.synthetic.cast import Habit
from aver.synthetic.displays import Look
from aver.synthetic.plan import ClipPlan

FLOOR = 0.25  # strength of the display before the onset and after the offset
TALK_HZ = (3.0, 4.2)  # range of the mouth's rhythm


@dataclass(frozen=True)
class Motion:
    """One value per frame, float64 [frames] each; lengths in face half-widths, angles in degrees."""

    strength: np.ndarray  # of the look, 0..1
    talk: np.ndarray  # opening of the mouth by talking, 0..1
    blink: np.ndarray  # 0 open .. 1 closed
    dx: np.ndarray
    dy: np.ndarray
    tilt: np.ndarray
    glance: np.ndarray  # -1..1


@dataclass(frozen=True)
class Moment:
    """One frame of a :class:`Motion`, in the same units."""

    strength: float
    talk: float
    blink: float
    dx: float
    dy: float
    tilt: float
    glance: float


def moments(track: Motion) -> Iterator[Moment]:
    """The frames of a motion one by one."""
    columns = (getattr(track, field.name).tolist() for field in fields(Moment))
    return (Moment(*row) for row in zip(*columns, strict=True))


def motion(clip: ClipPlan, look: Look, habit: Habit, fps: int) -> Motion:
    """The motion of every frame of a clip."""
    rng = np.random.default_rng([clip.seed, 1])
    t = np.arange(round(clip.duration_s * fps)) / fps
    strength = envelope(clip, t)
    side = rng.choice([-1.0, 1.0])
    nod_hz, shake_hz = rng.uniform(1.6, 2.2, 2)
    phase = rng.uniform(0.0, 2.0 * np.pi, 6)
    sway = rng.uniform(0.01, 0.03, 2)
    quiver = rng.normal(0.0, 1.0, (2, len(t)))  # white over the frames: quicker than any other motion

    def wave(hz: float, which: int) -> np.ndarray:
        return np.sin(2.0 * np.pi * hz * t + phase[which])

    shown_x = look.shake * wave(shake_hz, 1) + look.tremble * quiver[0]
    shown_y = look.nod * wave(nod_hz, 3) + look.sink + 0.6 * look.tremble * quiver[1]
    dx = sway[0] * wave(0.5, 0) + strength * shown_x
    dy = sway[1] * wave(0.4, 2) + strength * shown_y
    tilt = habit.tilt_deg + 1.2 * wave(0.35, 4) + strength * side * look.lean
    glance = habit.glance + 0.15 * wave(0.6, 5)
    return Motion(
        strength=strength,
        talk=_talk(t, rng),
        blink=_blink(t, rng),
        dx=dx,
        dy=dy,
        tilt=tilt,
        glance=np.clip(glance, -1.0, 1.0),
    )


def envelope(clip: ClipPlan, t: np.ndarray) -> np.ndarray:
    """Strength at times ``t`` [frames] in s: up from onset to apex, down from offset to the end."""
    rise = _smooth((t - clip.onset_s) / max(clip.apex_s - clip.onset_s, 1e-3))
    fall = _smooth((clip.duration_s - t) / max(clip.duration_s - clip.offset_s, 1e-3))
    return FLOOR + (1.0 - FLOOR) * np.minimum(rise, fall)


def _smooth(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def _talk(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hz, phase = rng.uniform(*TALK_HZ), rng.uniform(0.0, 2.0 * np.pi)
    wobble = 0.8 * np.sin(2.0 * np.pi * rng.uniform(0.5, 0.9) * t + rng.uniform(0.0, 2.0 * np.pi))
    return np.maximum(np.sin(2.0 * np.pi * hz * t + phase + wobble), 0.0)


def _blink(t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One or two blinks of about a sixth of a second each."""
    moments = rng.uniform(0.1, 0.95, int(rng.integers(1, 3))) * (t[-1] if len(t) else 0.0)
    lids = [np.clip(1.0 - np.abs(t - moment) / 0.09, 0.0, 1.0) for moment in moments]
    return np.max(lids, axis=0)
