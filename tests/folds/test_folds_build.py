"""Folds: which clips every protocol of a benchmark uses, what cannot be served, the table and its summary."""

from __future__ import annotations

from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from folds_clips import LABELS, SUBJECT, corpus, roles, speakers, split

from aver.errors import BenchmarkError
from aver.folds.build import build_folds, write_folds
from aver.folds.roles import TEST, TRAIN, VALIDATION, WINDOWS
from aver.store.out import read_json, read_rows

ALL = replace(SUBJECT, beside=("clip", "window", "loso"))


@pytest.fixture(scope="module")
def rows():
    return split(ALL, corpus())


def test_every_fold_of_every_protocol_holds_every_clip_once(rows):
    names = sorted(clip["clip_id"] for clip in corpus())
    folds = {(row["protocol"], row["fold"]) for row in rows}
    assert folds == {("clip", 0), ("window", 0)} | {("subject", k) for k in range(5)} | {("loso", k) for k in range(16)}
    for protocol, fold in folds:
        mine = [row for row in rows if (row["protocol"], row["fold"]) == (protocol, fold)]
        assert sorted(row["clip_id"] for row in mine) == names
        assert roles(mine).keys() == ({WINDOWS} if protocol == "window" else {TRAIN, VALIDATION, TEST})


def test_the_headline_comes_first_and_those_beside_it_change_nothing_of_it(rows):
    assert list(dict.fromkeys(row["protocol"] for row in rows)) == ["subject", "clip", "window", "loso"]
    alone = split(SUBJECT, corpus())
    assert rows[: len(alone)] == alone
    other = split(replace(SUBJECT, protocol="clip", beside=("subject",)), corpus())
    assert [row for row in other if row["protocol"] == "subject"] == alone


def test_windows_need_neither_speakers_nor_takes():
    clips = [clip | {"speaker": "", "take": ""} for clip in corpus(1)]
    assert roles(split(replace(SUBJECT, protocol="window", folds=None), clips)) == {WINDOWS: 6}


def test_where_chooses_clips():
    found = split(replace(SUBJECT, where={"channel": ("speech",)}), corpus())
    assert {row["clip_id"][-2:] for row in found} == {"T1"}


def test_unlabelled_clips_are_left_out():
    clips = corpus()
    clips[0]["label"] = ""
    assert clips[0]["clip_id"] not in {row["clip_id"] for row in split(SUBJECT, clips)}


@pytest.mark.parametrize(
    ("clips", "benchmark", "words"),
    [
        ([c | {"label": ""} for c in corpus()], SUBJECT, ["0 labelled clips", "labels.csv"]),
        (corpus(labels=("happy",)), SUBJECT, ["at least two labels"]),
        ([], SUBJECT, ["0 labelled clips", "of 0 clips"]),
        (corpus(), replace(SUBJECT, where={"channel": ("whisper",)}), ["whisper"]),
    ],
    ids=["unlabelled", "one label", "empty", "where"],
)
def test_what_gives_no_benchmark_is_said_in_words(clips, benchmark, words):
    with pytest.raises(BenchmarkError) as error:
        split(benchmark, clips)
    assert all(word in str(error.value) for word in ["benchmark b: ", *words]), str(error.value)


def test_a_protocol_beside_the_headline_that_cannot_be_served_stops_it_too():
    clips = corpus(2)
    split(replace(SUBJECT, protocol="clip", folds=None), clips)
    with pytest.raises(BenchmarkError, match=r"benchmark b, protocol loso: .*Found 2 \(01, 02\)"):
        split(replace(SUBJECT, protocol="clip", folds=None, beside=("loso",)), clips)


@pytest.mark.parametrize("protocol", ["subject", "loso"])
def test_a_label_that_a_training_side_lacks_is_named(protocol):
    """Only one speaker is ever surprised: whoever trains without that speaker cannot learn it."""
    benchmark = replace(SUBJECT, protocol=protocol, folds=5 if protocol == "subject" else None)
    clips = [*corpus(), corpus()[0] | {"clip_id": "x", "take": "x", "sha256": "x", "label": "surprised"}]
    words = rf"protocol {protocol}: fold \d+ trains without surprised.*ower `validation_fraction`"
    with pytest.raises(BenchmarkError, match=words + r".*`where: \{label: \[…\]\}`"):
        split(benchmark, clips)
    seen = [clip | {"perceived": clip["label"]} for clip in clips]
    with pytest.raises(BenchmarkError, match=r"`where: \{perceived: \[…\]\}`"):
        split(replace(benchmark, label="perceived"), seen)
    split(replace(benchmark, where={"label": LABELS}), clips)


