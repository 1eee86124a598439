"""Speech-like sound by the source-filter recipe: what is said, at which pitch, in which manner.

A train of glottal pulses with some breath noise (:mod:`aver.synthetic.glottis`) is shaped syllable by
syllable by the resonances of a vowel; consonants are bursts and hisses of filtered noise. The text is drawn
from the clip's sound seed alone, whatever the emotion; only the manner, a
:class:`~aver.synthetic.displays.Voice`, carries the emotion. Neither the picture nor its timing is looked at,
but for the length of the clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from aver.synthetic.cast import Habit, Larynx
from aver.synthetic.displays import Voice
from aver.synthetic.glottis import Pitch, source

SAMPLE_RATE = 16000
# Resonances in Hz of an average adult, scaled by the speaker's vocal tract.
VOWELS = {
    "a": (760, 1250, 2550, 3600),
    "e": (480, 1900, 2550, 3600),
    "i": (300, 2250, 2950, 3700),
    "o": (480, 880, 2450, 3500),
    "u": (330, 800, 2300, 3400),
}
BANDWIDTHS = (80.0, 100.0, 150.0, 220.0)
# Band of the noise in Hz, its length in s and its strength; none: the vowel starts softly.
CONSONANTS = {
    "s": (4200, 7400, 0.075, 0.30),
    "sh": (2200, 4600, 0.075, 0.30),
    "f": (1200, 7000, 0.060, 0.12),
    "p": (400, 1500, 0.018, 0.45),
    "t": (3000, 6500, 0.018, 0.45),
    "k": (1400, 3200, 0.022, 0.45),
    "m": None,
    "l": None,
}


@dataclass(frozen=True)
class Syllable:
    """One syllable and when its vowel sounds, in samples."""

    consonant: str
    vowel: str
    slot: int  # start of the slot, where the consonant begins
    start: int  # of the vowel
    stop: int


def speak(voice: Voice, larynx: Larynx, habit: Habit, duration_s: float, seed: int) -> np.ndarray:
    """The sound of one clip, float32 mono [round(duration_s * SAMPLE_RATE)], peak below 1."""
    rng = np.random.default_rng([seed, 2])
    n = round(duration_s * SAMPLE_RATE)
    text = _text(np.random.default_rng([seed, 3]), voice, larynx, n)
    own_hz = larynx.pitch_hz * 2.0 ** (habit.pitch_st / 12.0)
    pitch = Pitch(own_hz * _contour(voice, text, n, rng), SAMPLE_RATE)
    air = source(voice, pitch, rng)
    wave = np.zeros(n)
    for syllable in text:
        _add_vowel(wave, air, syllable, larynx)
        _add_consonant(wave, syllable, rng)
    wave *= voice.level * rng.uniform(0.85, 1.0) / max(float(np.abs(wave).max()), 1e-9)
    wave += rng.normal(0.0, 3e-4, n)  # the hiss of a room: no digital silence
    return wave.astype(np.float32)


def _text(rng: np.random.Generator, voice: Voice, larynx: Larynx, n: int) -> list[Syllable]:
    """Random syllables, as many as fit. The draws do not depend on the voice, only their timing does."""
    consonants, vowels = sorted(CONSONANTS), sorted(VOWELS)
    slot = int(0.06 * SAMPLE_RATE)
    text: list[Syllable] = []
    while True:
        consonant, vowel = consonants[rng.integers(len(consonants))], vowels[rng.integers(len(vowels))]
        length = int(SAMPLE_RATE / (voice.rate * larynx.rate) * rng.uniform(0.88, 1.12))
        if slot + length > n - int(0.06 * SAMPLE_RATE):
            return text
        noise = CONSONANTS[consonant]
        start = slot + (min(int(noise[2] * SAMPLE_RATE), length // 4) if noise else 0)
        stop = start + int(voice.duty * (slot + length - start))
        text.append(Syllable(consonant, vowel, slot, start, stop))
        slot += length


def _contour(voice: Voice, text: list[Syllable], n: int, rng: np.random.Generator) -> np.ndarray:
    """Pitch relative to the speaker's own, float64 [n]."""
    t = np.arange(n) / SAMPLE_RATE
    semitones = voice.pitch + voice.fall * (np.arange(n) / n - 0.5)
    for syllable in text:
        span = slice(syllable.slot, syllable.stop)
        place = np.linspace(0.0, 1.0, syllable.stop - syllable.slot)
        # A positive swing rises and falls, a negative one only falls.
        shape = np.sin(np.pi * place) if voice.swing > 0 else 0.5 - place
        accent = rng.uniform(-0.3, 0.3) * abs(voice.swing) + rng.uniform(-0.3, 0.3)
        semitones[span] += abs(voice.swing) * shape + accent
    hz = rng.uniform(7.0, 9.0)
    semitones += voice.tremor * np.sin(2.0 * np.pi * hz * t + rng.uniform(0.0, 2.0 * np.pi))
    return 2.0 ** (semitones / 12.0)


def _add_vowel(wave: np.ndarray, air: np.ndarray, syllable: Syllable, larynx: Larynx) -> None:
    length = syllable.stop - syllable.start
    attack = min(int((0.02 if CONSONANTS[syllable.consonant] else 0.06) * SAMPLE_RATE), length // 3)
    release = min(int(0.05 * SAMPLE_RATE), length // 3)
    gate = np.ones(length)
    gate[:attack] = 0.5 - 0.5 * np.cos(np.pi * np.arange(attack) / attack)
    gate[length - release :] = 0.5 + 0.5 * np.cos(np.pi * np.arange(release) / release)
    ring = min(int(0.02 * SAMPLE_RATE), len(wave) - syllable.stop)  # the resonances die away after the source
    sound = np.concatenate([air[syllable.start : syllable.stop] * gate, np.zeros(ring)])
    for hz, width in zip(VOWELS[syllable.vowel], BANDWIDTHS, strict=True):
        sound = _resonate(sound, hz * larynx.formant_scale, width)
    wave[syllable.start : syllable.stop + ring] += sound


def _resonate(sound: np.ndarray, hz: float, width: float) -> np.ndarray:
    """A two-pole resonance with unit gain at 0 Hz."""
    radius = np.exp(-np.pi * width / SAMPLE_RATE)
    a1, a2 = -2.0 * radius * np.cos(2.0 * np.pi * hz / SAMPLE_RATE), radius**2
    return lfilter([1.0 + a1 + a2], [1.0, a1, a2], sound)


def _add_consonant(wave: np.ndarray, syllable: Syllable, rng: np.random.Generator) -> None:
    noise = CONSONANTS[syllable.consonant]
    if noise is None or syllable.start <= syllable.slot:
        return
    low, high, _, strength = noise
    length = syllable.start - syllable.slot
    sos = butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    hiss = sosfilt(sos, rng.normal(0.0, 1.0, length)) * np.hanning(length)
    # In proportion to the vowel it leads, so that soft voices keep soft consonants.
    vowel = np.sqrt(np.mean(wave[syllable.start : syllable.stop] ** 2))
    wave[syllable.slot : syllable.start] += strength * vowel * hiss / max(float(np.abs(hiss).max()), 1e-9) * 2.0
