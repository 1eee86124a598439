"""RAVDESS: what a name says, what folders say, and what circulates."""

from __future__ import annotations

import wave
from collections import Counter
from pathlib import Path

import pytest
from corpora_trees import in_release, ravdess_names, touch

from aver.corpora import ravdess
from aver.corpora.catalogue import catalogue
from aver.params.blocks import Corpus

NAMES = ravdess_names()
TAKE = "01-05-01-01-01-01"


def read(root: Path):
    return catalogue("ravdess", Corpus(root=str(root)))


def refused(reading) -> dict[str, str]:
    return {failure.clip_id: failure.detail for failure in reading.failures if failure.reason == "bad_name"}


def test_all_names_of_the_release_are_read_and_say_what_they_say():
    assert len(NAMES) == len(set(NAMES)) == 7356
    tables = dict(ravdess.FIELDS)
    for name in NAMES:
        codes = ravdess.parse(name)
        assert ravdess.name_of(codes) == name
        clip = ravdess.clip_of(in_release(name))
        assert clip.clip_id == name
        for field, value in (("modality", clip.modality), ("channel", clip.channel), ("emotion", clip.label),
                             ("intensity", clip.intensity), ("statement", clip.sentence)):  # fmt: skip
            assert tables[field][codes[field]] == value
        assert (clip.speaker, clip.take, clip.repetition) == (name[-2:], name[3:], name[16])


def test_a_name_in_words():
    clip = ravdess.clip_of("Actor_12/01-01-06-01-02-01-12.mp4")
    assert (clip.modality, clip.channel, clip.label, clip.intensity) == ("audiovisual", "speech", "fearful", "normal")
    assert (clip.sentence, clip.repetition) == ("Dogs are sitting by the door", "1")
    assert (clip.speaker, clip.sex) == ("12", "female")


@pytest.mark.parametrize(
    ("code", "label"),
    [("01", "neutral"), ("02", "calm"), ("03", "happy"), ("04", "sad"), ("05", "angry"), ("06", "fearful"),
     ("07", "disgust"), ("08", "surprised")],
)  # fmt: skip
def test_emotions(code, label):
    assert ravdess.clip_of(f"01-01-{code}-01-01-01-01.mp4").label == label


@pytest.mark.parametrize(("actor", "sex"), [("01", "male"), ("02", "female"), ("23", "male"), ("24", "female")])
def test_odd_actors_are_male(actor, sex):
    assert ravdess.clip_of(f"01-01-03-01-01-01-{actor}.mp4").sex == sex


@pytest.mark.parametrize(
    ("stem", "field"),
    [
        ("04-01-06-01-02-01-12", "modality"),
        ("00-01-06-01-02-01-12", "modality"),
        ("01-03-06-01-02-01-12", "channel"),
        ("01-01-09-01-02-01-12", "emotion"),
        ("01-01-00-01-02-01-12", "emotion"),
        ("01-01-06-03-02-01-12", "intensity"),
        ("01-01-06-01-03-01-12", "statement"),
        ("01-01-06-01-02-03-12", "repetition"),
        ("01-01-06-01-02-01-25", "actor"),
        ("01-01-06-01-02-01-00", "actor"),
        ("01-01-01-02-02-01-12", "neutral"),
        ("01-02-07-01-02-01-12", "song"),
        ("01-02-08-01-02-01-12", "song"),
        ("01-01-06-01-02-01", "seven"),
        ("01-01-06-01-02-01-12-01", "seven"),
        ("1-1-6-1-2-1-12", "seven"),
        ("01-01-06-01-02-01-12\n", "seven"),
        ("٠١-01-06-01-02-01-12", "seven"),
        ("", "seven"),
    ],
)
def test_an_impossible_name_says_which_field(stem, field):
    with pytest.raises(ValueError, match=field):
        ravdess.parse(stem)


def test_the_release_is_what_was_published():
    clips = [ravdess.clip_of(in_release(name)) for name in NAMES]
    assert sum(part.clips or 0 for part in ravdess.PUBLISHED) == len({clip.clip_id for clip in clips}) == 7356
    for part in ravdess.PUBLISHED:
        held = [clip for clip in clips if all(getattr(clip, key) == value for key, value in part.where.items())]
        assert (len(held), len({clip.speaker for clip in held})) == (part.clips, part.speakers)
        for key, counts in part.counts.items():
            assert Counter(getattr(clip, key) for clip in held) == counts, (part.name, key)


