"""The scores of a cell."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from answered import LABELS, PARAMS, prediction, score_of

from aver.evaluation.answers import by_clip, by_sequence
from aver.evaluation.metrics import METRICS
from aver.evaluation.score import score


def test_a_clips_prediction_is_the_mean_over_its_sequences():
    """Two narrow misses and one clear hit: the clip is right, two of its three windows are not."""
    rows = [prediction("a", chance, sequence=k) for k, chance in enumerate((0.45, 0.45, 0.95))]
    rows += [prediction("b", 0.1, label="sad")]
    found = score_of(rows)
    assert found.clip["accuracy"]["mean"] == 1.0
    assert found.window["accuracy"]["mean"] == 0.5
    assert "low" not in found.window["accuracy"]
    assert found.confusion == [[1, 0], [0, 1]]
    assert found.recall == {"happy": 1.0, "sad": 1.0}


def test_means_over_folds_and_seeds():
    """Accuracies: fold 0: 1, 0.5 for seeds 0, 1; fold 1: 0.5, 0."""
    rows = []
    for fold, seed, chances in ((0, 0, (0.9, 0.9)), (0, 1, (0.9, 0.1)), (1, 0, (0.9, 0.1)), (1, 1, (0.1, 0.1))):
        rows += [
            prediction(f"{fold}{k}", chance, fold=fold, seed=seed, speaker=f"{fold}{k}")
            for k, chance in enumerate(chances)
        ]
    found = score_of(rows)
    assert found.clip["accuracy"]["mean"] == 0.5
    assert found.clip["accuracy"]["deviation"] == pytest.approx(np.std([0.75, 0.25], ddof=1))
    assert found.clip["accuracy"]["seed_deviation"] == pytest.approx(np.std([0.75, 0.25], ddof=1))
    assert found.variance["accuracy"] == pytest.approx({"folds": 0.0625, "seeds": 0.125})
    assert [row["accuracy"] for row in found.per_fold] == [0.75, 0.25]
    assert found.confusion == [[2, 2], [0, 0]]


def test_the_value_is_that_of_all_clips_whatever_folds_they_are_in():
    """Three clips right of one fold, one clip wrong of the other; a mean over folds would say 0.5."""
    rows = [prediction(f"{k}", 0.9, speaker="a") for k in range(3)] + [prediction("x", 0.1, fold=1, speaker="b")]
    found = score_of(rows)
    assert found.clip["accuracy"]["mean"] == found.per_corpus["c"]["accuracy"]["value"] == 0.75
    assert found.clip["uar"]["mean"] == found.recall["happy"] == 0.75


def test_one_fold_and_one_seed_have_no_deviation():
    found = score_of([prediction("a", 0.9), prediction("b", 0.9, label="sad")])
    assert found.clip["uar"]["deviation"] is found.clip["uar"]["seed_deviation"] is None
    assert found.variance["uar"] == {"folds": None, "seeds": None}
    assert found.clip["uar"]["mean"] == 0.5


def test_equal_clip_ids_of_two_corpora_are_two_clips():
    rows = [prediction("a", 0.9, corpus="one"), prediction("a", 0.1, corpus="two")]
    assert score_of(rows).confusion == [[1, 1], [0, 0]]


def test_each_corpus_has_its_scores_over_all_folds_and_seeds():
    """`one`: 5 of 6 right in seed 0 and all in seed 1, dealt to two folds; `two`: its only clip wrong in both."""
    rows = [
        prediction(f"{k}", 0.9 if (k, seed) != (0, 0) else 0.1, corpus="one", fold=k % 2, seed=seed, speaker=f"s{k}")
        for k in range(6)
        for seed in range(2)
    ]
    rows += [prediction("0", 0.9, label="sad", corpus="two", seed=seed) for seed in range(2)]
    found = score_of(rows).per_corpus
    assert found["one"]["accuracy"]["value"] == found["one"]["uar"]["value"] == pytest.approx(11 / 12)
    assert (found["one"]["clips"], found["one"]["speakers"]) == (6, 6)
    assert found["one"]["accuracy"]["low"] < 11 / 12 <= found["one"]["accuracy"]["high"]
    assert (found["two"]["clips"], found["two"]["speakers"]) == (1, 1)
    assert found["two"]["uar"] == {"value": 0.0, "low": None, "high": None}


def test_intervals_are_over_people_whatever_the_corpora_they_are_in():
    """Eight people in two corpora, always right or always wrong, are eight people and not sixteen."""

    def interval(people):
        rows = [
            prediction(f"{k}", 0.9 if k % 2 else 0.1, corpus=corpus, speaker=f"{k}", people=people)
            for corpus in ("a", "b")
            for k in range(8)
        ]
        found = score_of(rows)
        assert len(found.per_speaker) == (8 if people else 16)
        return found.clip["accuracy"]["high"] - found.clip["accuracy"]["low"]

    assert interval("actors") > 1.2 * interval("")


def test_a_label_that_is_never_tested_has_no_recall_and_makes_nothing_undefined():
    found = score_of([prediction("a", 0.9, speaker="x"), prediction("b", 0.2, speaker="y")])
    assert found.recall == {"happy": 0.5, "sad": None}
    assert found.clip["uar"]["mean"] == found.per_corpus["c"]["uar"]["value"] == 0.5
    json.dumps(found.clip, allow_nan=False)


def test_top_k_of_no_more_labels_than_k_does_not_exist():
    found = score_of([prediction("a", 0.9, speaker="x"), prediction("b", 0.2, speaker="y")])
    assert set(found.clip["top_k"].values()) == set(found.window["top_k"].values()) == {None}
    assert found.per_fold[0]["top_k"] is found.per_corpus["c"]["top_k"]["value"] is None


def test_each_speaker_has_clips_accuracy_and_uar():
    """`x`: 2 of 3 happy clips right, the sad one wrong; `y` one clip, right in one of two seeds."""
    rows = [prediction(f"x{k}", 0.9 if k else 0.1, speaker="x", seed=s) for k in range(3) for s in range(2)]
    rows += [prediction("x3", 0.9, label="sad", speaker="x", seed=s) for s in range(2)]
    rows += [prediction("y0", 0.9 if s else 0.1, speaker="y", seed=s) for s in range(2)]
    x, y = score_of(rows).per_speaker
    assert x == {"people": "c", "speaker": "x", "clips": 4, "accuracy": 0.5, "uar": pytest.approx(1 / 3)}
    assert y == {"people": "c", "speaker": "y", "clips": 1, "accuracy": 0.5, "uar": 0.5}


def test_clips_that_name_nobody_have_scores_and_no_interval():
    rows = [prediction(f"{k}", 0.9 if k else 0.1, speaker="") for k in range(4)]
    found = score_of(rows)
    assert found.clip["accuracy"]["mean"] == 0.75
    assert {own[key] for own in found.clip.values() for key in ("low", "high")} == {None}
    assert found.per_speaker == []
    assert (found.per_corpus["c"]["speakers"], found.per_corpus["c"]["accuracy"]["low"]) == (0, None)


def test_where_some_clips_name_nobody_the_others_are_no_sample_of_all():
    rows = [prediction(f"{k}", 0.9 if k else 0.1, speaker=["", "a", "b"][k % 3]) for k in range(9)]
    found = score_of(rows)
    assert found.clip["accuracy"]["mean"] == pytest.approx(8 / 9)
    assert found.clip["accuracy"]["low"] is None
    assert [row["speaker"] for row in found.per_speaker] == ["a", "b"]


def test_a_fold_that_lacks_a_seed_counts_by_what_it_has():
    rows = [prediction("a", 0.9, seed=0), prediction("a", 0.1, seed=1), prediction("b", 0.9, fold=1, seed=0)]
    found = score_of(rows)
    assert [row["accuracy"] for row in found.per_fold] == [0.5, 1.0]
    assert found.clip["accuracy"]["mean"] == 0.5  # seed 0: both right, seed 1: its only clip wrong
    json.dumps(found.clip | found.variance, allow_nan=False)


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        prediction(f"c{k}", rng.random(), label=LABELS[k % 2], fold=k % 3, speaker=f"s{k % 5}", seed=s, sequence=q)
        for k in range(30)
        for s in range(2)
        for q in range(3)
    )

    def scores(table):
        sequences = by_sequence(table, LABELS)
        return score(sequences, by_clip(sequences), PARAMS)

    assert scores(rows) == scores(rows.sample(frac=1, random_state=1))
    assert scores(rows) == scores(rows.astype(dict.fromkeys(("corpus", "clip_id", "label"), "category")))
    assert set(scores(rows).clip) == set(METRICS)
