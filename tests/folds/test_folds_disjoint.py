"""Speaker-disjoint splits: k-fold shuffled and consecutive, and one speaker left out at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from folds_clips import SUBJECT, corpus, speakers, split, who_tests

from aver.errors import BenchmarkError
from aver.folds.build import build_folds
from aver.folds.roles import TEST, TRAIN, VALIDATION

CONSECUTIVE = replace(SUBJECT, deal="consecutive")
LOSO = replace(SUBJECT, protocol="loso", folds=None)


@pytest.fixture(scope="module")
def rows():
    return split(SUBJECT, corpus())


def numbers(first, last, digits=2):
    return [f"{number:0{digits}d}" for number in range(first, last + 1)]


# ---------------------------------------------------------------- shuffled


def test_every_speaker_tests_exactly_once(rows):
    found = Counter(speaker for fold in who_tests(rows) for speaker in fold)
    assert set(found.values()) == {1}
    assert len(found) == 16
    assert {len(fold) for fold in who_tests(rows)} == {3, 4}


def test_validation_speakers_come_out_of_training_and_move_round(rows):
    validated = Counter(speaker for fold in range(5) for speaker in speakers(rows, fold)[VALIDATION])
    assert all(len(speakers(rows, fold)[VALIDATION]) == 3 for fold in range(5))  # ceil(0.2 * 12 or 13)
    assert len(validated) >= 13  # 15 places for 16 speakers
    assert len({frozenset(speakers(rows, fold)[VALIDATION]) for fold in range(5)}) == 5


@pytest.mark.parametrize("folds", [2, 3, 4, 5])
@pytest.mark.parametrize("number", [16, 24])
@pytest.mark.parametrize("seed", [0, 1])
def test_sexes_are_balanced_on_every_side(folds, number, seed):
    rows = split(replace(SUBJECT, folds=folds, fold_seed=seed), corpus(number))
    for fold in range(folds):
        for role in (TRAIN, TEST):
            sexes = Counter(int(speaker) % 2 for speaker in speakers(rows, fold)[role])
            assert abs(sexes[0] - sexes[1]) <= 2, (fold, role, sexes)


def test_the_same_split_whatever_the_order_of_the_clips_and_another_with_another_seed(rows):
    def sides(found):
        return {(row["fold"], row["clip_id"]): row["role"] for row in found}

    assert sides(split(SUBJECT, corpus()[::-1])) == sides(rows)
    assert sides(split(replace(SUBJECT, fold_seed=1), corpus())) != sides(rows)


def test_the_split_does_not_depend_on_clips_of_the_same_speakers(rows):
    fewer = split(SUBJECT, corpus(takes=1))
    assert [speakers(fewer, fold) for fold in range(5)] == [speakers(rows, fold) for fold in range(5)]


# ---------------------------------------------------------------- consecutive, as published


@pytest.mark.parametrize(("folds", "actors"), [(6, 4), (12, 2)])
@pytest.mark.parametrize("seed", [0, 5])
def test_ravdess_folds_are_neighbouring_actors(folds, actors, seed):
    """Six folds: actors 1-4, 5-8, 9-12, 13-16, 17-20, 21-24; twelve: pairs."""
    rows = split(replace(CONSECUTIVE, folds=folds, fold_seed=seed), corpus(24, takes=1))
    assert who_tests(rows) == [numbers(first, first + actors - 1) for first in range(1, 25, actors)]


def test_crema_d_folds_begin_where_the_published_ones_do():
    rows = split(CONSECUTIVE, corpus(numbers(1001, 1091, 4), takes=1))
    assert [fold[0] for fold in who_tests(rows)] == ["1001", "1019", "1037", "1055", "1073"]
    assert [len(fold) for fold in who_tests(rows)] == [18, 18, 18, 18, 19]
    assert sorted(speaker for fold in who_tests(rows) for speaker in fold) == numbers(1001, 1091, 4)


def test_numbers_in_names_are_counted_and_not_spelt():
    """As text `10` stands before `9`, and `s10` before `s9`."""
    for prefix in ("", "s"):
        names = [f"{prefix}{number}" for number in range(9, 15)]
        rows = split(replace(CONSECUTIVE, folds=3), corpus(names))
        assert [set(fold) for fold in who_tests(rows)] == [set(names[:2]), set(names[2:4]), set(names[4:])]


def test_the_people_of_each_corpus_are_cut_apart():
    """Cuts of 4 at floor(4 k / 3) = 0 1 2 4, of 3 at 0 1 2 3."""
    corpora = {"one": corpus(4), "two": [clip | {"sha256": f"two-{clip['sha256']}"} for clip in corpus(3)]}
    benchmark = replace(CONSECUTIVE, corpora=("one", "two"), folds=3)
    rows = build_folds("b", benchmark, corpora, {"one": "one", "two": "two"}).rows
    found = [{(row["people"], row["speaker"]) for row in rows if (row["fold"], row["role"]) == (k, TEST)}
             for k in range(3)]  # fmt: skip
    assert found == [{("one", "01"), ("two", "01")}, {("one", "02"), ("two", "02")},
                     {("one", "03"), ("one", "04"), ("two", "03")}]  # fmt: skip
    same = build_folds("b", benchmark, corpora, {"one": "actors", "two": "actors"}).rows
    assert who_tests(same) == [["01"], ["02"], ["03", "04"]]


def test_consecutive_folds_hold_out_validation_speakers_as_shuffled_ones_do():
    rows = split(CONSECUTIVE, corpus())
    assert all(len(speakers(rows, fold)[VALIDATION]) == 3 for fold in range(5))
    assert len({frozenset(speakers(rows, fold)[VALIDATION]) for fold in range(5)}) == 5
    other = split(replace(CONSECUTIVE, fold_seed=1), corpus())
    assert who_tests(other) == who_tests(rows)
    assert [speakers(other, k)[VALIDATION] for k in range(5)] != [speakers(rows, k)[VALIDATION] for k in range(5)]


def test_folds_that_nobody_is_left_for_are_named():
    """Three corpora of two people each: floor(2 k / 4) = 0 0 1 1 2 fills only the second and the last fold."""
    corpora = {name: [c | {"sha256": f"{name} {c['sha256']}"} for c in corpus(2)] for name in ("x", "y", "z")}
    benchmark = replace(CONSECUTIVE, corpora=("x", "y", "z"), folds=4)
    with pytest.raises(BenchmarkError, match=r"6 speakers .*nobody is left for fold 0, 2.*deal: shuffled"):
        build_folds("b", benchmark, corpora, {name: name for name in corpora})
    build_folds("b", replace(benchmark, deal="shuffled"), corpora, {name: name for name in corpora})


# ---------------------------------------------------------------- loso


def test_every_savee_speaker_is_left_out_once_in_the_order_of_their_names():
    rows = split(LOSO, corpus(["KL", "DC", "JK", "JE"]))
    assert who_tests(rows) == [["DC"], ["JE"], ["JK"], ["KL"]]
    for fold in range(4):
        sides = speakers(rows, fold)
        assert (len(sides[VALIDATION]), len(sides[TRAIN])) == (1, 2)
        assert sides[TEST] | sides[VALIDATION] | sides[TRAIN] == {"DC", "JE", "JK", "KL"}
    validated = Counter(speaker for fold in range(4) for speaker in speakers(rows, fold)[VALIDATION])
    assert set(validated.values()) == {1}


def test_left_out_speakers_stand_in_numeric_order_and_validate_equally_often():
    rows = split(LOSO, corpus(["9", "10", "11", "8", "100"]))
    assert who_tests(rows) == [["8"], ["9"], ["10"], ["11"], ["100"]]
    validated = Counter(speaker for fold in range(5) for speaker in speakers(rows, fold)[VALIDATION])
    assert set(validated.values()) == {1}  # ceil(0.2 * 4) each


def test_one_person_in_two_corpora_is_left_out_of_both():
    corpora = {"one": corpus(3), "two": [clip | {"sha256": f"two-{clip['sha256']}",
                                                 "take": f"two-{clip['take']}"} for clip in corpus(3)]}  # fmt: skip
    benchmark = replace(LOSO, corpora=("one", "two"))
    rows = build_folds("b", benchmark, corpora, {"one": "actors", "two": "actors"}).rows
    assert {row["fold"] for row in rows} == {0, 1, 2}
    assert {row["corpus"] for row in rows if row["role"] == TEST and row["fold"] == 0} == {"one", "two"}
    apart = build_folds("b", benchmark, corpora, {"one": "one", "two": "two"}).rows
    assert {row["fold"] for row in apart} == set(range(6))


# ---------------------------------------------------------------- what cannot be served


@pytest.mark.parametrize(
    ("clips", "benchmark", "words"),
    [
        (corpus(4), SUBJECT, ["protocol subject", "5 speaker-disjoint folds of 4 speakers (01, 02, 03, 04)"]),
        (corpus(4), CONSECUTIVE, ["protocol subject", "5 speaker-disjoint folds of 4 speakers (01, 02, 03, 04)"]),
        (corpus(2), replace(SUBJECT, folds=2), ["2 speaker-disjoint folds of 2 speakers"]),
        (corpus(3), replace(SUBJECT, folds=2), ["2 speaker-disjoint folds of 3 speakers", "high enough"]),
        (corpus(["DC"]), LOSO, ["protocol loso", "at least 3 speakers", "Found 1 (DC)", "protocol clip"]),
        (corpus(["DC", "JE"]), LOSO, ["protocol loso", "at least 3 speakers", "Found 2 (DC, JE)"]),
    ],
    ids=["few", "few in order", "two in two", "three in two", "loso of one", "loso of two"],
)
def test_too_few_speakers_are_named_with_what_to_do(clips, benchmark, words):
    with pytest.raises(BenchmarkError) as error:
        split(benchmark, clips)
    assert all(word in str(error.value) for word in ["benchmark b", *words]), str(error.value)


@pytest.mark.parametrize("benchmark", [SUBJECT, CONSECUTIVE, LOSO], ids=["shuffled", "consecutive", "loso"])
def test_clips_without_a_speaker_are_named(benchmark):
    clips = [clip | ({"speaker": ""} if clip["clip_id"] == "S03_sad_T1" else {}) for clip in corpus()]
    with pytest.raises(BenchmarkError) as error:
        split(benchmark, clips)
    words = ["1 of 96 clips have no speaker", "S03_sad_T1", "labels.csv", f"protocol {benchmark.protocol}", "window"]
    assert all(word in str(error.value) for word in words), str(error.value)