def test_the_unpacked_release_is_read_whole(tmp_path):
    names = [name for name in NAMES if name[-2:] in ("01", "18")][::2]
    reading = read(touch(tmp_path, *map(in_release, names)))
    assert [clip.clip_id for clip in reading.clips] == sorted(names)
    assert (reading.failures, reading.findings, reading.ignored) == ([], [], [])


def test_the_published_counts_in_figures():
    """As the paper and the release's page print them, so that a wrong table cannot agree with a wrong reader."""
    speech, song = (next(p for p in ravdess.PUBLISHED if p.name == f"{name}, audio") for name in ("speech", "song"))
    assert (speech.clips, speech.speakers, song.clips, song.speakers) == (1440, 24, 1012, 23)
    assert speech.counts["label"] == {
        "neutral": 96, "calm": 192, "happy": 192, "sad": 192, "angry": 192, "fearful": 192, "disgust": 192,
        "surprised": 192}  # fmt: skip
    assert song.counts["sex"] == {"female": 484, "male": 528}
    assert "18" not in song.counts["speaker"]


@pytest.mark.parametrize(
    "folder",
    ["", "Actor_05/", "actor_05/", "ACTOR_5/", "Actor 05/", "my/own folders/", "Audio_Speech_Actors_01-24/Actor_05/",
     "audio_speech_actors_01-24_16k/actor_05/", "AUDIO_SPEECH_ACTORS_01-24/"],
)  # fmt: skip
def test_folders_official_flattened_and_in_any_case(folder):
    assert ravdess.clip_of(f"{folder}03-{TAKE[:-2]}05.WAV").speaker == "05"


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("Actor_02", "actor 02"), ("actor 2", "actor 02"), ("Audio_Song_Actors_01-24", "channel song"),
        ("Video_Speech_Actor_01", "kind video"), ("Audio_Speech_Actors_02-24", "does not hold actor 01"),
        ("Actor_01/Actor_02", "actor 1 and 2"), ("sad", "emotion sad"), ("Angry/x/Happy", "angry and happy"),
    ],
)  # fmt: skip
def test_trap_ravdess_file_in_the_wrong_folder(tmp_path, folder, words):
    reading = read(touch(tmp_path, f"{folder}/03-{TAKE}.wav", f"right/03-{TAKE}.wav"))
    assert [clip.path for clip in reading.clips] == [f"right/03-{TAKE}.wav"]
    assert list(refused(reading)) == [f"{folder}/03-{TAKE}.wav"]
    assert words in refused(reading)[f"{folder}/03-{TAKE}.wav"]


def test_trap_ravdess_file_in_the_wrong_actors_folder(tmp_path):
    reading = read(touch(tmp_path, f"Actor_01/03-{TAKE}.wav", "Actor_05/03-01-05-01-01-01-02.wav"))
    assert [clip.speaker for clip in reading.clips] == ["01"]
    assert refused(reading) == {
        "Actor_05/03-01-05-01-01-01-02.wav": "the folder says actor 05, the name says actor 02"}  # fmt: skip


def test_trap_ravdess_modalities_are_the_same_takes(tmp_path):
    reading = read(touch(tmp_path, *map(in_release, NAMES[:90])))
    assert set(Counter(clip.take for clip in reading.clips).values()) == {3}
    assert Counter(clip.modality for clip in reading.clips) == {"audiovisual": 30, "video": 30, "audio": 30}


def test_trap_ravdess_neutral_has_no_strong_intensity(tmp_path):
    reading = read(touch(tmp_path, "03-01-01-01-01-01-01.wav", "03-01-01-02-01-01-01.wav"))
    assert [clip.label for clip in reading.clips] == ["neutral"]
    assert "no strong intensity" in refused(reading)["03-01-01-02-01-01-01.wav"]


def test_trap_ravdess_speech_and_song_share_the_scheme(tmp_path):
    reading = read(touch(tmp_path, "03-01-02-01-01-01-01.wav", "03-02-02-01-01-01-01.wav"))
    assert [(clip.channel, clip.label) for clip in reading.clips] == [("speech", "calm"), ("song", "calm")]
    assert len({clip.take for clip in reading.clips}) == 2


