"""Sequences of a clip: the table of the docstring, and no row unseen."""

from __future__ import annotations

import pytest

from aver.sequences.cut import sequences, starts


@pytest.mark.parametrize(
    ("rows", "frames", "stride", "most", "expected"),
    [
        (20, 32, 16, 4, [0]),
        (32, 32, 16, 4, [0]),
        (55, 32, 16, 4, [0, 16, 23]),
        (200, 32, 16, 4, [0, 56, 112, 168]),
        (40, 32, 1, 32, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (100, 32, 16, 1, [34]),
        (1, 32, 16, 4, [0]),
    ],
)
def test_starts(rows, frames, stride, most, expected):
    assert starts(rows, frames, stride, most) == expected


@pytest.mark.parametrize(("rows", "frames", "stride"), [(33, 32, 16), (100, 32, 16), (57, 8, 5), (7, 3, 3)])
def test_no_row_goes_unseen(rows, frames, stride):
    steps, lengths = sequences(10, rows, frames, stride, 1000)
    assert set(steps.ravel().tolist()) == set(range(10, 10 + rows))
    assert set(lengths.tolist()) == {frames}


def test_a_short_clip_is_padded_with_its_last_row():
    steps, lengths = sequences(100, 3, 5, 2, 4)
    assert steps.tolist() == [[100, 101, 102, 102, 102]]
    assert lengths.tolist() == [3]
