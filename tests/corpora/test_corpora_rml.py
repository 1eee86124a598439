"""RML: names, speakers' folders, flattened copies."""

from __future__ import annotations

from collections import Counter
from itertools import product
from random import Random

import pytest
from corpora_names import check_parser
from corpora_trees import touch
from hypothesis import given, settings
from hypothesis import strategies as st

from aver.corpora import rml

EMOTIONS = {"an": "anger", "di": "disgust", "fe": "fear", "ha": "happiness", "sa": "sadness", "su": "surprise"}
NUMBERS = [f"{number:0{width}d}" for width in (1, 2, 3) for number in range(10**width)]
RIGHT = [
    f"{speaker}{emotion}{number}"
    for speaker, emotion, number in product(["", *(f"s{n}_" for n in range(1, 9))], EMOTIONS, NUMBERS)
]


def release() -> list[str]:
    """720 files: 10 per emotion, of four speakers in one language, and of four in two, each in its own folder."""
    folders = [f"rml-{1 if speaker < 6 else 2}/s{speaker}" for speaker in range(1, 9)]
    folders = folders[:4] + [f"{folder}/{language}" for folder in folders[4:] for language in ("English", "Other")]
    return [f"{folder}/{code}{number}.avi" for folder in folders for code in EMOTIONS for number in range(1, 11)]


def test_the_parser_reads_the_right_names_and_no_other():
    codes = (["", "s1_", "s8_", "s9_", "s_"], [*EMOTIONS, "ne", "a", "AN"], ["1", "10", "007", "", "1000", "a"])
    check_parser(rml.parse, rml.name_of, RIGHT, codes, separator="")


@pytest.mark.parametrize(
    ("stem", "field"),
    [("ne1", "emotion ne"), ("s9_an1", "speaker 9"), ("an", "number"), ("an1a", "number"), ("1an", "number")],
)
def test_an_impossible_name_says_which_field(stem, field):
    with pytest.raises(ValueError, match=field):
        rml.parse(stem)


def test_the_release(tmp_path):
    reading = rml.read(touch(tmp_path, *release(), "agreement.pdf"))
    assert (len(reading.clips), reading.failures, reading.findings) == (720, [], [])
    assert reading.ignored == ["agreement.pdf"]
    assert Counter(clip.label for clip in reading.clips) == dict.fromkeys(EMOTIONS.values(), 120)
    assert {clip.speaker for clip in reading.clips} == set("12345678")
    assert len({clip.take for clip in reading.clips}) == 720
    assert rml.PUBLISHED[0].counts["label"] == Counter(clip.label for clip in reading.clips)


def test_trap_rml_the_same_names_in_two_languages_are_two_clips(tmp_path):
    reading = rml.read(touch(tmp_path, "s5/English/an1.avi", "s5/Mandarin/an1.avi", "s6/an1.avi"))
    assert [(clip.clip_id, clip.speaker) for clip in reading.clips] == [
        ("s5/English/an1", "5"), ("s5/Mandarin/an1", "5"), ("s6/an1", "6")]  # fmt: skip


def test_trap_rml_a_flattened_copy_without_speakers_is_not_guessed_at(tmp_path):
    reading = rml.read(touch(tmp_path, "an1.avi", "anger/an2.avi", "s3_an1.avi"))
    assert [(clip.clip_id, clip.speaker, clip.label) for clip in reading.clips] == [("s3/an1", "3", "anger")]
    assert {failure.clip_id: failure.reason for failure in reading.failures} == {
        "an1.avi": "bad_name", "anger/an2.avi": "bad_name"}  # fmt: skip
    assert all("speaker not known" in failure.detail for failure in reading.failures)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("s3/s4_an1.avi", "folder says speaker 3, the name says speaker 4"),
        ("s3/Happy/an1.avi", "folder says emotion happiness, the name says emotion anger"),
        ("s3/s4/an1.avi", "folders say speaker 3 and 4"),
        ("s9/an1.avi", "speaker 9"),
        ("s3/an1 (2).avi", "number"),
        ("s3/an1000.avi", "number"),
        ("s3/rml_an1.avi", "number"),
    ],
)
def test_what_contradicts_itself_is_a_failure(tmp_path, path, words):
    reading = rml.read(touch(tmp_path, path))
    assert (reading.clips, [failure.clip_id for failure in reading.failures]) == ([], [path])
    assert words in reading.failures[0].detail


@pytest.mark.parametrize(
    ("path", "odd"),
    [
        ("s3/an7.avi", False), ("Speaker_3/an7.avi", False), ("s3/anger/an7.avi", False), ("s3_an7.avi", False),
        ("s3/an07.avi", True), ("s3_an007.avi", True),
        ("S3/AN7.AVI", True), ("s3/an_7.avi", True), ("s3/an 7.avi", True), ("s3_an-7.avi", True),
    ],
)  # fmt: skip
def test_copies_with_other_folders_and_separators_say_the_same(tmp_path, path, odd):
    reading = rml.read(touch(tmp_path, path))
    (clip,) = reading.clips
    assert (clip.clip_id, clip.label, clip.speaker) == ("s3/an7", "anger", "3")
    assert [finding.kind for finding in reading.findings] == ["irregular_name"] * odd


def test_what_is_no_clip_of_it_is_listed(tmp_path):
    reading = rml.read(touch(tmp_path, "s3/happy.avi", "s3/an1.jpg", "s3/x1.avi", "s3/an1.avi"))
    assert sorted(reading.ignored) == ["s3/an1.jpg", "s3/happy.avi", "s3/x1.avi"]
    assert len(reading.clips) == 1


@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 2**64))
def test_no_path_is_guessed_at(seed):
    rng = Random(seed)
    for _ in range(100):
        code = rng.choice(list(EMOTIONS))
        folders = rng.sample(["s1", "s2", "s9", "English", "anger", "sad", "x"], rng.randrange(4))
        prefix = rng.choice(["", "", "s1_", "s2_", "s9_"])
        path = "/".join([*folders, f"{prefix}{code}{rng.choice(['1', '', '12', '1 (2)'])}.avi"])
        try:
            clip = rml.clip_at(path)
        except ValueError:
            continue
        speakers = {folder[1:] for folder in folders if folder in ("s1", "s2", "s9")} | {prefix[1:-1]} - {""}
        assert speakers == {clip.speaker}
        assert clip.label == EMOTIONS[code]
        assert not {{"sad": "sadness"}.get(f, f) for f in folders if f in ("anger", "sad")} - {clip.label}
