"""The calibration error by hand."""

from __future__ import annotations

import numpy as np
import pytest
from answered import prediction, score_of

from aver.evaluation.calibration import bin_of, calibration_error, calibration_table


def test_ece_by_hand():
    """Four clips at 0.95, three right: |0.75 − 0.95| = 0.2. Six at 0.65, three right: |0.5 − 0.65| = 0.15.

    ECE = 0.4 · 0.2 + 0.6 · 0.15 = 0.17.
    """
    rows = [prediction(f"a{k}", 0.95, label="sad" if k == 0 else "happy") for k in range(4)]
    rows += [prediction(f"b{k}", 0.65, label="sad" if k < 3 else "happy") for k in range(6)]
    found = score_of(rows)
    assert found.clip["ece"]["mean"] == pytest.approx(0.17)
    filled = {k: own for k, own in enumerate(found.calibration["bins"]) if own["clips"]}
    assert sorted(filled) == [6, 9]
    assert filled[9] == pytest.approx({"low": 0.9, "high": 1.0, "clips": 4, "confidence": 0.95, "accuracy": 0.75})
    assert filled[6] == pytest.approx({"low": 0.6, "high": 0.7, "clips": 6, "confidence": 0.65, "accuracy": 0.5})
    assert found.calibration["bins"][0] == {"low": 0, "high": 0.1, "clips": 0, "confidence": None, "accuracy": None}


def test_over_and_under_confidence_do_not_cancel_across_bins_but_within_one():
    rows = [prediction("a", 0.9, label="sad"), prediction("b", 0.6)]
    assert score_of(rows).clip["ece"]["mean"] == pytest.approx((0.9 + 0.4) / 2)
    rows = [prediction("a", 0.9, label="sad"), prediction("b", 0.9)]
    assert score_of(rows).clip["ece"]["mean"] == pytest.approx(0.4)


def test_a_clips_confidence_is_the_mean_over_its_sequences():
    rows = [prediction("a", chance, sequence=k) for k, chance in enumerate((1.0, 0.5))]
    found = score_of(rows)
    assert found.clip["ece"]["mean"] == pytest.approx(0.25)
    assert found.window["ece"]["mean"] == pytest.approx((0 + 0.5) / 2)


def test_an_edge_belongs_to_the_bin_below():
    edges = np.array([0.0, 0.1, 0.3, 0.7, 0.9, 1.0, 1.0000001])
    assert bin_of(edges, 10).tolist() == [0, 0, 2, 6, 8, 9, 9]
    assert bin_of(np.array([0.5, 0.5000001]), 2).tolist() == [0, 1]


def test_no_clips_have_no_error_and_no_confidence():
    assert np.isnan(calibration_error(np.zeros((4, 3))))
    assert {own["confidence"] for own in calibration_table(np.zeros((1, 4, 3)))} == {None}


def test_errors_of_seeds_are_averaged_not_cancelled():
    """Seed 0 is too sure, seed 1 too modest by as much: both are miscalibrated, though together they are not."""
    rows = [prediction("a", 0.75, label="sad"), prediction("b", 0.75, label="sad")]
    rows += [prediction(clip, 0.25, label="sad", seed=1) for clip in "ab"]
    assert score_of(rows).clip["ece"]["mean"] == pytest.approx((0.75 + 0.25) / 2)
