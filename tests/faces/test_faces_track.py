"""Linking boxes to tracks, and settling on one, by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from aver.faces.boxes import corners, overlap
from aver.faces.follow import follow
from aver.faces.settle import DETECTED, INTERPOLATED, MISSING, settle
from aver.faces.track import Track, link


def box(x, y, side):
    return np.array([x, y, side], float)


def settled(params, tracks, count=None, step_s=0.1, times=None, shots=None):
    times = np.arange(count) * step_s if times is None else np.array(times)
    shots = np.zeros(len(times), np.int32) if shots is None else np.array(shots, np.int32)
    return settle(params, tracks, times, times + step_s, shots)


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ((0, 0, 2), (1, 0, 2), 1 / 3),
        ((0, 0, 2), (0, 0, 2), 1),
        ((0, 0, 2), (2, 0, 2), 0),
        ((0, 0, 2), (9, 9, 2), 0),
        ((0, 0, 4), (0, 0, 2), 0.25),
        ((0, 0, 4), (0.5, 0.5, 2), 0.25),
        ((0, 0, 2), (1, 1, 2), 1 / 7),
        ((5, 5, 2), (6, 5, 2), 1 / 3),
    ],
)
def test_overlap(one, other, value):
    assert overlap(box(*one), box(*other)) == pytest.approx(value)
    assert overlap(box(*other), box(*one)) == pytest.approx(value)


def test_corners():
    assert corners(np.array([box(10, 20, 4)])).tolist() == [[8, 18, 4, 4]]


def test_linking_gives_each_track_its_best_box():
    left, right = Track([0], [box(10, 10, 10)]), Track([0], [box(50, 10, 10)])
    started = link([left, right], np.array([box(52, 10, 10), box(11, 10, 10)]), 1)
    assert (left.boxes[-1][0], right.boxes[-1][0]) == (11, 52)
    assert started == []


def test_linking_starts_a_track_for_a_new_face_and_none_for_a_second_detection():
    track = Track([0], [box(10, 10, 10)])
    found = np.array([box(10, 10, 10), box(12, 10, 10), box(80, 10, 10), box(81, 10, 10)])
    started = link([track], found, 1, 5)
    assert len(track.frames) == 2
    assert [(t.boxes[0][0], t.shot) for t in started] == [(80, 5)]


def test_no_box_leaves_the_tracks_as_they_are():
    track = Track([0], [box(10, 10, 10)])
    assert link([track], np.zeros((0, 3)), 1) == []
    assert track.frames == [0]


def test_settling_without_tracks(params):
    found = settled(params, [], 3)
    assert np.isnan(found.boxes).all()
    assert found.status.tolist() == [MISSING] * 3


def test_settling_takes_the_steady_large_one_and_fills_its_gaps(params):
    """A face of 20 px in four frames (1600) wins over one of 22 px in three frames (1452)."""
    steady = Track([1, 2, 5, 6], [box(10, 0, 20), box(10, 0, 20), box(40, 0, 20), box(40, 0, 20)])
    moment = Track([0, 1, 2], [box(90, 90, 22)] * 3)
    found = settled(replace(params, smooth_frames=1), [moment, steady], 8)
    assert found.status.tolist() == [0, DETECTED, DETECTED, INTERPOLATED, INTERPOLATED, DETECTED, DETECTED, 0]
    np.testing.assert_allclose(found.boxes[1:7, 0], [10, 10, 20, 30, 40, 40])
    assert np.isnan(found.boxes[[0, 7]]).all()
    assert found.others == [moment]
    assert found.seen.tolist() == [1, 2, 2, 0, 0, 1, 1, 0]


def test_a_false_detection_does_not_win_however_large(params):
    steady = Track([0, 1, 2, 3], [box(10, 0, 20)] * 4)
    found = settled(params, [Track([1, 2], [box(90, 90, 200)] * 2), steady], 8)
    assert found.status.tolist() == [DETECTED] * 4 + [MISSING] * 4
    assert found.seen.tolist() == [1] * 4 + [0] * 4
    assert found.others == []


def test_of_equal_faces_the_first_wins(params):
    late, soon = (Track([k, k + 1, k + 2], [box(50 * k, 0, 20)] * 3) for k in (1, 0))
    assert settled(params, [late, soon], 6).others == [late]


def test_frames_that_interrupt_the_shot_are_missing_whatever_was_found_there(params):
    track = Track([0, 1, 5, 6], [box(10, 0, 20)] * 4)
    found = settled(params, [track], shots=[0, 0, 1, 0, 2, 0, 0], times=np.arange(7) * 0.1)
    assert found.status.tolist() == [DETECTED, DETECTED, MISSING, INTERPOLATED, MISSING, DETECTED, DETECTED]


@pytest.mark.parametrize(
    ("frames", "count", "step_s", "lasts"),
    [
        ([0, 1], 195, 0.07, False),  # two agree by chance …
        ([0, 6], 195, 0.07, False),  # … however far apart
        ([0, 1, 2], 195, 0.07, False),  # gone after 0.21 s
        ([0, 2, 4], 195, 0.07, True),  # 0.35 s
        ([3, 4, 5], 100, 0.1, True),  # exactly 0.3 s
        ([0], 1, 0.04, True),
        ([0], 2, 0.04, False),
        ([0, 1], 2, 0.04, True),
        ([0, 2], 3, 0.04, False),
        ([0, 1, 2], 6, 0.04, True),  # half of a clip of 0.24 s
        ([0, 1, 2], 7, 0.04, False),
        ([0, 1, 2], 3, 0.0, True),  # a clip without a duration
    ],
)
def test_what_lasts_is_a_face(params, frames, count, step_s, lasts):
    found = settled(params, [Track(frames, [box(10, 10, 20)] * len(frames))], count, step_s)
    assert found.status.any() == lasts
    assert found.seen.any() == lasts


def test_the_shortest_time_is_a_parameter(params):
    track = Track([0, 1, 2], [box(10, 10, 20)] * 3)
    assert settled(replace(params, min_face_s=0.2), [track], 195, 0.07).status.any()


def test_interpolation_goes_by_time_not_by_frame_number(params):
    track = Track([0, 2, 3], [box(0, 0, 10), box(100, 0, 10), box(100, 0, 10)])
    found = settled(replace(params, smooth_frames=1), [track], times=[0.0, 0.1, 0.4, 0.5])
    assert found.boxes[1, 0] == pytest.approx(25)


@pytest.mark.parametrize(("frames", "middle"), [(1, 30.0), (3, 10.0), (5, 6.0)])
def test_boxes_are_smoothed_over_frames(params, frames, middle):
    track = Track(list(range(9)), [box(30.0 if k == 4 else 0.0, 0, 10) for k in range(9)])
    boxes = settled(replace(params, smooth_frames=frames), [track], 9).boxes
    assert boxes[4, 0] == pytest.approx(middle)
    assert boxes[:, 2] == pytest.approx(10)


class Flicker:
    """A finder that sees one false face in each picture, never twice in the same place."""

    seen = 0

    def prepare(self, frame):
        return frame, 1.0

    def detect(self, picture):
        self.seen += 1
        return np.array([box(100 * self.seen, 10, 10)])

    def detect_near(self, picture, known):
        return np.zeros((0, 3))


def test_the_work_of_a_frame_does_not_grow_with_the_tracks_before(params, monkeypatch):
    reads = Counter()

    class Counted(Track):
        def __getattribute__(self, name):
            reads[name] += 1
            return super().__getattribute__(name)

    monkeypatch.setattr("aver.faces.track.Track", Counted)
    counts = []
    for frames in (200, 400):
        reads.clear()
        pictures = [np.zeros((16, 16), np.uint8)] * frames
        tracks, _ = follow(Flicker(), params, pictures, np.arange(frames) * 0.1)
        counts.append(reads["frames"])
        assert len(tracks) == frames
    assert counts[1] < 2.2 * counts[0]
