"""Sign-flip tests and Holm's correction, by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test

from aver.evaluation.permutation import holm, is_exact, sign_flip_p, smallest_p


def test_four_speakers_by_hand():
    """Differences 3, 2, 1, −1: their sum is 5.

    Of the 16 sums ±3 ±2 ±1 ±1, 7 comes once, 5 twice, −5 twice, −7 once: 6 are at least 5 from 0.
    """
    assert sign_flip_p(np.array([0.3, 0.2, 0.1, -0.1]), 10000, 0) == 6 / 16


def test_four_speakers_who_agree_have_the_smallest_p_there_is():
    assert sign_flip_p(np.array([0.3, 0.2, 0.1, 0.1]), 10000, 0) == smallest_p(4, 10000) == 0.125
    assert sign_flip_p(-np.array([0.3, 0.2, 0.1, 0.1]), 10000, 0) == 0.125


def test_one_speaker_and_no_difference_say_nothing():
    assert sign_flip_p(np.array([0.4]), 10000, 0) == 1
    assert sign_flip_p(np.zeros(5), 10000, 0) == 1


@pytest.mark.parametrize("seed", range(8))
def test_all_exchanges_are_scipys(seed):
    rng = np.random.default_rng(seed)
    # Twelfths, so that many sums are equal: ties must count whatever their last digits.
    differences = rng.integers(-6, 9, 3 + seed) / 12
    exact = permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(differences, 1000, 0) == pytest.approx(exact.pvalue)


def test_many_speakers_are_drawn_and_close_to_all_exchanges():
    differences = np.random.default_rng(0).normal(0.02, 0.1, 18)
    exact = sign_flip_p(differences, 2**18, 0)
    drawn = sign_flip_p(differences, 20000, 0)
    assert 0.05 < exact < 0.9
    assert drawn != exact
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20000))
    assert drawn == sign_flip_p(differences, 20000, 0)
    assert drawn != sign_flip_p(differences, 20000, 1)


def test_a_drawn_p_is_never_nought():
    """Phipson & Smyth 2010: the observed signs are one of the draws."""
    assert sign_flip_p(np.ones(60), 5000, 0) == smallest_p(60, 5000) == 1 / 5001


def test_the_p_value_is_uniform_where_there_is_no_difference():
    rng = np.random.default_rng(0)
    found = np.array([sign_flip_p(rng.normal(size=8), 1000, 0) for _ in range(2000)])
    for level in (0.05, 0.25, 0.5):
        assert (found <= level).mean() == pytest.approx(level, abs=0.03)


@pytest.mark.parametrize(("speakers", "permutations", "exact"), [(16, 1, True), (17, 1, False), (17, 2**17, True)])
def test_exact_where_that_is_cheap_or_asked_for(speakers, permutations, exact):
    assert is_exact(speakers, permutations) is exact


def test_holm_by_hand():
    """0.01·4 = 0.04; 0.015·3 = 0.045; 0.02·2 = 0.04, not below 0.045; 0.5·1."""
    assert holm([0.02, 0.01, 0.5, 0.015]) == pytest.approx([0.045, 0.04, 0.5, 0.045])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.3]) == [0.3]
    assert holm([]) == []
