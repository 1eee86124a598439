"""Benchmarks over several corpora: `joint` and `cross`, whose people speak, and every leak between corpora."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aver.errors import BenchmarkError, LeakageError
from aver.folds.build import build_folds, write_folds
from aver.folds.choose import people_of
from aver.folds.roles import TEST, TRAIN, VALIDATION
from aver.params.blocks import Benchmark, Corpus
from aver.store.out import read_json, read_rows

JOINT = Benchmark(
    corpora=("one", "two", "three"), protocol="subject", folds=4, validation_fraction=0.2, fold_seed=0, seeds=(0,)
)
CROSS = replace(JOINT, corpora=("one", "two"), test_corpora=("three",), protocol="cross", folds=None, labels="basic6")
WORDS = ("angry", "happy", "sad")


def clips(corpus, speakers, words=WORDS, sexes=("female", "male"), takes=1):
    """The clips of `speakers` people, all of whom say every word."""
    return [
        {"clip_id": f"{s}-{word}-{t}", "label": word, "perceived": "", "speaker": f"{s:02d}",
         "sex": sexes[s % len(sexes)], "take": f"{s}-{word}-{t}", "sha256": f"{corpus}-{s}-{word}-{t}"}
        for s in range(speakers) for word in words for t in range(takes)
    ]  # fmt: skip


CORPORA = {"one": clips("one", 12), "two": clips("two", 8, sexes=("",)), "three": clips("three", 5)}


def split(benchmark, corpora, people=None):
    return build_folds("b", benchmark, corpora, people or {name: name for name in corpora}).rows


def persons(rows, fold, role):
    return {(row["people"], row["speaker"]) for row in rows if row["fold"] == fold and row["role"] == role}


def test_corpora_of_one_adapter_hold_the_same_people_and_folders_their_own():
    corpora = {
        "ravdess": Corpus(root="a"),
        "songs": Corpus(root="b", adapter="ravdess"),
        "mine": Corpus(root="c", adapter="folder"),
        "yours": Corpus(root="d", adapter="folder"),
        "savee": Corpus(root="e", adapter="folder"),
        "other": Corpus(root="f", adapter="savee"),
    }
    people = people_of(corpora)
    assert people["ravdess"] == people["songs"]
    assert len(set(people.values())) == 5


# ---------------------------------------------------------------- joint


def test_joint_folds_hold_their_share_of_every_corpus_and_sex():
    rows = split(JOINT, CORPORA)
    for fold in range(4):
        tested = Counter(people for people, _ in persons(rows, fold, TEST))
        assert tested["one"] == 3 and tested["two"] == 2 and tested["three"] in (1, 2)
        sexes = Counter(int(speaker) % 2 for people, speaker in persons(rows, fold, TEST) if people == "one")
        assert abs(sexes[0] - sexes[1]) == 1
    validated = Counter(people for fold in range(4) for people, _ in persons(rows, fold, VALIDATION))
    assert validated.keys() == CORPORA.keys()
    assert validated["one"] >= validated["two"] >= validated["three"]


def test_the_same_person_in_two_corpora_is_dealt_once():
    same = {"one": "actors", "two": "actors", "three": "three"}
    rows = split(JOINT, CORPORA, same)
    for fold in range(4):
        sides = [persons(rows, fold, role) for role in (TRAIN, VALIDATION, TEST)]
        assert sum(map(len, sides)) == 12 + 5
    assert any(persons(split(JOINT, CORPORA), fold, TEST) & persons(rows, fold, TRAIN) for fold in range(4))


@pytest.mark.parametrize("benchmark", [JOINT, CROSS])
def test_content_of_other_people_in_another_corpus_is_left_out_of_both(benchmark):
    copied = [*CORPORA["three"][:-1], {**CORPORA["three"][-1], "sha256": CORPORA["one"][0]["sha256"]}]
    found = build_folds("b", benchmark, {**CORPORA, "three": copied}, {name: name for name in CORPORA})
    assert found.left_out == dict.fromkeys([(name, "contradictory_content", "") for name in ("one", "three")], 1)
    assert not {("one", "0-angry-0"), ("three", "4-sad-0")} & {(row["corpus"], row["clip_id"]) for row in found.rows}


def test_takes_across_corpora_of_a_joint_set_stop_it():
    same = {"one": "actors", "two": "two", "three": "actors"}
    taken = [*CORPORA["three"][:-1], {**CORPORA["three"][-1], "take": "0-angry-0"}]
    with pytest.raises(LeakageError, match="a take"):
        split(replace(JOINT, folds=5), {**CORPORA, "three": taken}, same)


def test_the_summary_says_what_every_corpus_gives_and_loses(tmp_path):
    corpora = {**CORPORA, "three": clips("three", 5, (*WORDS, "neutral", "sulking"))}
    benchmark = replace(JOINT, labels="basic6")
    folds = build_folds("b", benchmark, corpora, {name: name for name in corpora})
    write_folds(tmp_path, folds, benchmark)
    summary = read_json(tmp_path / "summary.json")
    assert read_rows(tmp_path / "folds.parquet") == folds.rows
    assert summary["per_corpus"]["two"] == {
        "clips": 24,
        "speakers": 8,
        "labels": {"anger": 8, "happiness": 8, "sadness": 8},
    }
    assert summary["left_out"] == {"three": {"outside_label_set": {"neutral": 5}, "unknown_word": {"sulking": 5}}}
    assert (summary["clips"], summary["speakers"], summary["label_set"]) == (75, 25, "basic6")
    assert summary["corpora"] == ["one", "three", "two"] and summary["test_corpora"] == []


# ---------------------------------------------------------------- cross


def test_cross_trains_and_validates_on_some_corpora_and_tests_on_the_others():
    rows = split(CROSS, CORPORA)
    assert {row["fold"] for row in rows} == {0}
    assert len(rows) == sum(map(len, CORPORA.values()))
    for row in rows:
        assert (row["role"] == TEST) == (row["corpus"] == "three")
    assert len(persons(rows, 0, VALIDATION)) == 4  # ceil(0.2 * 20)
    assert {people for people, _ in persons(rows, 0, VALIDATION)} == {"one", "two"}


def test_labels_that_are_never_trained_are_left_out_of_a_sets_test_and_stop_a_native_one(caplog):
    corpora = {**CORPORA, "three": clips("three", 5, (*WORDS, "surprised"))}
    found = build_folds("b", CROSS, corpora, {name: name for name in corpora})
    assert {row["label"] for row in found.rows} == {"anger", "happiness", "sadness"}
    assert found.left_out == {("three", "never_trained", "surprise"): 5}
    assert "no training corpus has the label: 'surprise' of three (5 clips)" in caplog.text
    with pytest.raises(BenchmarkError, match=r"never trained: 'surprised' of three \(5 clips\).*basic6 \| five"):
        split(replace(CROSS, labels="native"), corpora)


@pytest.mark.parametrize(
    ("change", "people", "words"),
    [
        ({}, {"three": "one"}, "a speaker is both in .* and in test: one/0"),
        ({"speaker": "new"}, {"three": "one"}, "a take"),
    ],
    ids=["speaker", "take"],
)
def test_every_leak_from_the_training_into_the_test_corpora_stops_a_cross_benchmark(change, people, words):
    three = [{**clip, **change} for clip in CORPORA["three"]]
    with pytest.raises(LeakageError, match=f"benchmark b, protocol cross: fold 0: {words}"):
        split(CROSS, {**CORPORA, "three": three}, {**{name: name for name in CORPORA}, **people})


@pytest.mark.parametrize(
    ("corpora", "words"),
    [
        ({**CORPORA, "three": [{**clip, "speaker": ""} for clip in CORPORA["three"]]}, "15 of 75 clips have no "),
        ({"one": clips("one", 1), "two": clips("two", 0), "three": CORPORA["three"]}, "corpus two gives no clip"),
        ({**CORPORA, "three": clips("three", 3, ("calm",))}, "corpus three gives no clip"),
        ({**CORPORA, "three": clips("three", 3, ("surprised",))}, "never trained 'surprise' 3"),
    ],
    ids=["nameless test", "empty corpus", "outside the set", "nothing in common"],
)
def test_what_a_cross_benchmark_cannot_do_is_said(corpora, words):
    with pytest.raises(BenchmarkError, match=words):
        split(CROSS, corpora)


def test_one_training_speaker_cannot_train_and_validate():
    corpora = {"one": clips("one", 1), "three": CORPORA["three"]}
    with pytest.raises(BenchmarkError, match=r"have 1 speaker \(00\)"):
        split(replace(CROSS, corpora=("one",)), corpora)


# ---------------------------------------------------------------- properties


@st.composite
def unions(draw):
    """One to three corpora of a few speakers each, some of the same people, and a protocol for them."""
    names = ("one", "two", "three")[: draw(st.integers(1, 3))]
    corpora, people = {}, {}
    for name in names:
        sexes = draw(st.sampled_from([("female", "male"), ("male",), ("",), ("female", "")]))
        corpora[name] = clips(name, draw(st.integers(2, 7)), sexes=sexes, takes=draw(st.integers(1, 2)))
        people[name] = draw(st.sampled_from(["actors", name]))
    if draw(st.booleans()):
        corpora = {name: draw(st.permutations(rows)) for name, rows in corpora.items()}
    common = {"validation_fraction": draw(st.floats(0.01, 0.99)), "fold_seed": draw(st.integers(0, 99)), "seeds": (0,)}
    cut = draw(st.integers(0, len(names) - 1))
    if cut:
        return Benchmark(names[:cut], "cross", test_corpora=names[cut:], **common), corpora, people
    if draw(st.booleans()):
        return Benchmark(names, "loso", **common), corpora, people
    deal = draw(st.sampled_from(["shuffled", "consecutive"]))
    return Benchmark(names, "subject", folds=draw(st.integers(2, 6)), deal=deal, **common), corpora, people


@settings(max_examples=150, deadline=None)
@given(unions())
def test_a_split_that_is_made_holds_what_it_promises(union):
    benchmark, corpora, people = union
    training = {(people[name], clip["speaker"]) for name in benchmark.corpora for clip in corpora[name]}
    number = len(training) if benchmark.protocol == "loso" else benchmark.folds or 0
    peoples = [{(people[name], clip["speaker"]) for name in benchmark.corpora for clip in corpora[name]
                if people[name] == who} for who in set(people.values())]  # fmt: skip
    if benchmark.deal == "consecutive":  # floor(n (k + 1) / folds) - floor(n k / folds), summed over the peoples
        dealt = [sum(len(own) * (k + 1) // number - len(own) * k // number for own in peoples) for k in range(number)]
        few = not all(dealt) or len(training) - max(dealt) < 2
    else:
        alone = ceil(len(training) / number) if number else 0
        few = len(training) - alone < 2 or len(training) < number
    shared = {people[name] for name in benchmark.corpora} & {people[name] for name in benchmark.test_corpora}
    if few or shared:
        with pytest.raises(BenchmarkError if few else LeakageError):
            split(benchmark, corpora, people)
        return
    rows = split(benchmark, corpora, people)
    everything = sorted((name, clip["clip_id"]) for name in corpora for clip in corpora[name])
    tested = Counter((row["corpus"], row["clip_id"]) for row in rows if row["role"] == TEST)
    for fold in {row["fold"] for row in rows}:
        mine = [row for row in rows if row["fold"] == fold]
        assert sorted((row["corpus"], row["clip_id"]) for row in mine) == everything
        sides = [persons(rows, fold, role) for role in (TRAIN, VALIDATION, TEST)]
        assert all(sides)
        assert sum(map(len, sides)) == len(set.union(*sides))
    if benchmark.protocol in ("subject", "loso"):
        assert tested == Counter(everything)
    else:
        assert {name for name, _ in tested} == set(benchmark.test_corpora)