def test_trap_ravdess_one_duplicate_clip(tmp_path):
    speech = [name for name in NAMES if name.startswith("03-01") and name.endswith("-01")]
    root = touch(tmp_path, *map(in_release, speech))
    first, second = (root / in_release(name) for name in (speech[7], speech[11]))
    second.write_bytes(first.read_bytes())
    reading = read(root)
    assert len(reading.clips) == 60
    assert {(f.clip_id, f.kind) for f in reading.findings} == {
        (speech[7], "identical_content"),
        (speech[11], "identical_content"),
    }
    assert f"the same bytes as {speech[7]}" in reading.findings[1].detail
    assert "intensity" not in reading.findings[1].detail
    assert not reading.failures


def test_trap_ravdess_stereo_and_re_encoded_sound_is_read(tmp_path):
    """How a file is encoded is no matter of its name: the media stage looks into it."""
    for actor, (channels, rate) in enumerate([(1, 48000), (2, 48000), (1, 22050)], 1):
        with wave.open(str(tmp_path / f"03-01-02-01-01-02-{actor:02d}.wav"), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(bytes(2 * channels * 100))
    reading = read(tmp_path)
    assert ([clip.speaker for clip in reading.clips], reading.failures) == (["01", "02", "03"], [])


def test_trap_ravdess_everything_twice_as_on_kaggle(tmp_path):
    names = [f"Actor_01/{name}.wav" for name in NAMES if name.startswith("03-01") and name.endswith("-01")]
    root = touch(tmp_path, *names)
    for name in names:
        copy = root / "audio_speech_actors_01-24" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((root / name).read_bytes())
    reading = read(root)
    assert (len(reading.clips), len(reading.failures)) == (60, 0)
    assert Counter(finding.kind for finding in reading.findings) == {"copied": 60}
    assert {clip.path for clip in reading.clips} == set(names)


def test_the_same_name_with_other_content_keeps_one_and_names_both(tmp_path):
    reading = read(touch(tmp_path, f"a/01-{TAKE}.mp4", f"b/01-{TAKE}.mp4"))
    assert [clip.path for clip in reading.clips] == [f"a/01-{TAKE}.mp4"]
    assert [f.reason for f in reading.failures] == ["duplicate"]
    assert all(folder in reading.failures[0].detail for folder in ("a/", "b/"))


@pytest.mark.parametrize(
    "name",
    [f"03-{TAKE} (1).wav", f"Actor_01_03-{TAKE}.wav", f"03-{TAKE}.mp4.wav", f"03-{TAKE}_16k.wav",
     f"copy of 03-{TAKE}.wav", f"03-{TAKE}-01.wav", f"{TAKE}.wav", "03_01_05_01_01_01_01.wav", "3-1-5-1-1-1-1.wav",
     "03-01-05-01-01-01-25.wav"],
)  # fmt: skip
def test_renamed_files_are_failures_and_not_guessed(tmp_path, name):
    reading = read(touch(tmp_path, name))
    assert (reading.clips, list(refused(reading)), reading.ignored) == ([], [name], [])


def test_what_is_no_clip_of_the_corpus_is_listed(tmp_path):
    others = [f"03-{TAKE}.csv", f"03-{TAKE}.swf", "2021-05.wav", "Actor_12/other.mp4", "readme.txt"]
    reading = read(touch(tmp_path, f"03-{TAKE}.wav", *others))
    assert reading.ignored == others
    assert (len(reading.clips), reading.failures) == (1, [])


def test_the_format_of_the_release_is_taken_and_others_are_listed(tmp_path):
    names = [f"{modality}-{TAKE}.{ending}" for modality in ("01", "03") for ending in ("avi", "mp4", "wav")]
    reading = read(touch(tmp_path, *names))
    assert [clip.path for clip in reading.clips] == [f"01-{TAKE}.mp4", f"03-{TAKE}.wav"]
    assert (len(reading.ignored), reading.failures) == (4, [])


def test_sound_taken_out_of_a_video_is_told_apart(tmp_path):
    reading = read(touch(tmp_path, f"01-{TAKE}.wav", f"03-{TAKE}.wav"))
    assert [(f.clip_id, f.kind) for f in reading.findings] == [(f"01-{TAKE}", "irregular_name")]
    assert "no picture" in reading.findings[0].detail
