"""Rows of several clips share forward passes of one shape, and nobody can tell."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aver.features.batches import stream


def doubled(batch):
    return 2 * batch.astype(np.float32)


def clips_of(lengths, start=1):
    for name, length in enumerate(lengths):
        yield np.arange(start, start + length).repeat(3).reshape(-1, 3), name
        start += length


@given(lengths=st.lists(st.integers(0, 9), max_size=12), shape=st.integers(1, 7))
def test_every_clip_gets_its_rows_in_order(lengths, shape):
    shapes = []

    def forward(batch):
        shapes.append(batch.shape)
        return doubled(batch)

    found = list(stream(clips_of(lengths), shape, (3,), forward))
    assert [(place, name) for place, _, name in found] == [(n, n) for n in range(len(lengths))]
    for (_, rows, _), (items, _) in zip(found, clips_of(lengths), strict=True):
        assert (rows.dtype, rows.shape) == (np.float32, items.shape)
        np.testing.assert_array_equal(rows, 2 * items)
    assert shapes == [(shape, 3)] * -(-sum(lengths) // shape)


def test_the_last_pass_is_filled_up_with_zeros():
    seen = []

    def forward(batch):
        seen.append(batch.tolist())
        return doubled(batch)

    list(stream([(np.array([1, 2, 3]), None)], 2, (), forward))
    assert seen == [[1, 2], [3, 0]]


@pytest.mark.parametrize("shape", [1, 4, 100])
def test_clips_come_as_soon_as_they_are_whole(shape):
    """And none is read before: what is held is one clip and one batch."""
    read = []

    def reading() -> Iterator:
        for items, name in clips_of([3, 0, 5, 4, 8, 1]):
            read.append(len(items))
            yield items, name

    done = 0
    for _, rows, _ in stream(reading(), shape, (3,), doubled):
        done += len(rows)
        assert sum(read[:-1]) < done + shape or not len(rows)


@pytest.mark.parametrize("shape", [1, 4, 100])
def test_a_clip_is_let_go_before_the_next_is_read(shape):
    held = []

    def reading() -> Iterator:
        for _ in range(4):
            assert not [one for one in held if one() is not None]
            items = np.ones((5, 3))
            held.append(weakref.ref(items))
            yield items, None
            del items

    assert len(list(stream(reading(), shape, (3,), doubled))) == 4


def test_no_clips_and_clips_without_items():
    assert list(stream([], 4, (3,), doubled)) == []
    found = list(stream([(np.zeros((0, 7)), "a"), (np.zeros((0, 7)), "b")], 4, (3,), doubled))
    assert [(rows.shape, name) for _, rows, name in found] == [((0, 3), "a"), ((0, 3), "b")]
