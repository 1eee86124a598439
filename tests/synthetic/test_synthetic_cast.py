"""The cast: varied, repeatable, with habits that say nothing about strangers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aver.synthetic.cast import cast
from aver.synthetic.displays import EMOTIONS


def test_cast_is_repeatable_and_does_not_depend_on_its_size(settings):
    whole = cast(settings)
    assert whole == cast(settings)
    assert whole[:5] == cast(replace(settings, speakers=5))
    assert whole != cast(replace(settings, seed=8))


def test_sexes_alternate_and_differ_in_pitch(settings):
    whole = cast(settings)
    assert [s.sex for s in whole[:4]] == ["f", "m", "f", "m"]
    women = [s.larynx.pitch_hz for s in whole if s.sex == "f"]
    men = [s.larynx.pitch_hz for s in whole if s.sex == "m"]
    assert min(women) > max(men)


def test_speakers_differ(settings):
    whole = cast(settings)
    assert len({s.face for s in whole}) == len({s.larynx for s in whole}) == len(whole)
    assert len({s.face.skin for s in whole}) >= 6
    assert len({s.face.style for s in whole}) >= 6


def test_habits_tell_emotions_apart_for_one_speaker_but_not_across(settings):
    many = cast(replace(settings, speakers=300))
    for name in ("tilt_deg", "glance", "collar", "wall", "pitch_st"):
        table = np.array([[getattr(s.habit(e), name) for e in EMOTIONS] for s in many])
        assert all(len(set(row)) == len(EMOTIONS) for row in table)
        error = table.std() / np.sqrt(len(many))
        assert (abs(table.mean(axis=0) - table.mean()) < 4.0 * error).all(), name
