"""Metrics against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    recall_score,
    top_k_accuracy_score,
)

from aver.evaluation.answers import Answers
from aver.evaluation.metrics import METRICS, metrics, of_confusion
from aver.evaluation.sums import sums_of


def answers(chances, actual, seed=None):
    """Answers to as many clips, each once."""
    count, labels = np.shape(chances)
    names = tuple(f"label{k}" for k in range(labels))
    clips = pd.DataFrame({"label": [names[k] for k in actual]})
    zeros = np.zeros(count, np.int64)
    return Answers(names, clips, np.arange(count), zeros, zeros if seed is None else seed, np.asarray(chances, float))


def sums(chances, actual, top_k=3, bins=10):
    return sums_of(answers(chances, actual), np.zeros(len(actual), np.int64), 1, top_k, bins)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("labels", [2, 5])
def test_metrics_are_scikit_learns(seed, labels):
    rng = np.random.default_rng(seed)
    actual, chances = rng.integers(0, labels, 40), rng.dirichlet(np.ones(labels), 40)
    predicted = chances.argmax(axis=1)
    found = sums(chances, actual, top_k=2)
    np.testing.assert_array_equal(found.confusion[0, 0], confusion_matrix(actual, predicted, labels=range(labels)))
    values = {name: value[0, 0] for name, value in metrics(found).items()}
    assert sorted(values) == sorted(METRICS)
    assert values["accuracy"] == pytest.approx(accuracy_score(actual, predicted))
    assert values["uar"] == pytest.approx(balanced_accuracy_score(actual, predicted))
    assert values["f1"] == pytest.approx(f1_score(actual, predicted, average="macro"))
    if labels > 2:
        top = top_k_accuracy_score(actual, chances, k=2, labels=range(labels))
        assert values["top_k"] == pytest.approx(top)
    else:
        assert np.isnan(values["top_k"])


def test_a_label_that_does_not_occur_counts_neither_as_nought_nor_as_one():
    actual, predicted = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 1, 1, 2])
    found = of_confusion(confusion_matrix(actual, predicted, labels=range(4)).astype(float))
    assert found["uar"] == pytest.approx(recall_score(actual, predicted, labels=[0, 1], average="macro"))
    assert found["f1"] == pytest.approx(f1_score(actual, predicted, labels=[0, 1], average="macro"))
    assert found["accuracy"] == pytest.approx(0.6)


def test_many_matrices_at_once_and_none_at_all():
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 9, (2, 3, 4, 4)).astype(float)
    for name, values in of_confusion(stack).items():
        assert values.shape == (2, 3)
        assert values[1, 2] == pytest.approx(of_confusion(stack[1, 2])[name])
    assert all(np.isnan(value) for value in of_confusion(np.zeros((3, 3))).values())


def test_top_k_by_hand():
    """Ranks of the right label: first, second, third, last of four."""
    chances = [[0.4, 0.3, 0.2, 0.1]] * 4
    for k, right in ((1, 0.25), (2, 0.5), (3, 0.75)):
        assert metrics(sums(chances, [0, 1, 2, 3], top_k=k))["top_k"][0, 0] == right
    assert np.isnan(metrics(sums(chances, [0, 1, 2, 3], top_k=4))["top_k"][0, 0])


def test_of_equal_probabilities_the_first_label_comes_first_as_in_the_prediction():
    chances = [[0.25, 0.25, 0.25, 0.25]] * 4
    found = metrics(sums(chances, [0, 1, 2, 3], top_k=1))
    assert found["top_k"][0, 0] == found["accuracy"][0, 0] == 0.25
    assert metrics(sums(chances, [0, 1, 2, 3], top_k=2))["top_k"][0, 0] == 0.5


def test_sums_of_seeds_and_groups_are_apart_and_add_up():
    rng = np.random.default_rng(1)
    actual, chances, seed = rng.integers(0, 3, 60), rng.dirichlet(np.ones(3), 60), rng.choice([4, 9], 60)
    group = rng.integers(-1, 3, 60)
    parts = sums_of(answers(chances, actual, seed), group, 3, 2, 5)
    assert parts.confusion.shape == (2, 3, 3, 3)
    assert parts.bins.shape == (2, 3, 5, 3)
    own = (seed == 9) & (group == 2)
    np.testing.assert_array_equal(
        parts.confusion[1, 2], confusion_matrix(actual[own], chances[own].argmax(axis=1), labels=range(3))
    )
    assert parts.bins[1, 2, :, 0].sum() == own.sum()
    assert parts.bins[1, 2, :, 1].sum() == pytest.approx(chances[own].max(axis=1).sum())
    np.testing.assert_allclose(parts.weighted(np.ones((1, 3))).bins[0], parts.total(axis=1).bins)
    assert parts.total(axis=1).confusion.sum() == (group >= 0).sum()
