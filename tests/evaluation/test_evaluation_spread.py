"""Deviations over folds and over seeds, and what each contributes to the variance."""

from __future__ import annotations

import numpy as np
import pytest

from aver.evaluation.spread import components, deviation, known_mean

NAN = float("nan")


def test_means_and_deviations_leave_out_what_does_not_exist():
    values = np.array([[1.0, NAN, NAN], [3.0, 5.0, NAN]])
    np.testing.assert_array_equal(known_mean(values, axis=0), [2, 5, NAN])
    assert deviation(np.array([1.0, 3.0, NAN])) == pytest.approx(np.sqrt(2))
    assert deviation(np.array([1.0, NAN])) is None


def test_components_by_hand():
    """Two folds, two seeds: fold means 0.5 and 0.8, variances within 0.02 and 0.08.

    seeds = (0.02 + 0.08) / 2 = 0.05; folds = 0.045 − 0.05 / 2 = 0.02.
    """
    found = components(np.array([[0.4, 0.6], [0.6, 1.0]]))
    assert found == pytest.approx({"folds": 0.02, "seeds": 0.05})


def test_folds_that_differ_no_more_than_their_seeds_contribute_nothing():
    assert components(np.array([[0.4, 0.5], [0.6, 0.5]])) == pytest.approx({"folds": 0.0, "seeds": 0.01})


def test_what_cannot_be_told_apart_is_none():
    assert components(np.array([[0.4, 0.6]])) == {"folds": None, "seeds": None}
    assert components(np.array([[0.4], [0.6]])) == {"folds": None, "seeds": pytest.approx(0.02)}
    assert components(np.full((2, 2), NAN)) == {"folds": None, "seeds": None}


def test_the_components_of_a_known_model_are_found():
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.05, (5, 4000)) + rng.normal(0, 0.1, (1, 4000))
    found = components(values)
    assert found["folds"] == pytest.approx(0.01, rel=0.1)
    assert found["seeds"] == pytest.approx(0.0025, rel=0.1)


def test_a_fold_without_all_seeds_counts_by_what_it_has():
    """Variances within: 0.02 of one fold of two seeds; the other has one seed. Harmonic mean of 2 and 1: 4/3."""
    found = components(np.array([[0.4, 0.9], [0.6, NAN]]))
    assert found["seeds"] == pytest.approx(0.02)
    assert found["folds"] == pytest.approx(0.08 - 0.02 / (4 / 3))
