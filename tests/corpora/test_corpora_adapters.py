"""Corpus adapters: what a name says, what a folder holds, what is wrong with it."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from aver.corpora import folder, ravdess, synthetic
from aver.corpora.catalogue import catalogue, write_catalogue
from aver.corpora.clip import Reading
from aver.corpora.registry import ADAPTERS, get_adapter
from aver.errors import ClipsError, CorpusError, ParamsError
from aver.params.blocks import Corpus
from aver.store.out import read_json, read_rows


def ravdess_names() -> list[str]:
    """The release: 60 speech takes and 44 song takes per actor (actor 18 sang none), three modalities of each."""
    names = []
    for actor, (channel, emotions) in product(range(1, 25), {"01": range(1, 9), "02": range(1, 7)}.items()):
        if actor == 18 and channel == "02":
            continue
        for emotion, strength, statement, repetition in product(emotions, (1, 2), (1, 2), (1, 2)):
            if emotion == 1 and strength == 2:
                continue
            take = f"{channel}-{emotion:02d}-{strength:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"
            names += [f"{modality}-{take}" for modality in ("01", "02", "03")]
    return names


NAMES = ravdess_names()


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def test_all_names_of_the_release_are_read_and_say_what_they_say():
    assert len(NAMES) == len(set(NAMES)) == 7356
    fields = [field for field, _ in ravdess.FIELDS]
    for name in NAMES:
        codes = ravdess.parse(name)
        assert "-".join(codes[field] for field in fields) == name
        clip = ravdess.clip_of(f"Actor_{name[-2:]}/{name}.mp4")
        assert clip.clip_id == name
        tables = dict(ravdess.FIELDS)
        for field, value in (("modality", clip.modality), ("channel", clip.channel), ("emotion", clip.label),
                             ("intensity", clip.intensity), ("statement", clip.sentence)):  # fmt: skip
            assert tables[field][codes[field]] == value


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


def test_a_song_of_actor_18_is_not_refused():
    assert ravdess.parse("01-02-03-01-01-01-18")["channel"] == "02"


def test_files_of_a_performance_share_its_take():
    takes = Counter(ravdess.clip_of(f"{name}.mp4").take for name in NAMES)
    assert len(takes) == 7356 / 3
    assert set(takes.values()) == {3}


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
        ("01-01-06-01-02-01-12 (copy)", "seven"),
        ("", "seven"),
    ],
)
def test_an_impossible_name_says_which_field(stem, field):
    with pytest.raises(ValueError, match=field):
        ravdess.parse(stem)


def test_a_ravdess_folder(tmp_path):
    touch(tmp_path, "Actor_12/01-01-06-01-02-01-12.mp4", "Actor_12/03-01-06-01-02-01-12.wav",
          "flat/02-01-06-01-02-01-12.MP4", "Actor_01/01-01-09-01-02-01-01.mp4", "Actor_02/01-01-06-01-02-01-12.mp4",
          "Actor_03/01-01-05-01-02-01-04.mp4", "readme.txt", "Actor_12/other.mp4", ".hidden/01-01-06-01-02-01-11.mp4",
          "Actor_12/._01-01-06-01-02-01-12.mp4")  # fmt: skip
    reading = ravdess.read(tmp_path)
    assert [clip.clip_id for clip in reading.clips] == [
        "01-01-06-01-02-01-12", "03-01-06-01-02-01-12", "02-01-06-01-02-01-12"]  # fmt: skip
    assert len({clip.take for clip in reading.clips}) == 1
    assert sorted((f.clip_id, f.reason) for f in reading.failures) == [
        ("01-01-05-01-02-01-04", "bad_name"),
        ("01-01-06-01-02-01-12", "bad_name"),
        ("01-01-09-01-02-01-01", "bad_name"),
    ]
    assert any("folder says actor 03" in f.detail for f in reading.failures)
    assert sorted(reading.ignored) == ["Actor_12/other.mp4", "readme.txt"]


def test_the_same_name_twice_keeps_one_and_names_both(tmp_path):
    touch(tmp_path, "a/01-01-06-01-02-01-12.mp4", "b/01-01-06-01-02-01-12.mp4")
    reading = ravdess.read(tmp_path)
    assert [clip.path for clip in reading.clips] == ["a/01-01-06-01-02-01-12.mp4"]
    assert [f.reason for f in reading.failures] == ["duplicate"]
    assert all(folder in reading.failures[0].detail for folder in ("a/", "b/"))


# ---------------------------------------------------------------- any folder


def labelled(root: Path, text: str, encoding="utf-8") -> Path:
    (root / "labels.csv").write_bytes(text.encode(encoding))
    return root


@pytest.fixture
def clips(tmp_path):
    return touch(tmp_path / "clips", "one.mp4", "sub/two.WAV", "sub/deep/three.mkv", "notes.txt")


def test_a_folder_without_labels(clips):
    reading = folder.read(clips)
    assert [clip.clip_id for clip in reading.clips] == ["one.mp4", "sub/deep/three.mkv", "sub/two.WAV"]
    assert {clip.label + clip.speaker for clip in reading.clips} == {""}
    assert {clip.take for clip in reading.clips} == {clip.clip_id for clip in reading.clips}
    assert reading.ignored == ["notes.txt"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(
    "text",
    [
        "path,label,speaker,sex,take\none.mp4,happy,Ä,female,t1\nsub/two.WAV,sad,Ö,,\n",
        "label,path,speaker,sex,take\r\nhappy,one.mp4,Ä,female,t1\r\nsad,sub\\two.WAV,Ö,,\r\n",
        "path , label, speaker,sex,take\n ./one.mp4 , happy ,Ä,female,t1\n\nsub/two.WAV,sad,Ö\n",
    ],
    ids=["plain", "windows", "spaces"],
)
def test_labels_csv(clips, text, encoding):
    found = {clip.path: clip for clip in folder.read(labelled(clips, text, encoding)).clips}
    one, two, three = found["one.mp4"], found["sub/two.WAV"], found["sub/deep/three.mkv"]
    assert (one.label, one.speaker, one.sex, one.take) == ("happy", "Ä", "female", "t1")
    assert (two.label, two.speaker, two.sex, two.take) == ("sad", "Ö", "", "sub/two.WAV")
    assert (three.label, three.speaker) == ("", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"path,emotion\none.mp4,happy\n", ["unknown: emotion", "label", "speaker"]),
        (b"label,speaker\nhappy,a\n", ["expected path"]),
        (b"", ["(none)", "path"]),
        (b"path,label\nnowhere.mp4,happy\n", ["nowhere.mp4", "not there"]),
        (b"path,label\none.mp4,a\n./one.mp4,b\n", ["one.mp4", "twice"]),
        (b"path,label\none.mp4,\xff\xfe\n", ["UTF-8"]),
    ],
    ids=["unknown column", "no path", "empty", "no file", "twice", "not UTF-8"],
)
def test_unusable_labels(clips, content, words):
    (clips / "labels.csv").write_bytes(content)
    with pytest.raises(CorpusError) as error:
        folder.read(clips)
    assert all(word in str(error.value) for word in [*words, "labels.csv"]), str(error.value)


# ---------------------------------------------------------------- the built-in corpus and the catalogue


def test_the_synthetic_corpus(tmp_path):
    touch(tmp_path, "S01/S01_happy_T1.mp4", "S02/S02_sad_T3.mp4", "plan.csv", "S02/S2.mp4", "S01/S01_happy_T1.wav")
    reading = synthetic.read(tmp_path)
    assert [(c.label, c.speaker, c.sex, c.repetition) for c in reading.clips] == [
        ("happy", "01", "female", "1"), ("sad", "02", "male", "3")]  # fmt: skip
    assert sorted(reading.ignored) == ["S01/S01_happy_T1.wav", "S02/S2.mp4", "plan.csv"]


def test_the_catalogue_is_sorted_and_names_contents(tmp_path, clips):
    found = catalogue("mine", Corpus(root=str(clips), adapter="folder"))
    assert [clip.clip_id for clip in found.clips] == sorted(clip.clip_id for clip in found.clips)
    for clip in found.clips:
        assert clip.sha256 == hashlib.sha256((clips / clip.path).read_bytes()).hexdigest()


def test_a_clip_that_vanishes_is_a_failure(tmp_path, clips, monkeypatch):
    whole = folder.read

    def read(root: Path) -> Reading:
        reading = whole(root)
        (root / "one.mp4").unlink()
        return reading

    monkeypatch.setattr(folder, "read", read)
    found = catalogue("mine", Corpus(root=str(clips), adapter="folder"))
    assert [(f.clip_id, f.reason) for f in found.failures] == [("one.mp4", "unreadable")]
    assert len(found.clips) == 2


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda root: None, "does not exist"),
        (lambda root: root.write_text("x"), "is no folder"),
        (lambda root: root.mkdir(), "is empty"),
        (lambda root: touch(root, "a.txt", "b.mp4"), "holds 2 files but no clip"),
    ],
    ids=["missing", "file", "empty", "other"],
)
def test_a_wrong_root_is_named_with_the_expected_layout(tmp_path, prepare, words):
    prepare(tmp_path / "root")
    with pytest.raises(CorpusError) as error:
        catalogue("ravdess", Corpus(root=str(tmp_path / "root")))
    message = str(error.value)
    assert all(part in message for part in (words, str(tmp_path / "root"), ravdess.LAYOUT, "corpora.ravdess.root"))


def test_the_written_catalogue(tmp_path, clips):
    (clips / "copy.mp4").write_bytes((clips / "one.mp4").read_bytes())
    found = catalogue("mine", Corpus(root=str(clips), adapter="folder"))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_catalogue(tmp_path / name, found, 0.05)
    assert (tmp_path / "one/clips.parquet").read_bytes() == (tmp_path / "two/clips.parquet").read_bytes()
    assert read_rows(tmp_path / "one/clips.parquet") == [clip.row() for clip in found.clips]
    summary = read_json(tmp_path / "one/summary.json")
    assert (summary["clips"], summary["identical_contents"], summary["failed"]) == (4, 1, 0)
    assert summary["ignored"] == ["notes.txt"]


def test_too_many_bad_names_stop_the_stage(tmp_path):
    root = touch(tmp_path / "r", "01-01-06-01-02-01-12.mp4", "01-01-09-01-02-01-12.mp4")
    found = catalogue("ravdess", Corpus(root=str(root)))
    with pytest.raises(ClipsError, match="bad_name"):
        write_catalogue(tmp_path, found, 0.4)
    write_catalogue(tmp_path, found, 0.5)
    assert read_json(tmp_path / "summary.json")["failed_by_reason"] == {"bad_name": 1}


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_describes_its_layout(name, tmp_path):
    adapter = get_adapter(name)
    assert len(adapter.LAYOUT) > 20
    assert adapter.read(tmp_path).clips == []


def test_an_unknown_adapter_is_named():
    with pytest.raises(ParamsError, match="did you mean 'ravdess'"):
        get_adapter("ravdes")


def test_a_home_folder_is_expanded(tmp_path, monkeypatch, clips):
    monkeypatch.setitem(os.environ, "HOME", str(tmp_path))
    assert len(catalogue("mine", Corpus(root="~/clips", adapter="folder")).clips) == 3


def test_what_spreadsheets_leave_in_labels_csv_does_no_harm(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    (tmp_path / "labels.csv").write_text("path,label,speaker,\na.mp4,happy,1,\n,,,\n,,,\n", encoding="utf-8")
    (clip,) = folder.read(tmp_path).clips
    assert (clip.label, clip.speaker) == ("happy", "1")
