"""The plan: complete, repeatable, dealt by quota, and blind across picture and sound."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from aver.synthetic import plan as plan_module
from aver.synthetic.displays import EMOTIONS, TABLES, joint
from aver.synthetic.plan import plan, plan_rows


def test_same_parameters_same_plan_and_another_seed_another(settings):
    assert plan(settings) == plan(settings)
    assert plan(settings) != plan(replace(settings, seed=8))


def test_every_speaker_acts_every_emotion_in_every_take_once(settings):
    clips = plan(settings)
    slots = {(c.speaker, c.emotion, c.take) for c in clips}
    assert len(clips) == len(slots) == settings.speakers * len(EMOTIONS) * settings.takes
    assert len({c.file for c in clips}) == len(clips)
    assert [c.file for c in clips] == sorted(c.file for c in clips)
    assert clips[0].file == "S01/S01_angry_T1.mp4"
    assert len({c.seed for c in clips}) == len(clips)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_realised_frequencies_match_the_tables(settings, seed):
    clips = plan(replace(settings, seed=seed))
    per_emotion = settings.speakers * settings.takes
    cases = joint()
    looks = sorted({name for row in TABLES.look.values() for name in row})
    voices = sorted({name for row in TABLES.voice.values() for name in row})
    for i, emotion in enumerate(EMOTIONS):
        mine = [c for c in clips if c.emotion == emotion]
        for names, attribute, wanted in (
            (looks, "look", cases[i].sum(axis=1)),
            (voices, "voice", cases[i].sum(axis=0)),
        ):
            got = Counter(getattr(c, attribute) for c in mine)
            for name, share in zip(names, wanted, strict=True):
                assert abs(got[name] - share * per_emotion) <= 2.0, (emotion, name)


def test_share_of_misacted_takes(settings):
    clips = plan(settings)
    odd = [c for c in clips if c.look not in TABLES.look[c.emotion] or c.voice not in TABLES.voice[c.emotion]]
    assert len(odd) == round(TABLES.misacted * len(clips))
    assert max(Counter(c.emotion for c in odd).values()) <= 2
    assert max(Counter(c.speaker for c in odd).values()) == 1


def test_displays_are_spread_over_speakers_and_takes_but_not_by_their_numbers(settings):
    clips = [c for c in plan(settings) if c.emotion == "fearful" and c.look in TABLES.look["fearful"]]
    per_speaker, per_take = defaultdict(Counter), defaultdict(Counter)
    for c in clips:
        per_speaker[c.speaker][c.look] += 1
        per_take[c.take][c.look] += 1
    assert all(looks["gloom"] <= 2 for looks in per_speaker.values())
    assert all(3 <= looks["gloom"] <= 11 for looks in per_take.values())
    # Which take is the gloomy one differs from speaker to speaker.
    assert len({c.take for c in clips if c.look == "gloom"}) == settings.takes


def test_times_are_ordered_within_the_clip_and_whole_frames(settings):
    low, high = settings.duration_s
    for c in plan(settings):
        assert 0.0 < c.onset_s < c.apex_s < c.offset_s < c.duration_s
        assert low - 0.02 <= c.duration_s <= high + 0.02
        assert c.duration_s * settings.fps == pytest.approx(round(c.duration_s * settings.fps))


def test_times_and_seeds_do_not_know_what_is_shown_or_said(settings, monkeypatch):
    def blind(clips):
        return [(c.file, c.duration_s, c.onset_s, c.apex_s, c.offset_s, c.seed) for c in clips]

    before = plan(settings)
    # Turn all tables round: displays move to other emotions, and nothing else may change.
    turned = {e: TABLES.look[EMOTIONS[i - 1]] for i, e in enumerate(EMOTIONS)}
    voiced = {e: TABLES.voice[EMOTIONS[i - 2]] for i, e in enumerate(EMOTIONS)}
    monkeypatch.setattr(plan_module, "TABLES", replace(TABLES, look=turned, voice=voiced))
    after = plan(settings)
    assert [c.look for c in before] != [c.look for c in after]
    assert blind(before) == blind(after)


@pytest.mark.parametrize("attribute", ["duration_s", "onset_s", "apex_s", "offset_s"])
@pytest.mark.parametrize("group", ["emotion", "look", "voice"])
def test_times_have_one_distribution_for_all_displays(settings, group, attribute):
    groups = defaultdict(list)
    for c in plan(replace(settings, speakers=60)):
        groups[getattr(c, group)].append(getattr(c, attribute))
    values = np.concatenate(list(groups.values()))
    for members in groups.values():
        z = (np.mean(members) - values.mean()) / (values.std() / np.sqrt(len(members)))
        assert abs(z) < 4.0


def test_look_and_voice_are_dealt_apart(settings, monkeypatch):
    """With two looks and two voices for every emotion, all four pairs come equally often."""
    look = {e: {"calm": 0.5, "smile": 0.5} for e in EMOTIONS}
    voice = {e: {"ring": 0.5, "growl": 0.5} for e in EMOTIONS}
    monkeypatch.setattr(plan_module, "TABLES", replace(TABLES, look=look, voice=voice))
    clips = plan(replace(settings, speakers=100))
    pairs = Counter((c.look, c.voice) for c in clips)
    assert len(pairs) == 4
    assert all(abs(count / len(clips) - 0.25) < 0.025 for count in pairs.values())


def test_rows_are_plain_values_for_a_table(settings):
    rows = plan_rows(settings)
    assert list(rows[0]) == [
        "file",
        "speaker",
        "sex",
        "emotion",
        "take",
        "look",
        "voice",
        "onset_s",
        "apex_s",
        "offset_s",
        "duration_s",
    ]
    assert rows[0]["speaker"] == "S01"
    assert Counter(row["sex"] for row in rows)["f"] == len(rows) // 2
    assert all(type(value) in (str, int, float) for row in rows for value in row.values())
