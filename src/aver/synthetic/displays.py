"""What each emotion looks and sounds like, and the best accuracy anybody can reach on it.

Every clip shows one *look* and speaks in one *voice*. Some emotions share a look (angry and disgust always,
fearful with sad in a third of the takes), others share a voice (neutral and sad always, happy with angry in
three takes of four), and the two patterns cross: a pair that is confused by eye is told apart by ear and the
reverse. A small part of the takes is mis-acted: another emotion than the label says is both shown and voiced.
Since the tables below are the whole truth about the corpus, the best possible accuracy for the picture, for
the sound and for both follows from them exactly; :func:`ceilings` works it out by going through every case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

EMOTIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgust")


@dataclass(frozen=True)
class Look:
    """A face at full strength; 0 everywhere (with eyes half-way, ``eye=1``) is the face at rest."""

    brow_raise: float = 0.0  # up, in face half-widths
    brow_slant: float = 0.0  # > 0: inner ends down (cross), < 0: inner ends up (sorrow)
    eye: float = 1.0  # opening relative to the speaker's own
    squint: float = 0.0  # how far the lower lid is pushed up, 0..1
    curve: float = 0.0  # corners of the mouth: up > 0, down < 0
    gape: float = 0.0  # opening of the mouth, 0..1
    width: float = 1.0  # of the mouth, relative to the speaker's own
    teeth: float = 0.0  # share of the opening filled by teeth, 0..1
    wrinkle: float = 0.0  # creases over the nose and frown lines, 0..1
    blush: float = 0.0  # of the cheeks, 0..1
    tear: float = 0.0  # 0..1
    nod: float = 0.0  # head motion amplitudes, in face half-widths
    shake: float = 0.0
    tremble: float = 0.0
    lean: float = 0.0  # degrees, to a side drawn per clip
    sink: float = 0.0  # head lowered > 0, pulled back and up < 0


@dataclass(frozen=True)
class Voice:
    """A way of speaking; pitch in semitones about the speaker's own level."""

    pitch: float  # mean level
    swing: float  # rise and fall inside a syllable, semitones
    fall: float  # total drift over the clip, semitones
    rate: float  # syllables per second
    duty: float  # part of each syllable slot that is voiced, 0..1
    tilt_hz: float  # corner of the low-pass on the source: low = dull, high = sharp
    breath: float  # noise mixed to the pulses, 0..1
    jitter: float  # relative scatter of the pitch periods
    creak: float  # every other pulse weakened by this much, 0..1
    tremor: float  # depth of the 7-9 Hz quaver: semitones of pitch, and (times 0.3) of loudness
    level: float  # peak of the sound, full scale = 1


LOOKS: Mapping[str, Look] = {
    "calm": Look(eye=1.0, width=0.92, nod=0.004),
    "smile": Look(
        brow_raise=0.06, eye=0.8, squint=0.55, curve=1.0, gape=0.5, width=1.35, teeth=0.6, blush=1.0, nod=0.05
    ),
    "scowl": Look(
        brow_raise=-0.10,
        brow_slant=1.0,
        eye=0.72,
        squint=0.35,
        curve=-0.55,
        gape=0.32,
        width=1.05,
        teeth=1.0,
        wrinkle=1.0,
        shake=0.05,
    ),
    "gloom": Look(brow_raise=0.05, brow_slant=-0.9, eye=0.6, curve=-1.0, width=0.82, tear=1.0, lean=6.0, sink=0.06),
    "startle": Look(
        brow_raise=0.12, brow_slant=-0.35, eye=1.35, curve=-0.1, gape=0.85, width=0.8, tremble=0.018, sink=-0.05
    ),
}

