"""CREMA-D: names, formats side by side, the release's tables, and each known trap."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from corpora_names import check_parser
from corpora_trees import touch

from aver.corpora import cremad
from aver.corpora.catalogue import catalogue
from aver.corpora.clip import Reading
from aver.errors import CorpusError
from aver.params.blocks import Corpus
from aver.report.card_published import Pair, compare

SENTENCES = ["IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI"]
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:9269ed\nsize 414429\n"
DEMOGRAPHICS = '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","-","-"\n1002,21,"Female","-","-"\n'
TABLE_HEAD = '"","FileName","VoiceVote","VoiceLevel","FaceVote","FaceLevel","MultiModalVote","MultiModalLevel"\n'


def release() -> list[str]:
    """All names that the release's rule allows; 20 of them are missing in the release."""
    names = []
    for actor in range(1001, 1092):
        for sentence in SENTENCES:
            names.append(f"{actor}_{sentence}_NEU_XX")
            for emotion in ("ANG", "DIS", "FEA", "HAP", "SAD"):
                levels = ("LO", "MD", "HI") if sentence == "IEO" else ("XX",)
                names += [f"{actor}_{sentence}_{emotion}_{level}" for level in levels]
    return names


def table(*rows: tuple[str, str]) -> str:
    """The release's summaryTable.csv with these names and multimodal votes; the other votes are decoys."""
    lines = [f'"{n}","{name}","A","1","A","1","{vote}","50"\n' for n, (name, vote) in enumerate(rows, 1)]
    return TABLE_HEAD + "".join(lines)


def said(reading: Reading) -> list[tuple[str, str, str]]:
    return [(finding.clip_id, finding.kind, finding.detail) for finding in reading.findings]


def test_the_parser_reads_the_right_names_and_no_other():
    codes = (["1000", "1001", "1091", "1092", "101"], [*SENTENCES[:3], "IEX"], ["ANG", "NEU", "ANX"],
             ["LO", "MD", "HI", "XX", "X", "XY"])  # fmt: skip
    assert len(release()) == 91 * 82
    check_parser(cremad.parse, cremad.name_of, release(), codes)


@pytest.mark.parametrize(
    ("stem", "field"),
    [
        ("1092_DFA_ANG_XX", "actor 1092"),
        ("1000_DFA_ANG_XX", "actor 1000"),
        ("1001_DFX_ANG_XX", "sentence DFX"),
        ("1001_DFA_SUR_XX", "emotion SUR"),
        ("1001_DFA_ANG_XY", "level XY"),
        ("1001_DFA_ANG_HI", "level HI"),
        ("1001_IEO_NEU_LO", "level LO"),
        ("1001_IEO_ANG_XX", "level XX"),
        ("1001_DFA_ANG", "actor_sentence_emotion_level"),
        ("1040_ITH_SAD_X", "actor_sentence_emotion_level"),
    ],
)
def test_an_impossible_name_says_which_field(stem, field):
    with pytest.raises(ValueError, match=field):
        cremad.parse(stem)


def test_a_clip_in_words(tmp_path):
    (clip,) = cremad.read(touch(tmp_path, "VideoFlash/1002_IEO_HAP_MD.flv")).clips
    assert (clip.clip_id, clip.take, clip.label, clip.intensity) == (*["1002_IEO_HAP_MD"] * 2, "happy", "medium")
    assert (clip.speaker, clip.sentence, clip.modality, clip.channel) == (
        "1002", "It's eleven o'clock", "audiovisual", "speech")  # fmt: skip
    assert (clip.sex, clip.perceived) == ("", "")


def test_a_clone_of_the_repository_gives_a_clip_per_performance_and_modality(tmp_path):
    names = ["1001_DFA_ANG_XX", "1002_DFA_ANG_XX"]
    for folder, ending in (("AudioMP3", "mp3"), ("AudioWAV", "wav"), ("VideoFlash", "flv"), ("VideoMP4", "mp4")):
        touch(tmp_path, *(f"{folder}/{name}.{ending}" for name in names))
    touch(tmp_path, "README.md", "SentenceFilenames.csv", "processedResults/tabulatedVotes.csv", "VideoFlash/other.flv")
    reading = cremad.read(tmp_path)
    assert {clip.clip_id: clip.path for clip in reading.clips} == {
        **{f"audio/{name}": f"AudioWAV/{name}.wav" for name in names},
        **{name: f"VideoFlash/{name}.flv" for name in names},
    }
    assert {(clip.modality, clip.take) for clip in reading.clips} == {
        (modality, name) for modality in ("audio", "audiovisual") for name in names
    }
    assert reading.failures == []
    assert sorted(reading.ignored) == sorted(
        [f"AudioMP3/{name}.mp3" for name in names] + [f"VideoMP4/{name}.mp4" for name in names]
        + ["README.md", "SentenceFilenames.csv", "VideoFlash/other.flv", "processedResults/tabulatedVotes.csv"]
    )  # fmt: skip


