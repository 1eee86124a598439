"""Folds: who trains, validates and tests, and the gate that lets no speaker, take or content cross."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from aver.errors import BenchmarkError, LeakageError
from aver.folds.build import build_folds, write_folds
from aver.folds.leakage import check_leakage
from aver.folds.protocol import TEST, TRAIN, VALIDATION
from aver.params.blocks import Benchmark
from aver.store.out import read_json, read_rows

BENCHMARK = Benchmark(corpora=("c",), protocol="subject", folds=5, validation_fraction=0.2, fold_seed=0, seeds=(0,))
LABELS = ("angry", "happy", "sad")


def corpus(speakers=16, labels=LABELS, takes=2):
    return [
        {"clip_id": f"S{s:02d}_{label}_T{t}", "label": label, "speaker": f"{s:02d}",
         "sex": "female" if s % 2 else "male", "take": f"S{s:02d}_{label}_T{t}",
         "sha256": f"{s}-{label}-{t}", "channel": "speech" if t % 2 else "song"}
        for s in range(1, speakers + 1) for label in labels for t in range(takes)
    ]  # fmt: skip


def roles(rows, fold):
    return {role: {row["speaker"] for row in rows if row["fold"] == fold and row["role"] == role}
            for role in (TRAIN, VALIDATION, TEST)}  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return split(BENCHMARK, corpus())


def split(benchmark, clips):
    return build_folds("b", benchmark, {"c": clips}, {"c": "c"}).rows


def test_every_fold_holds_every_clip_once_on_one_side(rows):
    for fold in range(5):
        mine = [row for row in rows if row["fold"] == fold]
        assert sorted(row["clip_id"] for row in mine) == sorted(clip["clip_id"] for clip in corpus())
        sides = roles(rows, fold)
        assert all(sides.values())
        assert sum(map(len, sides.values())) == 16


def test_every_speaker_tests_exactly_once(rows):
    tested = Counter(speaker for fold in range(5) for speaker in roles(rows, fold)[TEST])
    assert set(tested.values()) == {1}
    assert len(tested) == 16
    assert {len(roles(rows, fold)[TEST]) for fold in range(5)} == {3, 4}


def test_validation_speakers_come_out_of_training_and_move_round(rows):
    validated = Counter(speaker for fold in range(5) for speaker in roles(rows, fold)[VALIDATION])
    assert all(len(roles(rows, fold)[VALIDATION]) == 3 for fold in range(5))  # ceil(0.2 * 12 or 13)
    assert len(validated) > 5
    assert len({frozenset(roles(rows, fold)[VALIDATION]) for fold in range(5)}) == 5


def test_every_speaker_validates_about_equally_often(rows):
    validated = Counter(speaker for fold in range(5) for speaker in roles(rows, fold)[VALIDATION])
    assert len(validated) >= 13  # 15 places for 16 speakers


@pytest.mark.parametrize("folds", [2, 3, 4, 5])
@pytest.mark.parametrize("speakers", [16, 24])
@pytest.mark.parametrize("seed", [0, 1])
def test_sexes_are_balanced_on_every_side(folds, speakers, seed):
    rows = split(replace(BENCHMARK, folds=folds, fold_seed=seed), corpus(speakers))
    for fold in range(folds):
        for role in (TRAIN, TEST):
            sexes = Counter(int(speaker) % 2 for speaker in roles(rows, fold)[role])
            assert abs(sexes[0] - sexes[1]) <= 2, (fold, role, sexes)


def test_the_same_split_whatever_the_order_of_the_clips_and_another_with_another_seed(rows):
    def sides(found):
        return {(row["fold"], row["clip_id"]): row["role"] for row in found}

    assert sides(split(BENCHMARK, corpus()[::-1])) == sides(rows)
    assert sides(split(replace(BENCHMARK, fold_seed=1), corpus())) != sides(rows)


def test_the_split_does_not_depend_on_clips_of_the_same_speakers(rows):
    fewer = split(BENCHMARK, corpus(takes=1))
    assert [roles(fewer, fold) for fold in range(5)] == [roles(rows, fold) for fold in range(5)]


def test_where_chooses_clips():
    found = split(replace(BENCHMARK, where={"channel": ("speech",)}), corpus())
    assert {row["clip_id"][-2:] for row in found} == {"T1"}


def test_unlabelled_clips_are_left_out():
    clips = corpus()
    clips[0]["label"] = ""
    assert clips[0]["clip_id"] not in {row["clip_id"] for row in split(BENCHMARK, clips)}


@pytest.mark.parametrize(
    ("clips", "benchmark", "words"),
    [
        (corpus(4), BENCHMARK, ["benchmark b", "5 speaker-disjoint folds of 4 speakers (01, 02, 03, 04)"]),
        (corpus(2), replace(BENCHMARK, folds=2), ["2 speaker-disjoint folds of 2 speakers"]),
        (corpus(3), replace(BENCHMARK, folds=2), ["2 speaker-disjoint folds of 3 speakers", "high enough"]),
        ([c | {"label": ""} for c in corpus()], BENCHMARK, ["0 labelled clips", "labels.csv"]),
        (corpus(labels=("happy",)), BENCHMARK, ["at least two labels"]),
        ([], BENCHMARK, ["0 labelled clips", "of 0 clips"]),
        (corpus(), replace(BENCHMARK, where={"channel": ("whisper",)}), ["whisper"]),
        ([c | ({"speaker": ""} if c["clip_id"] == "S03_sad_T1" else {}) for c in corpus()], BENCHMARK,
         ["no speaker", "S03_sad_T1", "labels.csv"]),
    ],
    ids=["few speakers", "two speakers", "three speakers", "unlabelled", "one label", "empty", "where", "no speaker"],
)  # fmt: skip
def test_what_cannot_be_split_is_said_in_words(clips, benchmark, words):
    with pytest.raises(BenchmarkError) as error:
        split(benchmark, clips)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_label_that_a_training_side_lacks_is_named():
    """Only one speaker is ever surprised: whoever trains without that speaker cannot learn it."""
    clips = [*corpus(), corpus()[0] | {"clip_id": "x", "take": "x", "sha256": "x", "label": "surprised"}]
    with pytest.raises(BenchmarkError, match=r"fold \d trains without surprised.*`where: \{label: \[…\]\}`"):
        split(BENCHMARK, clips)
    seen = [clip | {"perceived": clip["label"]} for clip in clips]
    with pytest.raises(BenchmarkError, match=r"`where: \{perceived: \[…\]\}`"):
        split(replace(BENCHMARK, label="perceived"), seen)
    split(replace(BENCHMARK, where={"label": LABELS}), clips)


@pytest.mark.parametrize(("twin", "differs"), [("S05_angry_T0", "speaker"), ("S01_sad_T1", "label")])
def test_content_that_contradicts_itself_is_left_out_whole_and_counted(tmp_path, caplog, twin, differs):
    """Which of the two says the truth is not known; the root may be read-only, so nobody can take one out there."""
    clips = [c | {"sha256": "1-angry-0"} if c["clip_id"] == twin else c for c in corpus(5)]
    found = build_folds("b", BENCHMARK, {"c": clips}, {"c": "c"})
    assert {c["clip_id"] for c in clips} - {row["clip_id"] for row in found.rows} == {"S01_angry_T0", twin}
    assert f"same content: 2 clips (c/S01_angry_T0, c/{twin})" in caplog.text
    write_folds(tmp_path, found, BENCHMARK)
    assert read_json(tmp_path / "summary.json")["left_out"] == {"c": {"contradictory_content": 2}}


def test_the_same_content_of_one_speaker_and_label_stays(caplog):
    clips = [c | {"sha256": "1-angry-0"} if c["clip_id"] == "S01_angry_T1" else c for c in corpus(5)]
    assert len(split(BENCHMARK, clips)) == 5 * len(clips)
    # A twin that the benchmark does not use contradicts nothing.
    clips[-1] |= {"sha256": "1-angry-0", "channel": "whisper"}
    assert len(split(replace(BENCHMARK, where={"channel": ("speech", "song")}), clips)) == 5 * (len(clips) - 1)
    assert not caplog.text


def test_the_stage_stops_on_a_take_of_another_speaker():
    clips = corpus(5)
    clips[-1] |= {"take": "S01_angry_T0"}
    with pytest.raises(LeakageError, match="a take") as error:
        split(BENCHMARK, clips)
    assert "S01_angry_T0" in str(error.value)
    assert clips[-1]["clip_id"] in str(error.value)


def row(clip, role, fold=0, corpus="c", people="", **shared):
    return {"fold": fold, "clip_id": clip, "corpus": corpus, "people": people or corpus, "role": role,
            "speaker": f"s-{clip}", "take": f"t-{clip}", "sha256": f"h-{clip}", **shared}  # fmt: skip


@pytest.mark.parametrize("roles", [(TRAIN, TEST), (VALIDATION, TEST), (TRAIN, VALIDATION)])
@pytest.mark.parametrize("rule", ["speaker", "take", "sha256"])
def test_the_gate_sees_every_planted_leak(rule, roles):
    rows = [row("a", roles[0], 1, **{rule: "same"}), row("b", roles[1], 1, **{rule: "same"}), row("d", TRAIN)]
    with pytest.raises(LeakageError, match="fold 1") as error:
        check_leakage(rows)
    assert "clips c/a and c/b" in str(error.value)
    assert all(role in str(error.value) for role in roles)


@pytest.mark.parametrize(
    "rows",
    [
        [row("a", TRAIN, speaker="x"), row("b", TRAIN, speaker="x"), row("d", TEST)],
        [row("a", TRAIN, 0, speaker="x"), row("b", TEST, 1, speaker="x")],
        [row("a", TRAIN, corpus="one", speaker="x", take="1"), row("b", TEST, corpus="two", speaker="x", take="1")],
        [row("a", TRAIN, take=""), row("b", TEST, take="")],
        [],
    ],
    ids=["one side", "two folds", "two peoples", "takes not known", "empty"],
)
def test_the_gate_lets_pass_what_does_not_cross(rows):
    check_leakage(rows)


@pytest.mark.parametrize("rule", ["speaker", "take", "sha256"])
def test_the_gate_sees_every_leak_between_corpora_of_the_same_people(rule):
    one, two = (row(k, role, corpus=k, people="actors", **{rule: "x"}) for k, role in (("a", TRAIN), ("b", TEST)))
    with pytest.raises(LeakageError, match="clips a/a and b/b"):
        check_leakage([one, two])
    other = [one, {**two, "people": "others"}]
    if rule == "sha256":
        with pytest.raises(LeakageError, match="identical content"):
            check_leakage(other)
    else:
        check_leakage(other)


def test_the_table_and_its_summary(tmp_path, rows):
    write_folds(tmp_path, build_folds("b", BENCHMARK, {"c": corpus()}, {"c": "c"}), BENCHMARK)
    assert read_rows(tmp_path / "folds.parquet") == rows
    summary = read_json(tmp_path / "summary.json")
    assert (summary["clips"], summary["speakers"], summary["labels"]) == (96, 16, dict.fromkeys(LABELS, 32))
    assert all(sum(sides.values()) == 96 for sides in summary["folds"].values())
    assert summary["label"] == "intended"
