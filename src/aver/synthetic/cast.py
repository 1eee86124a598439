"""The speakers: how each one looks and sounds, and the habits each one has when acting an emotion.

Habits (a tilt of the head, a glance, the shade of the collar and of the wall; a shift of pitch) belong to a
speaker and a *labelled* emotion and are drawn independently for every speaker. Whoever has seen a speaker can
use them to beat the ceilings; for a speaker never met they tell nothing. A split that lets speakers leak from
training to test therefore shows up as an accuracy that is too good.

The habits of the picture and of the sound are drawn separately, so neither tells about the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from aver.synthetic.displays import EMOTIONS

if TYPE_CHECKING:
    from aver.params.blocks import Synthetic

T = TypeVar("T")
Colour = tuple[int, int, int]  # red, green, blue, 0..255

SKINS: tuple[Colour, ...] = (
    (238, 206, 182),
    (230, 192, 160),
    (220, 176, 140),
    (208, 158, 118),
    (196, 143, 101),
    (172, 122, 84),
    (150, 105, 72),
    (132, 90, 62),
)
HAIRS: tuple[Colour, ...] = (
    (44, 34, 32),
    (74, 48, 34),
    (110, 70, 42),
    (150, 98, 52),
    (196, 152, 88),
    (150, 62, 36),
    (128, 124, 122),
    (36, 38, 50),
)
WALLS: tuple[Colour, ...] = (
    (154, 190, 205),
    (188, 200, 170),
    (214, 190, 160),
    (190, 176, 208),
    (160, 200, 186),
    (212, 176, 176),
    (176, 186, 200),
    (206, 204, 164),
)
CLOTHES: tuple[Colour, ...] = (
    (52, 84, 128),
    (150, 66, 70),
    (72, 116, 88),
    (96, 76, 124),
    (186, 130, 62),
    (62, 116, 128),
    (84, 84, 92),
    (170, 92, 120),
)
IRISES: tuple[Colour, ...] = ((70, 46, 30), (52, 70, 60), (58, 76, 104), (84, 62, 38))
STYLES = {"f": ("long", "bob", "bun", "curls", "parted"), "m": ("crop", "parted", "curls", "quiff", "bald")}


@dataclass(frozen=True)
class Habit:
    """What a speaker always does with one emotion."""

    tilt_deg: float
    glance: float  # eyes to the side, -1..1
    collar: float  # brightness factors
    wall: float
    pitch_st: float  # semitones


@dataclass(frozen=True)
class Face:
    """Geometry in face half-widths, colours in RGB."""

    length: float  # half-height of the face
    jaw: float  # how much the chin tapers, 0..1
    eye_gap: float  # from the middle to the centre of an eye
    eye_width: float  # half-width of an eye
    eye_height: float
    brow_thick: float
    brow_height: float
    nose: float
    mouth_width: float  # half-width
    lip: float
    skin: Colour
    hair: Colour
    style: str
    iris: Colour
    wall: Colour
    clothes: Colour


@dataclass(frozen=True)
class Larynx:
    """The speaker's own voice."""

    pitch_hz: float
    formant_scale: float  # > 1: shorter vocal tract
    rate: float  # factor on the speaking rate


@dataclass(frozen=True)
class Speaker:
    """One member of the cast; ``habits`` in the order of ``EMOTIONS``."""

    number: int  # 1-based
    sex: str  # f or m
    face: Face
    larynx: Larynx
    habits: tuple[Habit, ...]

    def habit(self, emotion: str) -> Habit:
        """What the speaker always does with an emotion."""
        return self.habits[EMOTIONS.index(emotion)]


def sex_of(number: int) -> str:
    """Women have odd numbers, men even ones."""
    return "f" if number % 2 else "m"


def cast(params: Synthetic) -> list[Speaker]:
    """All speakers in the order of their numbers."""
    return [_speaker(number, params.seed) for number in range(1, params.speakers + 1)]


def _speaker(number: int, seed: int) -> Speaker:
    sex = sex_of(number)
    return Speaker(number, sex, _face(number, sex, seed), _larynx(number, sex, seed), _habits(number, seed))


def _face(number: int, sex: str, seed: int) -> Face:
    rng = np.random.default_rng([seed, 11, number])
    skin, hair = _turn(SKINS, number, seed, 1), _turn(HAIRS, number, seed, 2)
    style = _turn(STYLES[sex], number // 2, seed, 3 + (sex == "f"))
    if sum(skin) < 400 and sum(hair) > 300:  # fair hair on dark skin would hide the brows
        hair = HAIRS[(number % 2) * 7]
    return Face(
        length=rng.uniform(1.20, 1.32),
        jaw=rng.uniform(0.14, 0.28) - (0.06 if sex == "m" else 0.0),
        eye_gap=rng.uniform(0.375, 0.405),
        eye_width=rng.uniform(0.20, 0.24),
        eye_height=rng.uniform(0.098, 0.116),
        brow_thick=rng.uniform(0.035, 0.044) + 0.008 * (sex == "m"),
        brow_height=rng.uniform(0.20, 0.235),
        nose=rng.uniform(0.13, 0.18),
        mouth_width=rng.uniform(0.32, 0.38),
        lip=rng.uniform(0.05, 0.065) + 0.015 * (sex == "f"),
        skin=skin,
        hair=hair,
        style=style,
        iris=IRISES[int(rng.integers(len(IRISES)))],
        wall=_turn(WALLS, number, seed, 5),
        clothes=_turn(CLOTHES, number, seed, 6),
    )


def _turn(choices: Sequence[T], number: int, seed: int, stream: int) -> T:
    """One of ``choices``, all of them once before any comes again, each round shuffled: a varied cast."""
    lap, place = divmod(number, len(choices))
    return choices[np.random.default_rng([seed, 10, stream, lap]).permutation(len(choices))[place]]


def _larynx(number: int, sex: str, seed: int) -> Larynx:
    rng = np.random.default_rng([seed, 12, number])
    pitch, scale = (205.0, 1.14) if sex == "f" else (122.0, 0.98)
    return Larynx(
        pitch_hz=pitch * 2.0 ** (rng.uniform(-2.0, 2.0) / 12.0),
        formant_scale=scale * rng.uniform(0.96, 1.04),
        rate=rng.uniform(0.92, 1.08),
    )


def _habits(number: int, seed: int) -> tuple[Habit, ...]:
    seen = np.random.default_rng([seed, 13, number])
    heard = np.random.default_rng([seed, 14, number])
    # Evenly spaced and shuffled: each emotion of a speaker has a habit of its own.
    n = len(EMOTIONS)
    spaced = np.linspace(-1.0, 1.0, n)
    tilt, glance, collar, wall = (seen.permutation(spaced) for _ in range(4))
    pitch = heard.permutation(spaced)
    return tuple(
        Habit(
            tilt_deg=4.0 * tilt[i],
            glance=0.6 * glance[i],
            collar=1.0 + 0.3 * collar[i],
            wall=1.0 + 0.12 * wall[i],
            pitch_st=1.2 * pitch[i],
        )
        for i in range(n)
    )