VOICES: Mapping[str, Voice] = {
    "murmur": Voice(
        pitch=-1.0,
        swing=0.6,
        fall=-1.5,
        rate=3.0,
        duty=0.9,
        tilt_hz=700.0,
        breath=0.06,
        jitter=0.005,
        creak=0.0,
        tremor=0.0,
        level=0.35,
    ),
    "ring": Voice(
        pitch=6.0,
        swing=6.0,
        fall=0.0,
        rate=4.6,
        duty=0.72,
        tilt_hz=5000.0,
        breath=0.01,
        jitter=0.005,
        creak=0.0,
        tremor=0.0,
        level=0.95,
    ),
    "laugh": Voice(
        pitch=9.0,
        swing=-4.0,
        fall=-6.0,
        rate=6.5,
        duty=0.42,
        tilt_hz=2200.0,
        breath=0.45,
        jitter=0.01,
        creak=0.0,
        tremor=0.0,
        level=0.8,
    ),
    "quaver": Voice(
        pitch=4.0,
        swing=0.5,
        fall=1.5,
        rate=3.8,
        duty=0.8,
        tilt_hz=1500.0,
        breath=0.30,
        jitter=0.02,
        creak=0.0,
        tremor=2.0,
        level=0.55,
    ),
    "growl": Voice(
        pitch=-7.0,
        swing=-2.0,
        fall=-2.0,
        rate=2.2,
        duty=0.95,
        tilt_hz=3000.0,
        breath=0.12,
        jitter=0.06,
        creak=0.75,
        tremor=0.0,
        level=0.7,
    ),
}


@dataclass(frozen=True)
class Tables:
    """P(look | emotion), P(voice | emotion) (independent given the emotion) and the mis-acted share."""

    look: Mapping[str, Mapping[str, float]]
    voice: Mapping[str, Mapping[str, float]]
    misacted: float


TABLES = Tables(
    look={
        "neutral": {"calm": 1.0},
        "happy": {"smile": 1.0},
        "sad": {"gloom": 1.0},
        "angry": {"scowl": 1.0},
        "fearful": {"startle": 2 / 3, "gloom": 1 / 3},
        "disgust": {"scowl": 1.0},
    },
    voice={
        "neutral": {"murmur": 1.0},
        "happy": {"ring": 3 / 4, "laugh": 1 / 4},
        "sad": {"murmur": 1.0},
        "angry": {"ring": 1.0},
        "fearful": {"quaver": 1.0},
        "disgust": {"growl": 1.0},
    },
    misacted=0.03,
)


@dataclass(frozen=True)
class Ceilings:
    """Best possible accuracy, 0..1, on speakers never met, all emotions being equally frequent."""

    visual: float
    acoustic: float
    both: float


def joint(tables: Tables = TABLES) -> np.ndarray:
    """P(look, voice | labelled emotion), float64 [emotions, looks, voices], mis-acting included.

    Emotions in the order of the tables, looks and voices by name.
    """
    if tables.look.keys() != tables.voice.keys():
        raise ValueError("both tables must name the same emotions")
    look, voice = (_matrix([given[e] for e in tables.look]) for given in (tables.look, tables.voice))
    shown = look[:, :, None] * voice[:, None, :]
    if len(shown) == 1:
        return shown
    others = (shown.sum(axis=0, keepdims=True) - shown) / (len(shown) - 1)
    return (1.0 - tables.misacted) * shown + tables.misacted * others


def ceilings(tables: Tables = TABLES) -> Ceilings:
    """Accuracy of the best guess for each look, each voice, each pair of them, summed over all cases."""
    cases = joint(tables)
    n = len(cases)
    return Ceilings(
        visual=float(cases.sum(axis=2).max(axis=0).sum() / n),
        acoustic=float(cases.sum(axis=1).max(axis=0).sum() / n),
        both=float(cases.max(axis=0).sum() / n),
    )


def _matrix(rows: Sequence[Mapping[str, float]]) -> np.ndarray:
    """A table as float64 [emotions, displays]; every row must be a distribution."""
    names = sorted({name for row in rows for name in row})
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    if (matrix < 0).any() or not np.allclose(matrix.sum(axis=1), 1.0):
        raise ValueError("every emotion's displays need probabilities that sum to 1")
    return matrix