def test_an_id_does_not_depend_on_what_else_lies_there(tmp_path):
    alone = cremad.read(touch(tmp_path / "one", "1001_DFA_ANG_XX.wav")).clips
    both = cremad.read(touch(tmp_path / "two", "1001_DFA_ANG_XX.wav", "1001_DFA_ANG_XX.flv")).clips
    assert [clip.clip_id for clip in alone] == ["audio/1001_DFA_ANG_XX"]
    assert {clip.clip_id for clip in both} == {"audio/1001_DFA_ANG_XX", "1001_DFA_ANG_XX"}


def test_the_same_clip_with_other_content_is_a_failure_and_a_copy_is_none(tmp_path):
    touch(tmp_path, "a/1001_DFA_ANG_XX.flv", "b/1001_DFA_ANG_XX.flv", "c/1002_DFA_ANG_XX.flv")
    (tmp_path / "c/copy").mkdir()
    (tmp_path / "c/copy/1002_DFA_ANG_XX.flv").write_bytes((tmp_path / "c/1002_DFA_ANG_XX.flv").read_bytes())
    reading = catalogue("cremad", Corpus(root=str(tmp_path)))
    assert [clip.clip_id for clip in reading.clips] == ["1001_DFA_ANG_XX", "1002_DFA_ANG_XX"]
    assert [failure.reason for failure in reading.failures] == ["duplicate"]
    assert all(path in reading.failures[0].detail for path in ("a/1001", "b/1001"))


def test_impossible_names_are_failures_and_letters_in_another_case_are_a_finding(tmp_path):
    bad = ["1092_DFA_ANG_XX.wav", "1001_DFA_ANG_XX (1).wav", "Copy of 1001_DFA_DIS_XX.wav", "1001-DFA-ANG-XX.wav",
           "1001_DFA_ANG.wav", "line\n1001_DFA_ANG_XX.wav"]  # fmt: skip
    reading = cremad.read(touch(tmp_path, *bad, "1001_dfa_ang_xx.WAV", "2024_my_film.mp4", "S001_010.mp4"))
    assert {failure.clip_id: failure.reason for failure in reading.failures} == dict.fromkeys(
        [*bad, "2024_my_film.mp4"], "bad_name")  # fmt: skip
    assert reading.ignored == ["S001_010.mp4"]
    assert said(reading) == [
        ("audio/1001_DFA_ANG_XX", "irregular_name", "1001_dfa_ang_xx: letters in another case")]  # fmt: skip


# ---------------------------------------------------------------- traps


def test_trap_cremad_1040_ith_sad_x_is_misnamed(tmp_path):
    touch(tmp_path, "AudioWAV/1040_ITH_SAD_X.wav")
    (tmp_path / "summaryTable.csv").write_text(table(("1040_ITH_SAD_XX", "S")))
    reading = cremad.read(tmp_path)
    (clip,) = reading.clips
    assert (clip.take, clip.intensity, clip.label, clip.perceived) == ("1040_ITH_SAD_XX", "unspecified", "sad", "sad")
    assert [(kind, "one X too few" in detail) for _, kind, detail in said(reading)] == [("irregular_name", True)]


@pytest.mark.parametrize(
    ("stem", "label"),
    [("1076_MTI_NEU_XX", "neutral"), ("1076_MTI_SAD_XX", "sad"), ("1064_TIE_SAD_XX", "sad"), ("1064_IEO_DIS_MD", "")],
)
def test_trap_cremad_known_defects_are_findings(tmp_path, stem, label):
    reading = cremad.read(touch(tmp_path, f"{stem}.flv", "1076_MTI_HAP_XX.flv"))
    assert {clip.clip_id: clip.label for clip in reading.clips} == {stem: label, "1076_MTI_HAP_XX": "happy"}
    assert [(clip_id, kind) for clip_id, kind, _ in said(reading)] == [(stem, "known_defect")]


def test_trap_cremad_git_lfs_pointers_do_not_push_real_files_aside(tmp_path):
    touch(tmp_path, "VideoFlash/1001_DFA_ANG_XX.flv", "VideoFlash/1002_DFA_ANG_XX.flv", "mp4/1001_DFA_ANG_XX.mp4")
    for file in (tmp_path / "VideoFlash").iterdir():
        file.write_bytes(POINTER)
    reading = cremad.read(tmp_path)
    # Where there is nothing but a pointer the clip stays, and the media stage names it.
    assert [clip.path for clip in reading.clips] == ["mp4/1001_DFA_ANG_XX.mp4", "VideoFlash/1002_DFA_ANG_XX.flv"]
    assert reading.ignored == ["VideoFlash/1001_DFA_ANG_XX.flv (git-lfs pointer, not pulled)"]


