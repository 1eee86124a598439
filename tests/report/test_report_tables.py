"""The tables of benchmarks over several corpora."""

from __future__ import annotations

from dataclasses import replace

from aver.report.tables import benchmarks


def own(clips, value):
    return {
        "clips": clips,
        "speakers": 4,
        "accuracy": {"value": value},
        "uar": {"value": value, "low": 0.1, "high": 0.9},
    }


def several(inputs, **cell):
    scores = [
        {**score, **cell, "corpora": ["rml", "song"], "per_corpus": {"rml": own(1240, 0.5)}}
        | ({"recall": {"happy": 0.75, "<b>sad</b>": None}} if score["strategy"] == "visual" else {})
        for score in inputs.scores
    ]
    scores[0]["per_corpus"] = {"rml": own(1239, 0.25), "song": own(7, 1.0)}
    return benchmarks(replace(inputs, scores=scores))[0]


def test_one_corpus_needs_no_table_of_corpora(inputs):
    table = benchmarks(inputs)[0]
    assert table.corpora is None
    assert table.facts == "corpora clips; 9 speakers; 2 folds; 2 seeds; 2 labels, label set native"
    perceived = [{**score, "label": "perceived"} for score in inputs.scores]
    facts = benchmarks(replace(inputs, scores=perceived))[0].facts
    assert facts.endswith("2 perceived labels, label set native")


def test_every_tested_corpus_has_a_row_and_what_was_not_scored_a_dash(inputs):
    table = several(inputs).corpora
    assert table.head[:4] == ["tested clips", "speakers", "acoustic: accuracy", "acoustic: UAR"]
    assert dict(table.rows) == {
        "rml": ["1,240", "4", "25.0", "25.0 (10.0 to 90.0)", *["50.0", "50.0 (10.0 to 90.0)"] * 2],
        "song": ["7", "4", "100.0", "100.0 (10.0 to 90.0)", *["–", "–"] * 2],
    }


def test_a_cross_benchmark_says_which_corpora_trained_and_which_tested(inputs):
    table = several(inputs, protocol="cross", test_corpora=["rml"])
    assert table.facts.startswith("trained on song; tested on rml; ")
    assert table.protocol.startswith("cross (trained on some corpora")
    assert dict(table.recall.rows)["<b>sad</b>"] == ["0.0", "0.0", "–"]
