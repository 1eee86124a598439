"""Metrics against scikit-learn, intervals over speakers, and the scores of a cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score, recall_score

from aver.evaluation.compare import _ceiling
from aver.evaluation.intervals import speaker_intervals
from aver.evaluation.metrics import METRICS, confusion, metrics
from aver.evaluation.score import predicted_labels, score
from aver.params.blocks import Corpus, Evaluation
from aver.params.file import load
from aver.synthetic.displays import EMOTIONS, ceilings

PARAMS = Evaluation(bootstrap_draws=300, bootstrap_seed=0, confidence=0.95)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("labels", [2, 5])
def test_metrics_are_scikit_learns(seed, labels):
    rng = np.random.default_rng(seed)
    actual, predicted = rng.integers(0, labels, (2, 40))
    matrix = confusion(actual, predicted, labels)
    np.testing.assert_array_equal(matrix, confusion_matrix(actual, predicted, labels=range(labels)))
    found = metrics(matrix)
    assert sorted(found) == sorted(METRICS)
    assert found["accuracy"] == pytest.approx(accuracy_score(actual, predicted))
    assert found["uar"] == pytest.approx(balanced_accuracy_score(actual, predicted))
    assert found["f1"] == pytest.approx(f1_score(actual, predicted, average="macro"))


def test_a_label_that_does_not_occur_counts_neither_as_nought_nor_as_one():
    actual, predicted = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 1, 1, 2])
    present = [0, 1]
    found = metrics(confusion(actual, predicted, 4))
    assert found["uar"] == pytest.approx(recall_score(actual, predicted, labels=present, average="macro"))
    assert found["f1"] == pytest.approx(f1_score(actual, predicted, labels=present, average="macro"))
    assert found["accuracy"] == pytest.approx(0.6)


def test_many_matrices_at_once_and_none_at_all():
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 9, (2, 3, 4, 4)).astype(float)
    for name, values in metrics(stack).items():
        assert values.shape == (2, 3)
        assert values[1, 2] == pytest.approx(metrics(stack[1, 2])[name])
    assert all(value == 0 for value in metrics(np.zeros((3, 3))).values())


@pytest.mark.parametrize("hits", [0, 10])
def test_speakers_who_agree_have_an_interval_without_width(hits):
    matrices = np.array([[[hits, 10 - hits], [10 - hits, hits]]] * 6, float)
    for low, high in speaker_intervals(matrices, 200, 0.95, 0).values():
        assert low == high == hits / 10


def test_the_interval_of_a_known_case():
    """Half of 64 speakers are always right: the accuracy of a resampling is binomial(64, 1/2) / 64.

    Its standard deviation is 1/16; the 95 % interval is 0.5 ± 1.96 / 16 = 0.378 … 0.622.
    """
    right, wrong = [[5, 0], [0, 5]], [[0, 5], [5, 0]]
    low, high = speaker_intervals(np.array([right, wrong] * 32, float), 4000, 0.95, 0)["accuracy"]
    assert low == pytest.approx(0.378, abs=0.02)
    assert high == pytest.approx(0.622, abs=0.02)


def test_intervals_widen_with_confidence_and_with_fewer_speakers_and_repeat_with_their_seed():
    rng = np.random.default_rng(0)
    matrices = rng.integers(0, 9, (12, 3, 3)).astype(float)
    narrow, wide = (speaker_intervals(matrices, 500, c, 0)["uar"] for c in (0.6, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert speaker_intervals(matrices, 500, 0.6, 0)["uar"] == narrow
    assert speaker_intervals(matrices, 500, 0.6, 1)["uar"] != narrow


LABELS = ["happy", "sad"]


def prediction(clip, chance, *, label="happy", fold=0, seed=0, speaker="s", sequence=0, corpus="c", people=""):
    return {"fold": fold, "seed": seed, "corpus": corpus, "people": people or corpus, "clip_id": clip,
            "speaker": speaker, "label": label, "sequence": sequence,
            "p_happy": chance, "p_sad": 1 - chance}  # fmt: skip


def test_a_clips_prediction_is_the_mean_over_its_sequences():
    """Two narrow misses and one clear hit: the clip is right, two of its three windows are not."""
    rows = [prediction("a", chance, sequence=k) for k, chance in enumerate((0.45, 0.45, 0.95))]
    rows += [prediction("b", 0.1, label="sad")]
    found = score(pd.DataFrame(rows), LABELS, PARAMS)
    assert found.clip["accuracy"]["mean"] == 1.0
    assert found.window["accuracy"]["mean"] == 0.5
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
    found = score(pd.DataFrame(rows), LABELS, PARAMS)
    assert found.clip["accuracy"]["mean"] == 0.5
    assert found.clip["accuracy"]["deviation"] == pytest.approx(np.std([0.75, 0.25], ddof=1))
    assert found.clip["accuracy"]["seed_deviation"] == pytest.approx(np.std([0.75, 0.25], ddof=1))
    assert [row["accuracy"] for row in found.per_fold] == [0.75, 0.25]
    assert found.confusion == [[2, 2], [0, 0]]
    assert found.clip["accuracy"]["low"] <= 0.5 <= found.clip["accuracy"]["high"]


def test_one_fold_and_one_seed_have_no_deviation():
    found = score(pd.DataFrame([prediction("a", 0.9), prediction("b", 0.9, label="sad")]), LABELS, PARAMS)
    assert found.clip["uar"]["deviation"] == found.clip["uar"]["seed_deviation"] == 0
    assert found.clip["uar"]["mean"] == 0.5


def test_equal_clip_ids_of_two_corpora_are_two_clips():
    rows = [prediction("a", 0.9, corpus="one"), prediction("a", 0.1, corpus="two")]
    assert score(pd.DataFrame(rows), LABELS, PARAMS).confusion == [[1, 1], [0, 0]]


def test_each_corpus_has_its_scores_over_all_folds_and_seeds():
    """`one`: 3 of 4 right in seed 0 and all in seed 1, dealt to two folds; `two`: its only clip wrong in both."""
    rows = [
        prediction(f"{k}", 0.9 if (k, seed) != (0, 0) else 0.1, corpus="one", fold=k % 2, seed=seed, speaker=f"s{k}")
        for k in range(4)
        for seed in range(2)
    ]
    rows += [prediction("0", 0.9, label="sad", corpus="two", seed=seed) for seed in range(2)]
    found = score(pd.DataFrame(rows), LABELS, PARAMS).per_corpus
    assert found["one"]["accuracy"]["value"] == found["one"]["uar"]["value"] == pytest.approx(7 / 8)
    assert (found["one"]["clips"], found["one"]["speakers"]) == (4, 4)
    assert found["one"]["accuracy"]["low"] < 7 / 8 <= found["one"]["accuracy"]["high"]
    assert found["two"] == {"clips": 1, "speakers": 1} | {
        name: {"value": 0.0, "low": 0.0, "high": 0.0} for name in METRICS
    }


def test_intervals_are_over_people_whatever_the_corpora_they_are_in():
    """Eight people in two corpora, always right or always wrong, are eight people and not sixteen."""

    def interval(people):
        rows = [
            prediction(f"{k}", 0.9 if k % 2 else 0.1, corpus=corpus, speaker=f"{k}", people=people)
            for corpus in ("a", "b")
            for k in range(8)
        ]
        found = score(pd.DataFrame(rows), LABELS, PARAMS).clip["accuracy"]
        return found["low"], found["high"]

    right, wrong = [[1, 0], [0, 0]], [[0, 1], [0, 0]]
    eight, sixteen = (speaker_intervals(np.array([wrong, right] * n, float), 300, 0.95, 0)["accuracy"] for n in (4, 8))
    assert interval("actors") == eight
    assert interval("") == sixteen
    assert eight[1] - eight[0] > sixteen[1] - sixteen[0]


def test_a_label_that_is_never_tested_has_no_recall_and_makes_nothing_undefined():
    found = score(pd.DataFrame([prediction("a", 0.9), prediction("b", 0.2)]), LABELS, PARAMS)
    assert found.recall == {"happy": 0.5, "sad": None}
    assert found.clip["uar"]["mean"] == found.per_corpus["c"]["uar"]["value"] == 0.5
    assert np.isfinite(list(found.clip["uar"].values())).all()


@pytest.mark.parametrize(
    ("corpora", "labels", "known"),
    [
        (["built", "again"], EMOTIONS, True),
        (["built", "mine"], EMOTIONS, False),
        (["built"], EMOTIONS[1:], False),  # the tables promise nothing about a choice of emotions
        (["built"], ("anger", *EMOTIONS[1:]), False),
    ],
)
def test_the_ceiling_is_known_of_the_built_in_corpus_alone_and_with_all_its_emotions(corpora, labels, known):
    params = load(Path(__file__).parents[2] / "params.yaml")
    roots = {name: Corpus("x", "synthetic") for name in ("built", "again")} | {"mine": Corpus("y", "folder")}
    found = _ceiling(corpora, labels, "concat", replace(params, corpora=roots))
    assert found == (ceilings().both if known else None)


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame([prediction(f"c{k}", rng.random(), label=LABELS[k % 2], fold=k % 3, speaker=f"s{k % 5}",
                                    seed=s) for k in range(30) for s in range(2)])  # fmt: skip
    assert score(rows, LABELS, PARAMS) == score(rows.sample(frac=1, random_state=1), LABELS, PARAMS)


def test_the_most_probable_label_is_predicted():
    frame = pd.DataFrame([prediction("a", 0.9), prediction("b", 0.2)])
    assert predicted_labels(frame, LABELS).tolist() == ["happy", "sad"]