@pytest.mark.parametrize(("twin", "differs"), [("S05_angry_T0", "speaker"), ("S01_sad_T1", "label")])
def test_content_that_contradicts_itself_is_left_out_whole_and_counted(tmp_path, caplog, twin, differs):
    """Which of the two says the truth is not known; the root may be read-only, so nobody can take one out there."""
    clips = [c | {"sha256": "01-angry-0"} if c["clip_id"] == twin else c for c in corpus(5)]
    found = build_folds("b", SUBJECT, {"c": clips}, {"c": "c"})
    assert {c["clip_id"] for c in clips} - {row["clip_id"] for row in found.rows} == {"S01_angry_T0", twin}
    assert f"same content: 2 clips (c/S01_angry_T0, c/{twin})" in caplog.text
    write_folds(tmp_path, found, SUBJECT)
    assert read_json(tmp_path / "summary.json")["left_out"] == {"c": {"contradictory_content": 2}}


def test_the_same_content_of_one_speaker_and_label_stays(caplog):
    clips = [c | {"sha256": "01-angry-0"} if c["clip_id"] == "S01_angry_T1" else c for c in corpus(5)]
    assert len(split(SUBJECT, clips)) == 5 * len(clips)
    # A twin that the benchmark does not use contradicts nothing.
    clips[-1] |= {"sha256": "01-angry-0", "channel": "whisper"}
    assert len(split(replace(SUBJECT, where={"channel": ("speech", "song")}), clips)) == 5 * (len(clips) - 1)
    assert not caplog.text


def test_the_table_and_its_summary(tmp_path, rows):
    write_folds(tmp_path, build_folds("b", ALL, {"c": corpus()}, {"c": "c"}), ALL)
    assert read_rows(tmp_path / "folds.parquet") == rows
    schema = pq.read_schema(tmp_path / "folds.parquet")
    assert schema.names == ["protocol", "fold", "corpus", "people", "clip_id", "role", "label", "speaker", "take",
                            "sha256"]  # fmt: skip
    assert (str(schema.field("protocol").type), str(schema.field("fold").type)) == ("string", "int32")
    summary = read_json(tmp_path / "summary.json")
    assert (summary["clips"], summary["speakers"], summary["labels"]) == (96, 16, dict.fromkeys(LABELS, 32))
    assert (summary["protocol"], summary["label"]) == ("subject", "intended")
    protocols = summary["protocols"]
    assert {name: len(found["folds"]) for name, found in protocols.items()} == {
        "subject": 5, "clip": 1, "window": 1, "loso": 16
    }  # fmt: skip
    assert protocols["subject"]["folds"] == summary["folds"]
    assert all(sum(sides.values()) == 96 for found in protocols.values() for sides in found["folds"].values())
    assert (protocols["clip"]["folds"], protocols["window"]["folds"]) == (
        {"0": {"test": 20, "train": 60, "validation": 16}}, {"0": {"windows": 96}}
    )  # fmt: skip
    assert {name: (found["checked"], found["not_checked"]) for name, found in protocols.items()} == {
        "subject": (["speaker", "take", "content"], []),
        "loso": (["speaker", "take", "content"], []),
        "clip": (["take", "content"], ["speaker"]),
        "window": ([], ["speaker", "take", "content"]),
    }


def test_the_same_clips_give_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_folds(tmp_path / name, build_folds("b", ALL, {"c": corpus()}, {"c": "c"}), ALL)
    for file in ("folds.parquet", "summary.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_speakers_whom_nobody_names_are_not_counted(tmp_path):
    clips = [clip | {"speaker": ""} for clip in corpus()]
    benchmark = replace(SUBJECT, protocol="clip", folds=None)
    write_folds(tmp_path, build_folds("b", benchmark, {"c": clips}, {"c": "c"}), benchmark)
    assert read_json(tmp_path / "summary.json")["speakers"] == 0
    assert speakers(read_rows(tmp_path / "folds.parquet"), 0)[TEST] == {""}
