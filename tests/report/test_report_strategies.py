"""The main table, what is folded away behind it, and the reported numbers beside it."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from report_example import gap

from aver.params.blocks import Corpus
from aver.report import reported_temporal
from aver.report.cells import headline, shared_clips
from aver.report.reported import REPORTED, of_strategy, reported
from aver.report.scores import corpora, folds, more
from aver.report.strategies import overview, rows

RAVDESS = [f"label {number}" for number in range(8)]
SPEECH = {"channel": ("speech",)}


def moved(inputs, corpus, adapter="", labels=RAVDESS, **benchmark):
    """The same report on another corpus."""
    block = replace(inputs.params.benchmarks["own"], corpora=(corpus,), **benchmark)
    known = {**inputs.params.corpora, corpus: Corpus("x", adapter)}
    params = replace(inputs.params, corpora=known, benchmarks={"own": block})
    return replace(inputs, params=params, scores=[{**cell, "labels": labels} for cell in inputs.scores])


def test_single_modalities_come_first_and_the_best_is_marked(inputs):
    found = {row.strategy: row for row in rows(inputs, "own")}
    assert list(found) == ["acoustic", "visual", "concat", "embrace"]
    assert [row.strategy for row in found.values() if row.best] == ["concat"]
    assert [row.strategy for row in found.values() if row.named] == ["visual"]
    concat = found["concat"]
    assert (concat.uar, concat.uar_interval, concat.accuracy) == ("68.2", "61.0 to 74.1", "70.0")
    assert (concat.accuracy_interval, concat.ceiling, concat.streams) == ("65.0 to 75.0", "97.0", "picture + sound")
    assert found["visual"].ceiling == "–"


def test_the_best_is_that_on_the_clips_that_all_scored(inputs):
    uars = {"acoustic": 0.4, "concat": 0.45, "visual": 0.55, "embrace": None}
    scores = [{**cell, "shared": {"clips": 144, "uar": uars[cell["strategy"]]}} for cell in inputs.scores]
    found = {row.strategy: row for row in rows(replace(inputs, scores=scores), "own")}
    assert [row.strategy for row in found.values() if row.best] == ["visual"]
    assert (found["concat"].uar, found["concat"].shared, found["concat"].clips) == ("68.2", "45.0", "1,101")
    assert shared_clips(scores) == 144
    assert shared_clips(inputs.scores) is None  # all scored the same ones


def test_a_gap_is_dashes_with_its_reason(inputs):
    row = next(row for row in rows(inputs, "own") if row.strategy == "embrace")
    numbers = ("clips", "uar", "uar_interval", "shared", "accuracy", "accuracy_interval", "ceiling", "reported")
    assert {asdict(row)[key] for key in numbers} == {"–"}
    assert row.gap == "needs a stream <picture> that is not here"


def test_other_protocols_are_not_in_the_table(inputs):
    leaky = [{**cell, "protocol": "window", "headline": False} for cell in inputs.scores]
    assert rows(replace(inputs, scores=inputs.scores + leaky), "own") == rows(inputs, "own")


def test_reported_numbers_are_those_of_table_3(inputs):
    for corpus, labels, expected in (
        ("ravdess", 8, {"visual": (82.19, 79.89), "embrace": (88.11, 88.56)}),
        ("savee", 7, {"visual": (90.60, 87.63), "acoustic": (60.42, 50.78)}),
        ("cremad", 6, {"pca": (72.86, 73.17), "autoencoder": (67.07, 66.21)}),
    ):
        where = SPEECH if corpus == "ravdess" else {}
        found = reported(moved(inputs, corpus, labels=RAVDESS[:labels], where=where), "own")
        theirs = {name: score for name, score in found.scores.items() if score.source is reported_temporal.SOURCE}
        assert {name: (theirs[name].accuracy, theirs[name].uar) for name in expected} == expected
        assert set(theirs) == {"visual", "acoustic", "concat", "pca", "autoencoder", "embrace"}
    assert [REPORTED[name].components for name in ("ravdess", "savee", "cremad")] == [423, 238, 456]


def test_reported_numbers_stand_beside_their_own_corpus(inputs):
    shown = {row.strategy: row.reported for row in rows(moved(inputs, "mine", "ravdess", where=SPEECH), "own")}
    assert shown == {
        "acoustic": "45.83 / 44.07",
        "visual": "82.19 / 79.89",
        "concat": "80.51 / 79.59",
        "embrace": "88.11 / 88.56",
    }


@pytest.mark.parametrize(("corpus", "labels", "where"), [("ravdess", 8, SPEECH), ("savee", 7, {}), ("cremad", 6, {})])
def test_the_clips_with_sound_and_picture_are_the_same_task(inputs, corpus, labels, where):
    other = where | {"modality": ("audiovisual",)}
    assert reported(moved(inputs, corpus, labels=RAVDESS[:labels], where=other), "own") is REPORTED[corpus]


@pytest.mark.parametrize(
    "other",
    [
        {"corpus": "synthetic"},
        {"corpus": "clips", "adapter": "folder"},
        {"corpus": "ravdess", "adapter": "folder"},
        {"corpus": "ravdess", "labels": RAVDESS[:6], "where": SPEECH},
        {"corpus": "ravdess"},  # songs too
        {"corpus": "ravdess", "where": {"channel": ("speech", "song")}},
        {"corpus": "ravdess", "where": SPEECH | {"modality": ("audio",)}},
        {"corpus": "ravdess", "where": SPEECH | {"sex": ("female",)}},
        {"corpus": "savee", "labels": RAVDESS[:7], "where": {"modality": ("audiovisual", "audio")}},
        {"corpus": "cremad", "labels": RAVDESS[:6], "where": {"intensity": ("high",)}},
        {"corpus": "cremad", "labels": RAVDESS[:6], "label": "perceived"},
        {"corpus": "cremad", "labels": RAVDESS[:6], "test_corpora": ("savee",)},
        {"corpus": "savee", "labels": RAVDESS[:7], "label_set": "seven"},
    ],
)
def test_reported_numbers_stand_nowhere_else(inputs, other):
    found = dict(other)
    if "label_set" in found:
        found_inputs = moved(inputs, found.pop("corpus"), labels=found.pop("labels"))
        block = replace(found_inputs.params.benchmarks["own"], labels=found["label_set"])
        found_inputs = replace(found_inputs, params=replace(found_inputs.params, benchmarks={"own": block}))
    else:
        found_inputs = moved(inputs, **found)
    assert reported(found_inputs, "own") is None
    assert {row.reported for row in rows(found_inputs, "own")} == {"–"}


def test_a_paper_variant_stands_beside_the_same_reported_number(inputs):
    ravdess = REPORTED["ravdess"]
    assert of_strategy(ravdess, "embrace-paper") == of_strategy(ravdess, "embrace")
    assert of_strategy(ravdess, "embrace").words == "88.11 / 88.56"
    assert of_strategy(ravdess, "mater-paper") == of_strategy(ravdess, "mater")
    assert of_strategy(ravdess, "nothing") is None


def test_overview_has_every_benchmark(inputs):
    other = [{**cell, "benchmark": "other"} for cell in inputs.scores if cell["strategy"] != "acoustic"]
    found = overview(replace(inputs, scores=inputs.scores + other), ["own", "other"])
    assert found.head == ["own", "other"]
    assert dict(found.rows)["concat"] == ["68.2 (61.0 to 74.1)"] * 2
    assert dict(found.rows)["acoustic"] == ["40.0 (35.0 to 45.0)", "–"]
    assert dict(found.rows)["embrace"] == ["–", "–"]


def test_other_scores(inputs):
    parts = {"uar": {"folds": 0.0016, "seeds": 0.0004}, "accuracy": {"folds": None, "seeds": None}}
    scores = [{**cell, "variance": parts} for cell in inputs.scores]
    found = more(replace(inputs, scores=scores), "own")
    table = {title: values[found.head.index("concat")] for title, values in found.rows}
    assert table["UAR ± folds"] == "68.2 ± 3.1" and table["UAR ± seeds"] == "68.2 ± 2.3"
    assert table["UAR: due to folds / seeds"] == "4.0 / 2.0" and table["accuracy: due to folds / seeds"] == "– / –"
    assert table["macro-F1"] == "66.0 (61.0 to 71.0)" and table["top-3 accuracy"] == "90.0 (85.0 to 95.0)"
    assert table["UAR per window"] == "52.3" and table["unscored"] == "133 (no sound 133)"
    assert "embrace" not in found.head


def test_every_fold(inputs):
    assert dict(folds(inputs, "own").rows) == {"0": ["61.1"] * 3, "1": ["73.3"] * 3}


def test_no_scores_at_all(inputs):
    scores = [gap(cell["strategy"], "why") for cell in headline(inputs, "own")]
    empty = replace(inputs, scores=scores)
    assert not more(empty, "own").head and not folds(empty, "own").rows and corpora(empty, "own") is None


def own(clips, value):
    return {
        "clips": clips,
        "speakers": 4,
        "accuracy": {"value": value},
        "uar": {"value": value, "low": 0.1, "high": 0.9},
    }


def test_every_strategy_has_a_row_on_each_corpus_and_dashes_where_nothing_was_scored(inputs):
    scores = [
        {**cell, "corpora": ["rml", "song"], "per_corpus": {"rml": own(1240, 0.5)}} for cell in headline(inputs, "own")
    ]
    few = {**own(7, 1.0), "uar": {"value": 1.0, "low": None, "high": None}}
    scores[0]["per_corpus"] = {"rml": own(1239, 0.25), "song": few}
    found = corpora(replace(inputs, scores=scores), "own")
    assert found.head == ["clips", "speakers", "accuracy", "UAR"]
    assert dict(found.rows) == {
        "rml · acoustic": ["1,239", "4", "25.0", "25.0 (10.0 to 90.0)"],
        "rml · visual": ["1,240", "4", "50.0", "50.0 (10.0 to 90.0)"],
        "rml · concat": ["1,240", "4", "50.0", "50.0 (10.0 to 90.0)"],
        "song · acoustic": ["7", "4", "100.0", "100.0"],  # too few speakers for an interval
        "song · visual": ["–"] * 4,
        "song · concat": ["–"] * 4,
    }
    assert corpora(inputs, "own") is None
