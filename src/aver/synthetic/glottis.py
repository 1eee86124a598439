"""The source of the voice: glottal pulses and breath."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from aver.synthetic.displays import Voice

_OPENING, _CLOSING = 0.42, 0.18  # parts of a cycle in which the glottis opens and shuts


@dataclass(frozen=True)
class Pitch:
    """Pitch of every sample."""

    hz: np.ndarray  # float64 [n]
    sample_rate: int


def source(voice: Voice, pitch: Pitch, rng: np.random.Generator) -> np.ndarray:
    """Air flow changes at the glottis, float64 [n], with the voice's colour, before any resonance."""
    n = len(pitch.hz)
    cycles = np.cumsum(_scattered(pitch, voice.jitter, rng)) / pitch.sample_rate
    flow = _flow(cycles % 1.0)
    number = cycles.astype(int)
    strength = np.where(number % 2 == 1, 1.0 - voice.creak, 1.0)
    strength *= 1.0 + 3.0 * voice.jitter * rng.normal(0.0, 1.0, number[-1] + 1)[number]
    pulses = np.diff(flow, prepend=0.0) * strength
    pulses /= np.sqrt(np.mean(pulses**2))
    # Breath is strongest while the glottis is open, hence the weighting by the flow.
    breath = rng.normal(0.0, 1.0, n) * (0.4 + 0.6 * flow)
    colour = butter(2, min(voice.tilt_hz, 0.45 * pitch.sample_rate), fs=pitch.sample_rate, output="sos")
    air = sosfilt(colour, pulses) * (1.0 - voice.breath) + breath * voice.breath
    t = np.arange(n) / pitch.sample_rate
    beat = np.sin(2.0 * np.pi * rng.uniform(7.0, 9.0) * t + rng.uniform(0.0, 2.0 * np.pi))
    return air * (1.0 + min(0.3 * voice.tremor, 0.9) * beat)


def _scattered(pitch: Pitch, jitter: float, rng: np.random.Generator) -> np.ndarray:
    """Pitch in Hz [n] with a new random deviation in every period."""
    period = (np.cumsum(pitch.hz) / pitch.sample_rate).astype(int)
    return pitch.hz * (1.0 + jitter * rng.normal(0.0, 1.0, period[-1] + 1)[period])


def _flow(place: np.ndarray) -> np.ndarray:
    """Air flow 0..1 at ``place`` (0..1) in a cycle: a slow rise, a quick fall, then shut."""
    rise = 0.5 - 0.5 * np.cos(np.pi * np.minimum(place / _OPENING, 1.0))
    fall = np.cos(0.5 * np.pi * np.clip((place - _OPENING) / _CLOSING, 0.0, 1.0))
    return np.where(place < _OPENING, rise, fall)
