"""The training steps of a fold: their joined rows, wherever these lie, and their statistics."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reducerwork import make, table, write

from aver.outcome import Unusable
from aver.reducers.steps import Steps, scaler_of

CPU = torch.device("cpu")


def test_a_step_is_its_rows_side_by_side(tmp_path):
    """Two steps share the first row of sound; the fold has no other steps."""
    files = write(tmp_path, {"visual": [[1, 2], [3, 4], [5, 6], [7, 8]], "acoustic": [[10], [20]]})
    steps = Steps(table([1, 2, 3]), files, CPU)
    assert (len(steps), steps.width, steps.widths.tolist()) == (3, 3, [2, 1])
    assert steps.take(np.array([2, 0])).tolist() == [[7, 8, 20], [3, 4, 10]]
    mean, deviation = steps.moments()
    np.testing.assert_allclose(mean, [5, 6, 40 / 3])
    np.testing.assert_allclose(deviation, [(8 / 3) ** 0.5, (8 / 3) ** 0.5, (200 / 9) ** 0.5])


def test_rows_that_lie_on_the_device_are_the_same(tmp_path, monkeypatch):
    files = make(tmp_path, 60)
    chosen = np.random.default_rng(0).permutation(30)
    mapped = Steps(table(np.arange(0, 60, 2)), files, CPU).take(chosen)
    held = {role: torch.from_numpy(np.load(path)) for role, path in files.items()}
    monkeypatch.setattr(Steps, "_on_device", lambda steps: held)
    assert torch.equal(Steps(table(np.arange(0, 60, 2)), files, CPU).take(chosen), mapped)


def test_constant_dimensions_are_only_centred():
    scaler = scaler_of(np.array([3.0, 5.0]), np.array([1e-9, 2.0]))
    assert scaler.apply(np.float32([[4, 9]])).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("mean", "deviation", "reason"),
    [([0, np.nan], [1, 1], "not_finite"), ([0, 0], [1, np.inf], "not_finite"), ([7, 7], [0, 1e-9], "no_variance")],
)
def test_what_cannot_be_standardised(mean, deviation, reason):
    with pytest.raises(Unusable) as failure:
        scaler_of(np.array(mean, float), np.array(deviation, float))
    assert failure.value.reason == reason
