"""Seconds and rates: the tables of `aver.clock`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aver.clock import (
    exact,
    frame_ends,
    kept_frames,
    samples_to_seconds,
    seconds_to_samples,
    ticks_to_seconds,
    window_of,
)


@pytest.mark.parametrize(
    ("seconds", "rate", "samples"),
    [
        (0.0, 16000, 0),
        (1.001, 16000, 16016),
        (0.35, 44100, 15435),
        (0.96, 16000, 15360),
        (0.00003125, 16000, 1),
        (0.00003124, 16000, 0),
        (-0.5, 16000, -8000),
        (-0.00003125, 16000, 0),
        (Fraction(1, 3), 3, 1),
        (3600, 48000, 172800000),
    ],
)
def test_seconds_to_samples(seconds, rate, samples):
    assert seconds_to_samples(seconds, rate) == samples


@pytest.mark.parametrize("value", [0.1, "0.1", Fraction(1, 10)])
def test_exact_takes_the_printed_value(value):
    assert exact(value) == Fraction(1, 10)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_samples_go_there_and_back(rate):
    for samples in (0, 1, 7, 15359, 1_234_567):
        assert seconds_to_samples(samples_to_seconds(samples, rate), rate) == samples


def test_ticks_round_once():
    ticks = np.array([0, 1001, 2002, 30 * 3600 * 1001])
    expected = [float(Fraction(int(tick), 30000)) for tick in ticks]
    assert ticks_to_seconds(ticks, Fraction(1, 30000)).tolist() == expected
    assert ticks_to_seconds(np.array([3]), Fraction(1001, 30000)).tolist() == [3003 / 30000]


@pytest.mark.parametrize(
    ("count", "every", "kept"),
    [(5, 2, [0, 2, 4]), (4, 2, [0, 2]), (5, 1, [0, 1, 2, 3, 4]), (1, 2, [0]), (0, 2, []), (7, 3, [0, 3, 6]),
     (2, 10, [0])],
)  # fmt: skip
def test_kept_frames(count, every, kept):
    assert kept_frames(count, every).tolist() == kept


def test_keeping_every_zeroth_frame_is_refused():
    with pytest.raises(ValueError, match="keep_every"):
        kept_frames(5, 0)


@pytest.mark.parametrize(
    ("times", "end", "ends"),
    [
        ([0.0, 0.1, 0.3], 0.4, [0.1, 0.3, 0.4]),
        ([0.0, 0.1], 0.05, [0.1, 0.1]),
        ([0.5, 0.5], 0.6, [0.5, 0.6]),
        ([], 1.0, []),
    ],
)
def test_frame_ends(times, end, ends):
    assert frame_ends(np.array(times), end).tolist() == ends


@pytest.mark.parametrize(
    ("time", "window"),
    [(-1.0, 0), (0.0, 0), (0.99, 0), (1.0, 1), (1.999999, 1), (2.0, 2), (5.0, 2)],
)
def test_window_of_holds_its_start_and_not_its_end(time, window):
    assert window_of(np.array([time]), np.array([0.0, 1.0, 2.0])).tolist() == [window]


def test_a_time_before_a_late_sound_belongs_to_its_first_window():
    assert window_of(np.array([0.0, 0.6]), np.array([0.5, 1.0])).tolist() == [0, 0]
