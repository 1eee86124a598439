"""SAVEE: the release's folders, the flattened copy, and what is neither."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from corpora_trees import SAVEE_CODES, SAVEE_SPEAKERS, touch

from aver.corpora import savee
from aver.corpora.catalogue import catalogue
from aver.params.blocks import Corpus

LAYOUTS = {
    "audiovisual": "{speaker}/{code}.avi",
    "official audio": "AudioData/{speaker}/{code}.wav",
    "official clips": "AudioVisualClip/{speaker}/{code}.avi",
    "flattened": "ALL/{speaker}_{code}.wav",
    "both": "{speaker}/{speaker}_{code}.avi",
    "capitals": "{speaker}_{code}.WAV",
}
ALL = [(speaker, code) for speaker in SAVEE_SPEAKERS for code in SAVEE_CODES]


def read(root: Path):
    return catalogue("savee", Corpus(root=str(root)))


def refused(reading) -> dict[str, str]:
    return {failure.clip_id: failure.detail for failure in reading.failures if failure.reason == "bad_name"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_holds_what_was_published(layout):
    clips = [savee.clip_of(LAYOUTS[layout].format(speaker=speaker, code=code)) for speaker, code in ALL]
    (part,) = [part for part in savee.PUBLISHED if part.where == {"modality": clips[0].modality}]
    assert (len({clip.clip_id for clip in clips}), len({clip.speaker for clip in clips})) == (part.clips, part.speakers)
    for key, counts in part.counts.items():
        assert Counter(getattr(clip, key) for clip in clips) == counts, key
    assert {clip.channel for clip in clips} == {"speech"}


def test_the_published_counts_in_figures():
    """As the database's page says them, so that a wrong table cannot agree with a wrong reader."""
    for part in savee.PUBLISHED:
        assert (part.clips, part.speakers, part.counts["sex"]) == (480, 4, {"male": 480})
        assert part.counts["label"] == {
            "anger": 60, "disgust": 60, "fear": 60, "happiness": 60, "neutral": 120, "sadness": 60, "surprise": 60,
        }  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read(tmp_path, layout):
    few = [(speaker, code) for speaker, code in ALL if code.endswith("07")]
    reading = read(touch(tmp_path, *(LAYOUTS[layout].format(speaker=s, code=c) for s, c in few), "AudioData/Info.txt"))
    assert sorted((clip.speaker, clip.sentence) for clip in reading.clips) == sorted(few)
    assert (reading.failures, reading.findings, reading.ignored) == ([], [], ["AudioData/Info.txt"])


def test_all_names_round_trip():
    for speaker, code in ALL:
        name = f"{speaker}_{code}"
        assert savee.name_of(savee.parse(name)) == name


@pytest.mark.parametrize(
    ("code", "label"),
    [("a", "anger"), ("d", "disgust"), ("f", "fear"), ("h", "happiness"), ("n", "neutral"), ("sa", "sadness"),
     ("su", "surprise")],
)  # fmt: skip
def test_trap_savee_prefixes_sa_and_su(code, label):
    clip = savee.clip_of(f"DC/{code}07.avi")
    assert (clip.label, clip.speaker, clip.sex, clip.sentence) == (label, "DC", "male", f"{code}07")


def test_trap_savee_s_alone_is_no_emotion(tmp_path):
    assert "emotion s is not one of" in refused(read(touch(tmp_path, "DC/s01.wav", "DC/sa01.wav")))["DC/s01.wav"]


def test_trap_savee_has_four_speakers_only(tmp_path):
    reading = read(touch(tmp_path, *(f"{speaker}_a01.wav" for speaker in (*SAVEE_SPEAKERS, "DD"))))
    assert {clip.speaker for clip in reading.clips} == set(SAVEE_SPEAKERS)
    assert "speaker DD" in refused(reading)["DD_a01.wav"]


def test_sound_alone_shares_the_take_of_its_clip(tmp_path):
    reading = read(touch(tmp_path, "AudioData/DC/a01.wav", "AudioVisualClip/DC/a01.avi", "ALL/DC_a02.wav"))
    assert [(clip.clip_id, clip.take, clip.modality) for clip in reading.clips] == [
        ("DC_a01", "DC_a01", "audiovisual"), ("audio/DC_a01", "DC_a01", "audio"), ("audio/DC_a02", "DC_a02", "audio"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("DC/a16.wav", "sentence 16 is not one of 01 to 15 of anger"),
        ("DC/a00.wav", "sentence 00"),
        ("DC/n31.wav", "01 to 30"),
        ("DC/a1.wav", "number 1: two digits"),
        ("DC/a001.wav", "two digits"),
        ("DC/x01.wav", "emotion x"),
        ("a01.wav", "no speaker"),
        ("AudioData/a01.wav", "no speaker"),
        ("JE/DC_a01.wav", "folder says speaker JE, the name says speaker DC"),
        ("JE/DC/a01.wav", "folders say speaker JE and DC"),
        ("fear/DC_a01.wav", "folder says emotion fear"),
        ("DC/a01 (1).wav", "renamed"),
        ("DC_a01_16k.wav", "renamed"),
        ("copy of DC_a01.wav", "renamed"),
        ("J\u212a_a01.wav", "renamed"),  # the Kelvin sign, whose small letter is a k
        ("DC/\u017fa01.wav", "renamed"),  # a long s
    ],
)
def test_what_contradicts_itself_is_a_failure(tmp_path, path, words):
    reading = read(touch(tmp_path, path, "KL/su15.wav"))
    assert [clip.clip_id for clip in reading.clips] == ["audio/KL_su15"]
    assert list(refused(reading)) == [path]
    assert words in refused(reading)[path]


def test_any_case(tmp_path):
    reading = read(touch(tmp_path, "audiodata/dc/A01.WAV", "je_SA02.wav"))
    assert [clip.clip_id for clip in reading.clips] == ["audio/DC_a01", "audio/JE_sa02"]
    assert [(f.clip_id, f.kind) for f in reading.findings] == [
        ("audio/DC_a01", "irregular_name"), ("audio/JE_sa02", "irregular_name")]  # fmt: skip


def test_what_is_no_clip_of_the_corpus_is_listed(tmp_path):
    reading = read(touch(tmp_path, "DC/a01.wav", "DC/a01.txt", "FeatureData/visual.mat", "DC/intro.avi"))
    assert reading.ignored == ["DC/a01.txt", "DC/intro.avi", "FeatureData/visual.mat"]
    assert (len(reading.clips), reading.failures) == (1, [])