def test_trap_cremad_tied_votes_give_no_perceived_label(tmp_path):
    names = ["1001_DFA_ANG_XX", "1001_DFA_DIS_XX", "1001_DFA_FEA_XX", "1001_DFA_HAP_XX", "1001_DFA_SAD_XX"]
    touch(tmp_path, *(f"{name}.flv" for name in names))
    (tmp_path / "processedResults").mkdir()
    rows = zip(names, ["A", "N:S", "D:F:N", "X"], strict=False)
    (tmp_path / "processedResults/summaryTable.csv").write_text(table(*rows))
    reading = cremad.read(tmp_path)
    assert [clip.perceived for clip in reading.clips] == ["anger", "", "", "", ""]
    assert [clip.label for clip in reading.clips] == ["anger", "disgust", "fear", "happy", "sad"]
    assert [(clip_id, kind) for clip_id, kind, _ in said(reading)] == [
        (names[1], "tied_vote"), (names[2], "tied_vote"), (names[3], "unknown_label"), (names[4], "not_in_sheet"),
    ]  # fmt: skip
    assert said(reading)[0][2] == "MultiModalVote N:S"
    assert reading.metadata == ["processedResults/summaryTable.csv"]


# ---------------------------------------------------------------- the release's tables


def test_all_vote_letters(tmp_path):
    letters = {"A": "anger", "D": "disgust", "F": "fear", "H": "happy", "N": "neutral", "S": "sad"}
    names = {letter: f"10{number:02d}_DFA_NEU_XX" for number, letter in enumerate(letters, 1)}
    touch(tmp_path, *(f"{name}.wav" for name in names.values()))
    (tmp_path / "summaryTable.csv").write_text(table(*((name, letter) for letter, name in names.items())))
    assert [clip.perceived for clip in cremad.read(tmp_path).clips] == list(letters.values())


def test_the_sex_of_the_actors(tmp_path):
    touch(tmp_path, *(f"{actor}_DFA_ANG_XX.{end}" for actor in (1001, 1002, 1003) for end in ("flv", "wav")))
    (tmp_path / "VideoDemographics.csv").write_text(DEMOGRAPHICS)
    reading = cremad.read(tmp_path)
    assert {(clip.speaker, clip.sex) for clip in reading.clips} == {("1001", "male"), ("1002", "female"), ("1003", "")}
    assert {kind for _, kind, _ in said(reading)} == {"not_in_sheet"}
    assert all("1003" in detail for _, _, detail in said(reading))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"summaryTable.csv": "FileName,Vote\n"}, ["summaryTable.csv", "FileName", "MultiModalVote"]),
        ({"VideoDemographics.csv": ""}, ["VideoDemographics.csv", "ActorID", "Sex"]),
        ({"summaryTable.csv": table(("1001_DFA_ANG_XX", "A"), ("1001_DFA_ANG_XX", "D"))}, ["twice", "'A'", "'D'"]),
        (
            {"a/VideoDemographics.csv": DEMOGRAPHICS, "b/VideoDemographics.csv": DEMOGRAPHICS.replace("Fem", "M")},
            ["differ", "a/VideoDemographics.csv", "b/VideoDemographics.csv"],
        ),
    ],
    ids=["columns", "empty", "twice", "two tables"],
)
def test_an_unusable_table_is_named(tmp_path: Path, files, words):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(CorpusError) as error:
        cremad.read(tmp_path)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_two_equal_tables_are_one(tmp_path):
    touch(tmp_path, "1001_DFA_ANG_XX.flv")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "VideoDemographics.csv").write_text(DEMOGRAPHICS)
    assert [clip.sex for clip in cremad.read(tmp_path).clips] == ["male"]


def test_what_is_published():
    for part in cremad.PUBLISHED:
        assert (part.clips, part.speakers, sum(part.counts["label"].values())) == (7442, 91, 7442)
        assert set(part.counts["label"]) == {*cremad.EMOTIONS.values(), ""}


def test_a_complete_corpus_is_as_published():
    """Of the names that the rule allows the release lacks 5 of neutral and 3 of each other emotion."""
    missing = Counter(dict.fromkeys(cremad.EMOTIONS, 3) | {"NEU": 5})
    names = [name for name in release() if missing[name[9:12]] <= 0 or missing.subtract([name[9:12]])]
    clips = [cremad.clip_at(f"VideoFlash/{name}.flv").row() for name in names]
    found, other = compare(cremad.PUBLISHED, clips)
    assert found.here and not found.differs and not other.here
    assert found.values["label"]["disgust"] == Pair(1270, 1270) and found.values["label"][""] == Pair(1, 1)


def test_the_clip_of_several_emotions_has_no_perceived_one(tmp_path):
    touch(tmp_path, "1064_IEO_DIS_MD.flv", "1064_IEO_DIS_HI.flv")
    (tmp_path / "summaryTable.csv").write_text(table(("1064_IEO_DIS_MD", "D"), ("1064_IEO_DIS_HI", "D")))
    assert {clip.clip_id: (clip.label, clip.perceived) for clip in cremad.read(tmp_path).clips} == {
        "1064_IEO_DIS_MD": ("", ""), "1064_IEO_DIS_HI": ("disgust", "disgust")}  # fmt: skip
