"""Protocol `clip`: random by performance, blind to speakers and to the order of the clips."""

from __future__ import annotations

from dataclasses import replace

import pytest
from folds_clips import SUBJECT, corpus, roles, speakers, split
from hypothesis import given, settings
from hypothesis import strategies as st

from aver.errors import BenchmarkError
from aver.folds.build import build_folds
from aver.folds.roles import TEST, TRAIN, VALIDATION
from aver.folds.takes import performances

CLIP = replace(SUBJECT, protocol="clip", folds=None)


def sides(rows):
    return {row["clip_id"]: row["role"] for row in rows}


def test_a_fifth_tests_a_fifth_of_the_rest_validates():
    rows = split(CLIP, corpus())  # 96 takes: ceil(19.2) test, ceil(0.2 * 76) validate
    assert roles(rows) == {TEST: 20, VALIDATION: 16, TRAIN: 60}
    assert {row["fold"] for row in rows} == {0}


def test_speakers_cross_on_purpose():
    found = speakers(split(CLIP, corpus()), 0)
    assert found[TRAIN] & found[TEST] and found[VALIDATION] & found[TEST]
    assert found[TRAIN] == {f"{number:02d}" for number in range(1, 17)}


def test_the_order_of_the_clips_decides_nothing_and_the_seed_everything():
    # Both takes of a label have the same content: the performance could be called by either.
    clips = [clip | {"sha256": clip["sha256"][:-2]} for clip in corpus()]
    assert sides(split(CLIP, clips[::-1])) == sides(split(CLIP, clips))
    assert sides(split(replace(CLIP, fold_seed=1), clips)) != sides(split(CLIP, clips))


def test_the_files_of_a_take_stay_together_and_which_of_them_are_used_changes_no_side():
    """A take is seen (02-), heard (03-) or both (01-), as in RAVDESS."""
    one = corpus()
    three = [clip | {"clip_id": f"{code}-{clip['clip_id']}", "sha256": f"{code}-{clip['sha256']}"}
             for code in ("01", "02", "03") for clip in one]  # fmt: skip
    rows = split(CLIP, three)
    assert {row["clip_id"]: row["role"] for row in rows if row["clip_id"][:3] == "02-"} == {
        f"02-{name}": role for name, role in sides(split(CLIP, one)).items()
    }
    by_take = {}
    for row in rows:
        by_take.setdefault(row["take"], set()).add(row["role"])
    assert {len(found) for found in by_take.values()} == {1}
    assert roles(rows) == {TEST: 60, VALIDATION: 48, TRAIN: 180}


def test_clips_are_joined_by_takes_and_content_however_indirectly():
    """0 and 1 share a take, 1 and 2 content, 3 has the take's name among other people, 4 and 5 have no take."""
    rows = [
        {"people": people, "take": take, "sha256": content}
        for people, take, content in
        (("c", "t", "x"), ("c", "t", "y"), ("c", "u", "y"), ("d", "t", "z"), ("c", "", "v"), ("c", "", "w"))
    ]  # fmt: skip
    found = performances(rows)
    assert found[0] == found[1] == found[2]
    assert len({found[0], *found[3:]}) == 4


def test_a_further_clip_moves_hardly_any_other():
    clips = corpus()
    before, after = sides(split(CLIP, clips[1:])), sides(split(CLIP, clips))
    assert sum(before[name] != after[name] for name in before) <= 2  # one at each of the two borders


def test_neither_speakers_nor_takes_need_to_be_known():
    clips = [clip | {"speaker": "", "take": "", "sex": ""} for clip in corpus()]
    assert roles(split(CLIP, clips)) == {TEST: 20, VALIDATION: 16, TRAIN: 60}
    twins = [clip | {"sha256": clip["sha256"][:-2]} for clip in clips]  # both takes of a label have one content
    found = sides(split(CLIP, twins))
    assert all(found[name] == found[f"{name[:-1]}1"] for name in found if name.endswith("T0"))
    assert set(found.values()) == {TRAIN, VALIDATION, TEST}


def test_one_speaker_is_enough():
    assert roles(split(CLIP, corpus(1, takes=10))) == {TEST: 6, VALIDATION: 5, TRAIN: 19}


def test_three_takes_are_enough_for_one_on_each_side():
    clips = [clip | {"take": f"day {clip['clip_id'][-1]}"} for clip in corpus(3, takes=3)]
    rows = split(replace(CLIP, validation_fraction=0.99), clips)
    assert roles(rows) == {TEST: 9, VALIDATION: 9, TRAIN: 9}


def test_too_few_takes_are_named():
    """Three labels in eighteen clips, and only two performances."""
    clips = [clip | {"take": f"day {clip['clip_id'][-1]}"} for clip in corpus(3)]
    with pytest.raises(BenchmarkError) as error:
        split(CLIP, clips)
    words = ["benchmark b, protocol clip", "at least 3 takes", "Found 2 in 18 clips", "take c/day 0", "labels.csv"]
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_label_that_training_lacks_is_named_with_another_seed_as_remedy():
    clips = [*corpus(4), *(clip | {"clip_id": f"x{k}", "take": "x", "sha256": f"x{k}", "label": "surprised"}
                           for k, clip in enumerate(corpus(1)[:2]))]  # fmt: skip
    lacking = 0
    for seed in range(10):
        try:
            split(replace(CLIP, fold_seed=seed), clips)
        except BenchmarkError as error:
            lacking += 1
            assert "protocol clip: fold 0 trains without surprised. Choose another `fold_seed`" in str(error)
    assert 0 < lacking < 10


@st.composite
def performed(draw):
    """Clips of a few labels, with a few takes and contents, some of them unknown or shared."""
    number = draw(st.integers(2, 30))
    return [
        {"clip_id": f"{k}", "label": "a", "speaker": "", "sex": "", "corpus": "c", "people": "c",
         "take": draw(st.sampled_from(["", "t1", "t2", "t3", f"own {k}"])),
         "sha256": draw(st.sampled_from(["x", "y", f"own {k}", f"own {k}"]))}
        for k in range(number)
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(performed(), st.floats(0.01, 0.99), st.integers(0, 9))
def test_a_random_split_that_is_made_passes_the_gate(clips, fraction, seed):
    clips = [clip | {"label": "ab"[k % 2]} for k, clip in enumerate(clips)]
    # The same content under two labels is left out; under one it stays and must not cross.
    clips = [clip | {"sha256": f"{clip['label']}{clip['sha256']}"} for clip in clips]
    benchmark = replace(CLIP, validation_fraction=fraction, fold_seed=seed)
    few = len(set(performances(clips))) < 3
    try:
        rows = build_folds("b", benchmark, {"c": clips}, {"c": "c"}).rows
    except BenchmarkError as error:
        assert ("at least 3 takes" in str(error)) == few
        assert few or "trains without" in str(error)
        return
    assert not few
    assert roles(rows).keys() == {TRAIN, VALIDATION, TEST}
