"""Standardisation: what NumPy says of the training rows, and nothing of the others."""

from __future__ import annotations

import numpy as np
import pytest

from aver.reducers.scaler import PIECE, fit_scaler


@pytest.fixture
def rows():
    rng = np.random.default_rng(3)
    return (rng.standard_normal((3 * PIECE + 17, 5)) * [1, 10, 0.01, 3, 1] + [0, 5, -2, 1000, 0]).astype(np.float32)


def test_mean_and_deviation_of_the_training_rows(rows):
    training = np.random.default_rng(0).permutation(len(rows))[: 2 * PIECE + 3]
    scaler = fit_scaler(rows, training)
    exact = rows[training].astype(np.float64)
    np.testing.assert_allclose(scaler.mean, exact.mean(axis=0), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(scaler.deviation, exact.std(axis=0), rtol=1e-6)
    scaled = scaler.apply(rows[training])
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-4)


def test_no_other_row_has_any_influence(rows):
    training = np.arange(0, len(rows), 2)
    before = fit_scaler(rows, training)
    changed = rows.copy()
    changed[1::2] = np.nan
    after = fit_scaler(changed, training)
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.deviation, after.deviation)


def test_a_training_row_has_influence_as_often_as_it_occurs(rows):
    scaler = fit_scaler(rows, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(scaler.mean, rows[[0, 0, 0, 1]].astype(np.float64).mean(axis=0), rtol=1e-6)


def test_a_mean_far_from_zero_costs_no_digits():
    rng = np.random.default_rng(1)
    rows = (1e4 + rng.standard_normal((5000, 2))).astype(np.float32)
    deviation = fit_scaler(rows, np.arange(5000)).deviation
    np.testing.assert_allclose(deviation, rows.astype(np.float64).std(axis=0), rtol=1e-6)


def test_a_constant_dimension_is_centred_and_not_scaled():
    rows = np.array([[3.0, 1.0], [3.0, 2.0]], np.float32)
    scaler = fit_scaler(rows, np.array([0, 1]))
    assert scaler.deviation[0] == 1
    assert scaler.apply(rows)[:, 0].tolist() == [0, 0]
    assert np.isfinite(scaler.apply(np.full((1, 2), 9, np.float32))).all()


def test_rows_are_left_as_they_were_and_any_leading_shape_is_scaled(rows):
    scaler = fit_scaler(rows, np.arange(100))
    copy = rows.copy()
    block = scaler.apply(rows[:12].reshape(3, 4, 5))
    np.testing.assert_array_equal(rows, copy)
    np.testing.assert_array_equal(block.reshape(12, 5), scaler.apply(rows[:12]))


def test_rows_on_disk_are_read_as_they_lie(rows, tmp_path):
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    training = np.arange(7, 2 * PIECE)
    np.testing.assert_array_equal(fit_scaler(mapped, training).mean, fit_scaler(rows, training).mean)
