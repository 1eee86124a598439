"""Any folder of clips, and its labels.csv; the built-in corpus."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from corpora_trees import touch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aver.corpora import folder, synthetic
from aver.errors import CorpusError

NFC, NFD = (unicodedata.normalize(form, "é.mp4") for form in ("NFC", "NFD"))


def labelled(root: Path, text: str, encoding="utf-8") -> Path:
    (root / "labels.csv").write_bytes(text.encode(encoding))
    return root


@pytest.fixture
def clips(tmp_path):
    return touch(tmp_path / "clips", "one.mp4", "sub/two.WAV", "sub/deep/three.mkv", "notes.txt", "sub/labels.csv")


def test_a_folder_without_labels(clips):
    reading = folder.read(clips)
    assert [clip.clip_id for clip in reading.clips] == ["one.mp4", "sub/deep/three.mkv", "sub/two.WAV"]
    assert {clip.label + clip.speaker for clip in reading.clips} == {""}
    assert {clip.take for clip in reading.clips} == {clip.clip_id for clip in reading.clips}
    assert (reading.ignored, reading.metadata) == (["notes.txt", "sub/labels.csv"], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(
    "text",
    [
        "path,label,perceived,speaker,sex,take\none.mp4,happy,sad,Ä,female,t1\nsub/two.WAV,sad,,Ö,,\n",
        "label,path,perceived,speaker,sex,take\r\nhappy,one.mp4,sad,Ä,female,t1\r\nsad,sub\\two.WAV,,Ö,,\r\n",
        "path , label,perceived, speaker,sex,take\n ./one.mp4 , happy ,sad,Ä,female,t1\n\nsub/two.WAV,sad,,Ö\n",
        "path,label,perceived,speaker,sex,take,\none.mp4,happy,sad,Ä,female,t1,\nsub/two.WAV,sad,,Ö,,,\n,,,,,,\n",
    ],
    ids=["plain", "windows", "spaces", "spreadsheet"],
)
def test_labels_csv(clips, text, encoding):
    reading = folder.read(labelled(clips, text, encoding))
    found = {clip.path: clip for clip in reading.clips}
    one, two, three = found["one.mp4"], found["sub/two.WAV"], found["sub/deep/three.mkv"]
    assert (one.label, one.perceived, one.speaker, one.sex, one.take) == ("happy", "sad", "Ä", "female", "t1")
    assert (two.label, two.perceived, two.speaker, two.sex, two.take) == ("sad", "", "Ö", "", "sub/two.WAV")
    assert (three.label, three.speaker) == ("", "")
    assert reading.metadata == ["labels.csv"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"path,emotion\none.mp4,happy\n", ["unknown: emotion", "label", "perceived", "speaker"]),
        (b"label,speaker\nhappy,a\n", ["expected path"]),
        (b"", ["(none)", "path"]),
        (b"path,label\nnowhere.mp4,happy\n", ["nowhere.mp4", "not there"]),
        (b"path,label\nnotes.txt,happy\n", ["notes.txt", "not there"]),
        (b"path,label\none.mp4,a\n./one.mp4,b\n", ["one.mp4", "twice"]),
        (b"path,label\none.mp4,a\none.mp4,b\n", ["one.mp4", "twice"]),
        (b"path,label\none.mp4,\xff\xfe\n", ["UTF-8"]),
        (b"path,sex\none.mp4,F\n", ["one.mp4", "'F'", "female, male"]),
        (b'path,label\n"one.mp4,a\n', ["not there"]),
    ],
    ids=["unknown column", "no path", "empty", "no file", "no media", "twice", "same row twice", "not UTF-8", "sex",
         "open quote"],
)  # fmt: skip
def test_unusable_labels(clips, content, words):
    (clips / "labels.csv").write_bytes(content)
    with pytest.raises(CorpusError) as error:
        folder.read(clips)
    assert all(word in str(error.value) for word in [*words, "labels.csv"]), str(error.value)


def test_labels_csv_that_is_a_folder_or_closed(clips, monkeypatch):
    (clips / "labels.csv").mkdir()
    assert len(folder.read(clips).clips) == 3
    (clips / "labels.csv").rmdir()
    labelled(clips, "path\none.mp4\n")

    def closed(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(CorpusError, match="Permission denied"):
        folder.read(clips)


def test_a_name_may_be_written_composed_or_decomposed(tmp_path):
    (clip,) = folder.read(labelled(touch(tmp_path, NFD), f"path,label\n{NFC},happy\n")).clips
    assert (clip.path, clip.label) == (NFD, "happy")


def test_the_exact_one_of_two_names_that_look_alike_is_taken(tmp_path):
    root = touch(tmp_path, NFC, NFD)
    found = folder.read(labelled(root, f"path,label\n{NFC},happy\n{NFD},sad\n")).clips
    assert {clip.path: clip.label for clip in found} == {NFC: "happy", NFD: "sad"}


def test_a_name_that_could_be_either_of_two_is_not_guessed(tmp_path):
    three = [f"{a}{b}.mp4" for a, b in (("\u00e9", "e\u0301"), ("e\u0301", "\u00e9"), ("\u00e9", "\u00e9"))]
    root = touch(tmp_path, *three[:2])
    with pytest.raises(CorpusError, match="2 files differ"):
        folder.read(labelled(root, f"path,label\n{three[2]},happy\n"))


def test_a_backslash_in_a_real_name(tmp_path):
    (clip,) = folder.read(labelled(touch(tmp_path, "a\\b.mp4"), "path,label\na\\b.mp4,happy\n")).clips
    assert clip.label == "happy"


PIECES = ["path", "label", "sex", "one.mp4", "ONE.MP4", ",", '"', "\n", "\r", "\0", "./", "female", "é", " "]


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(st.sampled_from(PIECES), max_size=30).map("".join).map(str.encode),
        st.lists(st.sampled_from(["path", "label", "sex", "one.mp4", ",", "\n"]), max_size=30)
        .map(lambda parts: ("path,label,sex\n" + "".join(parts)).encode()),
    )
)  # fmt: skip
def test_any_labels_csv_is_read_or_refused(clips, content):
    """Whatever the file holds: labels for files that are there, or an error in words."""
    (clips / "labels.csv").write_bytes(content)
    try:
        reading = folder.read(clips)
    except CorpusError as error:
        assert "labels.csv" in str(error)
    else:
        assert [clip.path for clip in reading.clips] == ["one.mp4", "sub/deep/three.mkv", "sub/two.WAV"]
        assert {clip.sex for clip in reading.clips} <= {"", "female", "male"}


def test_the_synthetic_corpus(tmp_path):
    touch(tmp_path, "S01/S01_happy_T1.mp4", "S02/S02_sad_T3.mp4", "plan.csv", "S02/S2.mp4", "S01/S01_happy_T1.wav",
          "S01/S01_happy_T1.MP4", "S٣_sad_T1.mp4")  # fmt: skip
    reading = synthetic.read(tmp_path)
    assert [(c.label, c.speaker, c.sex, c.repetition) for c in reading.clips] == [
        ("happy", "01", "female", "1"), ("sad", "02", "male", "3")]  # fmt: skip
    assert sorted(reading.ignored) == [
        "S01/S01_happy_T1.MP4", "S01/S01_happy_T1.wav", "S02/S2.mp4", "S٣_sad_T1.mp4", "plan.csv"]  # fmt: skip
