"""Displays over time, and sounds, without any file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aver.synthetic.cast import cast
from aver.synthetic.displays import LOOKS, VOICES
from aver.synthetic.motion import FLOOR, envelope, motion
from aver.synthetic.plan import plan
from aver.synthetic.voice import SAMPLE_RATE, speak


def test_envelope_rises_from_onset_to_apex_and_falls_after_offset(settings):
    clip = plan(settings)[0]
    moments = np.array([0.0, clip.onset_s, clip.apex_s, clip.offset_s, clip.duration_s])
    assert envelope(clip, moments) == pytest.approx([FLOOR, FLOOR, 1.0, 1.0, FLOOR])
    assert (np.diff(envelope(clip, np.linspace(clip.onset_s, clip.apex_s, 20))) > 0).all()


def test_talking_and_blinking_know_nothing_of_look_or_voice(settings):
    clip, habit = plan(settings)[0], cast(settings)[0].habits[0]
    tracks = [
        motion(replace(clip, look=look, voice=voice), LOOKS[look], habit, settings.fps)
        for look in LOOKS
        for voice in ("ring", "growl")
    ]
    for track in tracks[1:]:
        assert np.array_equal(track.talk, tracks[0].talk)
        assert np.array_equal(track.blink, tracks[0].blink)
        assert np.array_equal(track.glance, tracks[0].glance)


@pytest.mark.parametrize("name", VOICES)
def test_voice_has_the_right_length_and_never_clips(settings, name):
    for speaker in cast(settings)[:4]:
        wave = speak(VOICES[name], speaker.larynx, speaker.habits[0], 2.36, seed=5)
        assert wave.dtype == np.float32
        assert wave.shape == (round(2.36 * SAMPLE_RATE),)
        assert np.isfinite(wave).all()
        assert 0.2 < np.abs(wave).max() < 1.0


def test_voice_is_repeatable(settings):
    speaker = cast(settings)[0]
    one, two, other = (speak(VOICES["quaver"], speaker.larynx, speaker.habits[0], 2.4, seed) for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_pitch_of_a_plain_vowel_is_the_speakers(settings):
    """A monotone version of a voice sounds at the speaker's own pitch."""
    flat = replace(VOICES["murmur"], pitch=0.0, swing=0.0, fall=0.0, rate=1.0, jitter=0.0, breath=0.0, duty=1.0)
    for speaker in cast(settings)[:2]:
        habit = replace(speaker.habits[0], pitch_st=0.0)
        wave = speak(flat, speaker.larynx, habit, 2.4, seed=5)
        piece = wave[int(0.4 * SAMPLE_RATE) : int(0.8 * SAMPLE_RATE)]
        echo = np.correlate(piece, piece, "full")[len(piece) - 1 :]
        low, high = int(SAMPLE_RATE / 400), int(SAMPLE_RATE / 70)
        hz = SAMPLE_RATE / (low + int(echo[low:high].argmax()))
        assert hz == pytest.approx(speaker.larynx.pitch_hz, rel=0.06)


def test_voices_differ_in_spectrum_even_without_loudness(settings):
    """Nearest mean over unseen speakers, on mean-normalised band energies and their movement."""

    def measure(voice, speaker, seed):
        wave = speak(voice, speaker.larynx, speaker.habits[seed % 6], 2.6, seed)
        view = np.lib.stride_tricks.sliding_window_view(wave, 400)[::160] * np.hanning(400)
        power = np.abs(np.fft.rfft(view, 512)) ** 2
        bands = np.log(np.stack([b.sum(axis=1) for b in np.array_split(power, 32, axis=1)], axis=1) + 1e-4)
        bands -= bands.mean(axis=0)
        return np.concatenate([bands.std(axis=0), np.abs(np.diff(bands, axis=0)).mean(axis=0)])

    speakers = cast(settings)[:12]
    features = {n: np.array([measure(v, s, 7 * s.number) for s in speakers]) for n, v in VOICES.items()}
    spread = np.concatenate(list(features.values())).std(axis=0)
    means = {n: f[:8].mean(axis=0) for n, f in features.items()}
    hits = [
        min(means, key=lambda m: np.abs((row - means[m]) / spread).sum()) == n
        for n, f in features.items()
        for row in f[8:]
    ]
    assert np.mean(hits) >= 0.8
