"""The rule for choosing and following a face (docs/faces.md), seen on pictures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from talking import run

from aver.faces.settle import DETECTED, INTERPOLATED, MISSING

D, I, M = DETECTED, INTERPOLATED, MISSING  # noqa: E741


@pytest.fixture(scope="session")
def wide(params):
    """Params for pictures of 320 x 160."""
    return replace(params, detect_side_px=320)


def beside(left, right):
    return [np.hstack(pair) for pair in zip(left, right, strict=True)]


def small(pictures):
    return [cv2.copyMakeBorder(cv2.resize(p, (100, 100)), 60, 0, 30, 30, cv2.BORDER_REPLICATE) for p in pictures]


def nobody(pictures):
    """Return the same room, empty: the picture's left edge, drawn out."""
    return [np.ascontiguousarray(np.broadcast_to(p[:, :1], p.shape)) for p in pictures]


def covered(pictures, first, end):
    """Hold a sheet of paper before the face."""
    pictures = [p.copy() for p in pictures]
    for picture in pictures[first:end]:
        picture[40:130, 40:120] = picture[40:130, 40:120].mean(axis=(0, 1))
    return pictures


@pytest.mark.parametrize("large_first", [True, False])
def test_the_larger_of_two_faces_wins_and_the_other_is_told(wide, people, large_first):
    large, little = people(2), small(people(3))
    found = run(wide, beside(large, little) if large_first else beside(little, large))
    alone = run(wide, large)
    assert found.status == [D] * 16
    assert np.median(found.boxes[:, 2]) == pytest.approx(np.median(alone.boxes[:, 2]), rel=0.12)
    centre = np.median(alone.boxes[:, 0]) + (0 if large_first else 160)
    assert np.median(found.boxes[:, 0]) == pytest.approx(centre, abs=8)
    (other,) = found.settled.others
    assert 40 < np.median(np.stack(other.boxes)[:, 2]) < 75
    assert found.settled.seen.tolist() == [1 + (frame in other.frames) for frame in range(16)]
    assert len(other.frames) > 12


def test_a_face_that_is_large_for_a_moment_does_not_win(wide, people):
    """Somebody looks in, closer to the camera, for 0.4 s of 3.2 s; the speaker stays.

    Where a face is followed, new ones are looked for in every 24th kept frame.
    """
    speaker, passing = small(people(3)) * 2, people(4) * 2
    pictures = beside(
        speaker, [p if 24 <= k < 28 else e for k, (p, e) in enumerate(zip(passing, nobody(passing), strict=True))]
    )
    found = run(wide, pictures)
    assert found.status == [D] * 32
    assert np.nanmax(found.boxes[:, 0]) < 160
    assert [track.frames for track in found.settled.others] == [[24, 25, 26, 27]]
    assert found.settled.seen.tolist() == [1] * 24 + [2] * 4 + [1] * 4


def test_a_face_that_appears_and_leaves(params, people):
    """Nothing is invented before it comes and after it has left.  The room stays, so there is no cut."""
    someone = small(people(4))
    pictures = [
        p if 5 <= number < 13 else e for number, (p, e) in enumerate(zip(someone, nobody(someone), strict=True))
    ]
    found = run(params, pictures)
    assert found.cuts == []
    assert found.status == [M] * 5 + [D] * 8 + [M] * 3
    assert np.isnan(found.boxes[:5]).all()
    assert np.isnan(found.boxes[13:]).all()


@pytest.mark.parametrize("first", [10, 6])
def test_two_people_before_and_after_a_cut_are_never_joined(params, people, first):
    """At the same place and of the same size: by overlap alone they would be one track."""
    found = run(params, [*people(1)[:first], *people(2)[first:]])
    assert found.cuts == [first]
    assert [track.shot for track in found.tracks] == [0, 1]
    longer = [D] * first + [M] * (16 - first)
    assert found.status == (longer if first == 10 else [D - s for s in longer])
    alone = run(params, people(1)[:10] if first == 10 else people(2)[6:])
    np.testing.assert_array_equal(found.boxes[:10] if first == 10 else found.boxes[6:], alone.boxes)


