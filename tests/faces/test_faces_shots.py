"""Shots: cuts are found, and what only looks like one is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from aver.faces.shots import CUT, UNMOVED, Shots, cuts_of, step, thumbnail, unmoved


def shots(pictures, step_s=0.1, max_gap_s=0.5) -> list[int]:
    known = Shots(max_gap_s)
    return [known.next(picture, number * step_s) for number, picture in enumerate(pictures)]


def cuts(pictures, **how) -> list[int]:
    return cuts_of(np.array(shots(pictures, **how), np.int32))


def black(count):
    return [np.zeros((160, 160, 3), np.uint8)] * count


def lit(picture, gain, offset=0.0):
    return (picture * gain + offset).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (2, 1), (1, 3), (3, 1), (3, 4), (4, 2)])
def test_a_cut_between_two_people_at_the_same_place_is_found(people, one, other):
    assert cuts([*people(one)[:7], *people(other)[3:12]]) == [7]


def test_every_cut_of_several_is_found(people):
    """Also back to somebody who was there before, if it is longer ago than an interruption lasts."""
    assert cuts([*people(1)[:7], *people(2)[:8], *people(1)[7:15]]) == [7, 15]


def test_people_who_talk_are_no_cuts(people):
    for number in (1, 2, 3, 4):
        assert cuts(people(number)) == []
        assert cuts(people(number)[::2]) == []


def test_black_frames_between_two_shots_are_cuts(people):
    assert cuts([*people(1)[:6], *black(3), *people(2)[:6]]) == [6, 9]
    assert cuts([*black(4), *people(2)[:6]]) == [4]
    assert cuts([*people(2)[:6], *black(4)]) == [6]


@pytest.mark.parametrize("between", [black(1), black(3), [np.full((160, 160, 3), 255, np.uint8)]], ids=len)
def test_what_interrupts_a_shot_is_no_cut_and_no_part_of_it(people, between):
    pictures = [*people(1)[:6], *between, *people(1)[6:12]]
    assert cuts(pictures) == []
    assert shots(pictures) == [0] * 6 + [1] * len(between) + [0] * 6


def test_an_interruption_that_lasts_is_a_cut(people):
    pictures = [*people(1)[:6], *black(3), *people(1)[6:12]]
    assert cuts(pictures, max_gap_s=0.3) == [6, 9]


def test_a_short_insert_ends_no_shot(people):
    assert shots([*people(1)[:6], *people(2)[:2], *people(1)[6:12]]) == [0] * 6 + [1] * 2 + [0] * 6


def test_lamps_noise_and_compression_are_no_cuts(people):
    rng = np.random.default_rng(0)
    pulse = [lit(picture, 1.6 if number == 6 else 1.0) for number, picture in enumerate(people(1))]
    dimmer = [lit(picture, 0.3 + 0.7 * (number % 2)) for number, picture in enumerate(people(1))]
    noise = [(picture + rng.normal(0, 25, picture.shape)).clip(0, 255).astype(np.uint8) for picture in people(3)]
    blocks = [
        cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 5 if number % 4 else 90])[1], 1)
        for number, picture in enumerate(people(4))
    ]
    for pictures in (pulse, dimmer, noise, blocks):
        assert cuts(pictures) == []


def test_a_head_that_moves_fast_is_no_cut(people):
    """It sways before a wall, up to 15 of 240 pixels per frame."""
    wall = np.tile(people(2)[0][0, 0], (160, 240, 1))
    pictures = []
    for number, picture in enumerate(people(2)):
        left = round(30 + 30 * (1 - np.cos(number / 2)))
        frame = wall.copy()
        frame[40:, left : left + 120] = cv2.resize(picture, (120, 120))
        pictures.append(frame)
    assert cuts(pictures) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 400, 3), (3, 2, 3), (90, 160)])
def test_pictures_of_any_shape(shape):
    assert cuts([np.full(shape, value, np.uint8) for value in (0, 255, 10, 90)]) == []


def test_the_step_leaves_brightness_and_contrast_out(people):
    one, other = people(1)[5], people(3)[6]
    assert step(thumbnail(one), thumbnail(lit(one, 0.5, 40))) < 1
    assert step(thumbnail(one), thumbnail(255 - one)) > 2 * CUT
    assert step(thumbnail(one), thumbnail(other)) == step(thumbnail(other), thumbnail(one)) > CUT
    assert step(thumbnail(one), thumbnail(black(1)[0])) == pytest.approx(thumbnail(one).std())
    assert thumbnail(one).mean() == pytest.approx(0, abs=1e-4)


def test_motion_is_left_out_and_a_cut_is_not(people):
    one, other = thumbnail(people(1)[5]), thumbnail(people(3)[6])
    moved = np.pad(one, 3, mode="edge")[1:17, 6:22]  # two cells down, three to the left
    assert step(one, moved) > CUT
    assert unmoved(one, moved) < UNMOVED < unmoved(one, other)
    assert unmoved(one, 0 * one) == pytest.approx(one.std())
