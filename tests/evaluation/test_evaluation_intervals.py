"""Intervals over speakers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from answered import PARAMS, prediction, score_of
from scipy.stats import norm, t

from aver.evaluation.intervals import cut_off, percentiles, speaker_intervals, weights
from aver.evaluation.metrics import METRICS
from aver.evaluation.sums import Sums


def sums(matrices):
    """Confusion matrices of speakers [P, L, L] as sums of one seed, everybody always sure."""
    matrices = np.asarray(matrices, float)
    clips, right = matrices.sum(axis=(1, 2)), np.trace(matrices, axis1=1, axis2=2)
    bins = np.stack([clips, clips, right], axis=-1)[:, None, :]
    return Sums(matrices[None], np.full((1, len(matrices)), np.nan), bins[None])


@pytest.mark.parametrize("hits", [0, 10])
def test_speakers_who_agree_have_an_interval_without_width(hits):
    found = speaker_intervals(sums([[[hits, 10 - hits], [10 - hits, hits]]] * 6), PARAMS)
    for name in ("accuracy", "uar", "f1"):
        assert found[name] == (hits / 10, hits / 10)
    assert found["ece"] == pytest.approx((1 - hits / 10, 1 - hits / 10))
    assert found["top_k"] is None


def test_the_interval_of_a_known_case():
    """Half of 64 speakers are always right: the accuracy of a resampling is binomial(64, 1/2) / 64.

    Its standard deviation is 1/16; the 95 % interval is 0.5 ± √(64/63) · 1.998 / 16 = 0.374 … 0.626.
    """
    right, wrong = [[5, 0], [0, 5]], [[0, 5], [5, 0]]
    low, high = speaker_intervals(sums([right, wrong] * 32), replace(PARAMS, bootstrap_draws=4000))["accuracy"]
    assert low == pytest.approx(0.374, abs=0.02)
    assert high == pytest.approx(0.626, abs=0.02)


def test_what_is_cut_off_is_that_of_student_with_a_variance_of_p_less_one():
    """Seven speakers: t = 2.4469, · √(7/6) = 2.6430, below which 0.00411 of a normal distribution lie."""
    assert cut_off(7, 0.95) == pytest.approx(0.00411, abs=1e-5)
    assert cut_off(7, 0.95) == pytest.approx(norm.cdf(-np.sqrt(7 / 6) * t.ppf(0.975, 6)))
    assert cut_off(10**6, 0.9) == pytest.approx(0.05, abs=1e-5)


@pytest.mark.parametrize("speakers", [5, 6, 8, 16])
def test_intervals_hold_the_truth_about_as_often_as_they_say(speakers):
    """Of speakers whose scores are normal; the middle 95 % of the draws holds it in 85, 87, 89 and 93 of 100."""
    rng = np.random.default_rng(1)
    drawn = weights(speakers, replace(PARAMS, bootstrap_draws=2000))
    means = [drawn @ rng.normal(0.6, 0.1, speakers) / speakers for _ in range(1500)]
    found = [percentiles(mean, speakers, 0.95) for mean in means]
    assert 0.92 < np.mean([low <= 0.6 <= high for low, high in found]) < 0.97


@pytest.mark.parametrize(("confidence", "least"), [(0.95, 5), (0.9, 5), (0.8, 4), (0.99, 7)])
def test_too_few_speakers_have_no_interval(confidence, least):
    """The outermost draws, one speaker P times, must be rarer than what is cut off."""
    spoken = np.random.default_rng(0).integers(0, 9, (least, 3, 3))
    params = replace(PARAMS, confidence=confidence)
    assert all(cut_off(speakers, confidence) is None for speakers in range(least))
    assert speaker_intervals(sums(spoken), params)["uar"]
    assert set(speaker_intervals(sums(spoken[1:]), params).values()) == {None}


def test_intervals_widen_with_confidence_and_repeat_with_their_seed():
    table = sums(np.random.default_rng(0).integers(0, 9, (12, 3, 3)))
    narrow, wide = (speaker_intervals(table, replace(PARAMS, confidence=c))["uar"] for c in (0.6, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert speaker_intervals(table, replace(PARAMS, confidence=0.6))["uar"] == narrow
    assert speaker_intervals(table, replace(PARAMS, confidence=0.6, bootstrap_seed=1))["uar"] != narrow


def test_one_speaker_has_no_interval():
    found = score_of([prediction("a", 0.9), prediction("b", 0.2)])
    for name in METRICS:
        assert found.clip[name]["low"] is found.clip[name]["high"] is None
    assert found.clip["accuracy"]["mean"] == 0.5


def test_every_resampling_draws_as_many_speakers():
    drawn = weights(7, PARAMS)
    assert drawn.shape == (300, 7)
    assert (drawn.sum(axis=1) == 7).all()


@pytest.mark.parametrize("seed", range(5))
def test_every_interval_holds_its_value_even_of_a_well_calibrated_strategy(seed):
    """Its calibration error is all noise, and resampling only ever adds noise to it."""
    rng = np.random.default_rng(seed)
    chances = rng.uniform(0, 1, 120)
    rows = [
        prediction(f"{k}", chance, label="happy" if rng.random() < chance else "sad", speaker=f"s{k % 12}")
        for k, chance in enumerate(chances)
    ]
    for name, own in score_of(rows).clip.items():
        if name != "top_k":
            assert own["low"] < own["mean"] < own["high"], name


def test_an_error_of_nought_is_in_its_interval():
    """Right as often as sure in each of five bins; every resampling of the speakers is off by some."""
    rng = np.random.default_rng(0)
    rows = [
        prediction(
            f"{sure}-{k}", sure, label="happy" if k < round(100 * sure) else "sad", speaker=f"s{rng.integers(10)}"
        )
        for sure in (0.55, 0.65, 0.75, 0.85, 0.95)
        for k in range(100)
    ]
    found = score_of(rows).clip["ece"]
    assert found["mean"] == pytest.approx(0, abs=1e-12)
    assert 0 == found["low"] < 0.005 < found["high"] < 0.05


def test_intervals_average_over_seeds_as_the_value_does():
    """Every speaker is right in seed 0 and wrong in seed 1: no speaker differs from another."""
    rows = [
        prediction(f"{k}", 0.9 if seed == 0 else 0.2, speaker=f"s{k}", seed=seed) for k in range(5) for seed in range(2)
    ]
    found = score_of(rows).clip
    assert [found["accuracy"][key] for key in ("low", "mean", "high")] == [0.5, 0.5, 0.5]
    assert [found["f1"][key] for key in ("low", "mean", "high")] == [0.5, 0.5, 0.5]  # (1 + 0) / 2, not 2/3 of both


def test_percentiles_leave_out_what_does_not_exist():
    assert percentiles(np.array([np.nan, np.nan]), 9, 0.95) is None
    assert percentiles(np.array([0.5, np.nan]), 9, 0.95) == (0.5, 0.5)