@pytest.mark.parametrize("value", [0, 255])
def test_black_frames_and_flashes_are_missing_and_the_face_goes_on(params, people, value):
    """Their crops would show nothing; those before and after are one shot."""
    pictures = [np.full_like(p, value) if 6 <= number < 8 else p for number, p in enumerate(people(2))]
    found = run(params, pictures)
    assert found.cuts == []
    assert found.status == [D] * 6 + [M] * 2 + [D] * 8
    assert len(found.tracks) == 1


def test_a_lamp_that_flickers_is_no_gap(params, people):
    pictures = [(p * (0.7 if number % 3 else 1.0)).astype(np.uint8) for number, p in enumerate(people(2))]
    assert run(params, pictures).status == [D] * 16


@pytest.mark.parametrize(("gap_s", "expected"), [(0.45, I), (0.25, M)], ids=["short gap", "long gap"])
def test_a_face_that_is_covered_for_a_moment(params, people, gap_s, expected):
    """0.4 s between two detections.  A gap that is too long ends the track: the longer part is the clip's face."""
    found = run(replace(params, max_gap_s=gap_s), covered(people(4), 9, 12))
    assert found.status == [D] * 9 + [expected] * 3 + [D if expected == I else M] * 4
    assert found.cuts == []
    assert np.isnan(found.boxes[9:12]).all() == (expected == M)


def test_a_head_that_turns_out_of_the_detectors_sight_and_back(params, people):
    angles = [0, 0, 0, 0, 15, 30, 45, 45, 30, 15, 0, 0, 0, 0, 0, 0]
    turns = [cv2.getRotationMatrix2D((80, 80), angle, 1.0) for angle in angles]
    pictures = [
        cv2.warpAffine(picture, turn, (160, 160), borderMode=cv2.BORDER_REPLICATE)
        for picture, turn in zip(people(1), turns, strict=True)
    ]
    found = run(params, pictures)
    assert found.status == [D] * 5 + [I] * 4 + [D] * 7
    assert found.cuts == []


def test_a_moving_face_is_one_track(params, people):
    pictures = []
    for number, picture in enumerate(people(2)):
        frame = np.tile(picture[0, 0], (160, 320, 1))
        frame[40:, 8 * number : 8 * number + 120] = cv2.resize(picture, (120, 120))
        pictures.append(frame)
    found = run(replace(params, detect_side_px=320, smooth_frames=1), pictures)
    assert len(found.tracks) == 1
    assert found.status == [D] * 16
    np.testing.assert_allclose(np.diff(found.boxes[:, 0]), 8, atol=5)


@pytest.mark.parametrize("shown", [1, 2])
def test_what_is_seen_in_one_or_two_of_many_frames_is_no_face(params, people, shown):
    someone = small(people(2))
    found = run(params, [*nobody(someone)[:7], *someone[:shown], *nobody(someone)[:7]])
    assert len(found.tracks) == 1
    assert found.status == [M] * (14 + shown)
    assert not found.settled.seen.any()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("step_s", [0.04, 0.5])
def test_a_face_in_a_very_short_clip_counts(params, people, count, step_s):
    assert run(params, people(2)[:count], step_s).status == [D] * count


@pytest.mark.parametrize("step_s", [0.04, 0.33, 1.0, 2.0])
def test_a_face_in_every_frame_is_followed_however_few_frames_there_are(params, people, step_s):
    """Successive kept frames may lie further apart than `max_gap_s`."""
    found = run(params, people(2), step_s)
    assert found.status == [D] * 16
    assert len(found.tracks) == 1


def test_no_face_at_all(params):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (120, 160, 3), np.uint8) for _ in range(6)]
    cartoon = [
        cv2.circle(np.full((160, 160, 3), 200, np.uint8), (30 + 9 * n, 80), 25, (250, 160, 0), -1) for n in range(9)
    ]
    for pictures in (noise, cartoon, [np.zeros((1, 1, 3), np.uint8)] * 3, [np.zeros((90, 160, 3), np.uint8)] * 4, []):
        found = run(params, pictures)
        assert found.status == [M] * len(pictures)
        assert found.settled.others == []


def test_boxes_are_in_pixels_of_the_frame(params, people):
    large = run(params, [cv2.resize(people(2)[0], (640, 640))])
    np.testing.assert_allclose(large.boxes / 4, run(params, people(2)[:1]).boxes, atol=6)
