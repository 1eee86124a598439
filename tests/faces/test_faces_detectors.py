"""Both detectors keep the same contract."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from talking import run

from aver.cache.code import code_modules
from aver.cache.step import Step
from aver.faces import haar, mtcnn
from aver.faces.boxes import overlap, shrink
from aver.faces.cascade import CELL_PX, pyramid
from aver.faces.params import CropParams
from aver.faces.registry import get_detector
from aver.faces.settle import DETECTED

FINDERS = {"haar": haar.finder, "mtcnn": mtcnn.finder}


@pytest.fixture(scope="session", params=sorted(FINDERS))
def detecting(request, block):
    """The params of a detector, and its finder."""
    params = CropParams.of(replace(block, detector=request.param), 2)
    return params, FINDERS[request.param](params)


def test_a_face_is_found_where_it_is(detecting, people):
    """Its centre lies between eyes and mouth, and the square holds both."""
    _, finder = detecting
    picture, scale = finder.prepare(people(2)[4])
    (box,) = finder.detect(picture)
    assert scale == 1.0
    assert box[:2] == pytest.approx([80, 85], abs=14)
    assert 60 < box[2] < 125
    again, near = finder.detect(picture), finder.detect_near(picture, box)
    assert again.tobytes() == box[None].tobytes()
    assert overlap(near[0], box) > 0.6


def test_no_face_is_no_box(detecting):
    _, finder = detecting
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    for frame in (np.zeros((90, 160, 3), np.uint8), noise, noise[:1, :1], noise[:40, :30]):
        picture, _ = finder.prepare(np.ascontiguousarray(frame))
        assert finder.detect(picture).shape == (0, 3)
    assert finder.detect_near(picture, np.array([20.0, 20.0, 30.0])).shape == (0, 3)
    assert finder.detect_near(picture, np.array([-90.0, 700.0, 30.0])).shape == (0, 3)


def test_small_faces_are_not_seen(detecting, people):
    _, finder = detecting
    face = cv2.copyMakeBorder(cv2.resize(people(2)[4], (80, 80)), 60, 60, 60, 60, cv2.BORDER_REPLICATE)
    picture, _ = finder.prepare(face)
    assert len(finder.detect(picture)) == 1
    assert len(replace(finder, min_face_fraction=0.5).detect(picture)) == 0


def test_a_talking_head_is_followed_in_every_frame(detecting, people):
    params, finder = detecting
    found = run(params, people(2)[:5], finder=finder)
    assert found.status == [DETECTED] * 5


@pytest.mark.parametrize("person", [1, 3])
def test_mtcnn_sees_a_tilted_face_and_needs_its_colours(block, people, person):
    """The first is the reason to choose it; the second is how red and blue, once exchanged, would show."""
    turn = cv2.getRotationMatrix2D((80, 80), 35, 1.0)
    tilted = cv2.warpAffine(people(person)[4], turn, (160, 160), borderMode=cv2.BORDER_REPLICATE)
    finder = mtcnn.finder(CropParams.of(replace(block, detector="mtcnn"), 2))
    frontal = haar.finder(CropParams.of(block, 2))
    assert len(finder.detect(finder.prepare(tilted)[0])) == 1
    assert len(finder.detect(finder.prepare(tilted[..., ::-1].copy())[0])) == 0
    assert len(frontal.detect(frontal.prepare(tilted)[0])) == 0


@pytest.mark.parametrize("factor", [0.5, 0.709, 0.9])
def test_the_pyramid_never_shrinks_a_picture_below_what_the_network_needs(factor):
    for shorter in (12, 13, 40, 144, 256):
        smallest = max(CELL_PX, 0.12 * shorter)
        scales = pyramid(shorter, smallest, shorter, factor)
        assert scales[0] * smallest == pytest.approx(CELL_PX)
        assert CELL_PX <= scales[-1] * shorter < CELL_PX / factor
    assert pyramid(11, 12.0, 11.0, factor) == []


@pytest.mark.parametrize(
    ("shape", "side_px"), [((480, 1000), 240), ((720, 1280), 256), ((1080, 607), 256), ((241, 3), 240)]
)
@pytest.mark.parametrize("colour", [False, True])
def test_a_large_picture_is_searched_in_small(shape, side_px, colour):
    """A bright square stays where it was: small coordinates divided by the scale are large ones."""
    frame = np.zeros((*shape, 3) if colour else shape, np.uint8)
    top, left = shape[0] // 3, shape[1] // 2
    frame[top:, left:] = 255
    small, scale = shrink(frame, side_px)
    assert max(small.shape) <= side_px
    assert scale < 1
    grey = small[..., 0] if colour else small
    if min(grey.shape) > 8:
        assert np.argmax(grey[-1] > 127) / scale == pytest.approx(left, abs=1 / scale)
        assert np.argmax(grey[:, -1] > 127) / scale == pytest.approx(top, abs=1 / scale)


def test_a_small_picture_is_searched_as_it_is():
    picture = np.zeros((50, 60, 3), np.uint8)
    assert shrink(picture, 240) == (picture, 1.0)


# ---------------------------------------------------------------- keys


def key_parts(block, name, **changed):
    detector = get_detector(name)
    params = CropParams.of(replace(block, detector=name, **changed), 2)
    return Step("faces", detector.faces, params, detector.runtime()).fixed_parts


def test_a_key_covers_the_detector_that_is_used_and_no_other(block):
    ours, theirs = set(code_modules("aver.faces.haar")), set(code_modules("aver.faces.mtcnn"))
    assert {"aver.faces.haar", "aver.faces.shots", "aver.faces.track", "aver.faces.settle"} <= ours
    assert ours - theirs == {"aver.faces.haar"}
    assert theirs - ours == {"aver.faces.mtcnn", "aver.faces.cascade", "aver.tensorflow_import"}
    unused = replace(block.mtcnn, min_confidence=0.5)
    assert key_parts(block, "haar", mtcnn=unused) == key_parts(block, "haar")
    assert key_parts(block, "mtcnn", mtcnn=unused) != key_parts(block, "mtcnn")
    assert {"mtcnn", "tensorflow"} <= set(key_parts(block, "mtcnn")["runtime"])
    assert "mtcnn" not in key_parts(block, "haar")["runtime"]


def test_params_survive_a_recipe(block):
    from pydantic import TypeAdapter

    for name in FINDERS:
        params = CropParams.of(replace(block, detector=name), 2)
        again = TypeAdapter(CropParams).validate_json(TypeAdapter(CropParams).dump_json(params))
        assert again == params
        assert type(again.finder) is type(params.finder)
