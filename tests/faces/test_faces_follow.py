"""Finding, following and cutting out the face of a clip."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from aver.cache.objects import pack
from aver.faces.crop import _cut, faces, note
from aver.faces.follow import DETECTED, INTERPOLATED, MISSING, Track, _link, follow, overlap, settle
from aver.faces.haar import detect, small_grey
from aver.faces.params import CropParams
from aver.media.ffmpeg import executable
from aver.media.frames import Frames
from aver.media.probe import ProbeParams, probe
from aver.params.blocks import Synthetic
from aver.params.file import load
from aver.synthetic.plan import plan
from aver.synthetic.render import RenderParams, render_clip

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def block():
    """The faces block of the repository's params."""
    return load(REPOSITORY / "params.yaml").faces


@pytest.fixture(scope="session")
def faces_clips(tmp_path_factory) -> list[Path]:
    settings = Synthetic(speakers=4, takes=1, seed=7, fps=15, frame_px=160, duration_s=(1.2, 1.4))
    folder = tmp_path_factory.mktemp("faces")
    clips = []
    for number in (0, -1):
        path = folder / f"clip{number}.mp4"
        path.write_bytes(render_clip(RenderParams(plan(settings)[number], settings))["mp4"].tobytes())
        clips.append(path)
    return clips


@pytest.fixture(scope="session")
def faceless(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("faceless") / "none.mp4"
    source = "mandelbrot=size=160x160:rate=15"
    subprocess.run([executable(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", source, "-t", "1", "-pix_fmt",
                    "yuv420p", str(path)], check=True)  # fmt: skip
    return path


PROBE = ProbeParams(60.0)


def pictures(clip, every=1):
    return [frame.copy() for frame in Frames(clip, probe(PROBE, clip), every, 60.0)]


def run(block, frames, step_s=0.1):
    times = np.arange(len(frames)) * step_s
    tracks = follow(block, frames, times)
    return tracks, *settle(block, tracks, times)


@pytest.fixture(scope="session")
def found(block, faces_clips):
    return [faces(CropParams(block, 2), clip, probe(PROBE, clip)) for clip in faces_clips]


@pytest.fixture(scope="session")
def portrait(faces_clips):
    """Twelve frames with one face."""
    return pictures(faces_clips[0])[:12]


def test_rendered_faces_are_found_in_nearly_every_frame(found):
    status = np.concatenate([arrays["status"] for arrays in found])
    assert len(status) >= 18
    assert (status == DETECTED).mean() >= 0.98


def test_what_the_step_returns(found, block, faces_clips):
    for arrays, clip in zip(found, faces_clips, strict=True):
        probed = probe(PROBE, clip)
        kept = probed["frame_times_s"][::2]
        seen = arrays["status"] != MISSING
        assert arrays["boxes"].shape == (len(kept), 4)
        assert arrays["boxes"].dtype == np.float32
        assert arrays["crops"].shape == (seen.sum(), block.crop_px, block.crop_px, 3)
        assert arrays["crops"].dtype == np.uint8
        np.testing.assert_array_equal(arrays["times_s"][:, 0], kept[seen])
        np.testing.assert_array_equal(arrays["times_s"][:-1, 1], arrays["times_s"][1:, 0])
        assert arrays["times_s"][-1, 1] == float(probed["picture_end_s"])
        told = note(arrays)
        assert told["status"] == arrays["status"].tolist()
        assert np.isfinite(told["boxes"]).all()


def test_crops_show_the_face(found, block, faces_clips):
    """The crop equals the box cut out of the frame: inside the picture, upright, RGB."""
    arrays = found[0]
    frame = pictures(faces_clips[0], 2)[3]
    left, top, width, height = arrays["boxes"][3]
    assert width == height > 40
    rows, columns = slice(round(top), round(top + height)), slice(round(left), round(left + width))
    expected = cv2.resize(frame[rows, columns], (block.crop_px, block.crop_px), interpolation=cv2.INTER_AREA)
    assert np.abs(expected.astype(float) - arrays["crops"][3]).mean() < 6


def test_the_same_bytes_twice(block, faces_clips, found):
    assert pack(faces(CropParams(block, 2), faces_clips[0], probe(PROBE, faces_clips[0]))) == pack(found[0])


def test_a_margin_widens_the_box_about_its_centre(block, faces_clips, found):
    wide = faces(CropParams(replace(block, margin=0.25), 2), faces_clips[0], probe(PROBE, faces_clips[0]))["boxes"]
    plain = found[0]["boxes"]
    np.testing.assert_allclose(wide[:, 2], plain[:, 2] * 1.5, rtol=1e-5)
    np.testing.assert_allclose(wide[:, 0] + wide[:, 2] / 2, plain[:, 0] + plain[:, 2] / 2, atol=1e-3)


def test_a_clip_without_a_face_is_all_missing(block, faceless):
    arrays = faces(CropParams(block, 2), faceless, probe(PROBE, faceless))
    assert set(arrays["status"].tolist()) == {MISSING}
    assert np.isnan(arrays["boxes"]).all()
    assert arrays["crops"].shape == (0, block.crop_px, block.crop_px, 3)
    assert arrays["times_s"].shape == (0, 2)
    assert set(note(arrays)["boxes"]) == {0.0}


@pytest.mark.parametrize("large_first", [True, False])
def test_the_larger_of_two_faces_wins(block, portrait, large_first):
    small = [cv2.copyMakeBorder(cv2.resize(f, (100, 100)), 60, 0, 0, 0, cv2.BORDER_REPLICATE) for f in portrait]
    pairs = [(f, s) if large_first else (s, f) for f, s in zip(portrait, small, strict=True)]
    tracks, boxes, status = run(replace(block, detect_side_px=320), [np.hstack(pair) for pair in pairs])
    assert len([track for track in tracks if len(track.frames) > 6]) == 2
    assert (status == DETECTED).mean() > 0.9
    centre, side = np.nanmedian(boxes[:, 0]), np.nanmedian(boxes[:, 2])
    _, alone, _ = run(replace(block, detect_side_px=320), portrait)
    assert side == pytest.approx(np.nanmedian(alone[:, 2]), rel=0.12)
    assert centre == pytest.approx(np.nanmedian(alone[:, 0]) + (0 if large_first else 100), abs=8)


@pytest.mark.parametrize(("gap_s", "expected"), [(0.45, INTERPOLATED), (0.25, MISSING)], ids=["short gap", "long gap"])
def test_black_frames_in_the_middle(block, portrait, gap_s, expected):
    """Three black frames: 0.4 s between two detections."""
    frames = [np.zeros_like(f) if 6 <= k < 9 else f for k, f in enumerate(portrait)]
    frames += portrait[:3] if expected == INTERPOLATED else []
    _, boxes, status = run(replace(block, max_gap_s=gap_s), frames)
    assert status[6:9].tolist() == [expected] * 3
    assert np.isnan(boxes[6:9]).all() == (expected == MISSING)
    assert set(status[:6].tolist()) == {DETECTED}


@pytest.mark.parametrize(
    ("shape", "side_px"), [((480, 1000), 240), ((720, 1280), 256), ((1080, 607), 256), ((241, 3), 240)]
)
def test_a_large_picture_is_searched_in_small(shape, side_px):
    """A bright square stays where it was: small coordinates divided by the scale are large ones."""
    frame = np.zeros((*shape, 3), np.uint8)
    top, left = shape[0] // 3, shape[1] // 2
    frame[top:, left:] = 255
    grey, scale = small_grey(frame, side_px)
    assert max(grey.shape) <= side_px
    assert scale < 1
    assert grey.dtype == np.uint8
    if min(grey.shape) > 8:
        assert np.argmax(grey[-1] > 127) / scale == pytest.approx(left, abs=1 / scale)
        assert np.argmax(grey[:, -1] > 127) / scale == pytest.approx(top, abs=1 / scale)


def test_boxes_are_in_pixels_of_the_frame(block, portrait):
    _, boxes, _ = run(block, [cv2.resize(portrait[0], (640, 640))])
    _, plain, _ = run(block, portrait[:1])
    np.testing.assert_allclose(boxes / 4, plain, atol=6)


def test_a_small_picture_is_searched_as_it_is():
    grey, scale = small_grey(np.zeros((50, 60, 3), np.uint8), 240)
    assert (grey.shape, scale) == ((50, 60), 1.0)


def test_faces_below_the_smallest_are_not_seen(block, portrait):
    grey, _ = small_grey(portrait[0], 240)
    assert len(detect(block, grey)) == 1
    assert detect(replace(block, min_face_fraction=0.95), grey).shape == (0, 3)


# ---------------------------------------------------------------- tracks by hand


def box(x, y, side):
    return np.array([x, y, side], float)


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


def test_linking_gives_each_track_its_best_box():
    left, right = Track([0], [box(10, 10, 10)]), Track([0], [box(50, 10, 10)])
    tracks = [left, right]
    _link(tracks, [left, right], np.array([box(52, 10, 10), box(11, 10, 10)]), 1)
    assert (left.boxes[-1][0], right.boxes[-1][0]) == (11, 52)
    assert len(tracks) == 2


def test_linking_starts_a_track_for_a_new_face_and_none_for_a_second_detection():
    track = Track([0], [box(10, 10, 10)])
    tracks = [track]
    _link(tracks, [track], np.array([box(10, 10, 10), box(12, 10, 10), box(80, 10, 10)]), 1)
    assert len(track.frames) == 2
    assert [t.boxes[0][0] for t in tracks[1:]] == [80]


def test_no_box_leaves_the_tracks_as_they_are():
    track = Track([0], [box(10, 10, 10)])
    _link([track], [track], np.zeros((0, 3)), 1)
    assert track.frames == [0]


def test_settling_without_tracks(block):
    boxes, status = settle(block, [], np.arange(3.0))
    assert np.isnan(boxes).all()
    assert status.tolist() == [MISSING] * 3


def test_settling_takes_the_steady_large_one_and_fills_its_gaps(block):
    """A face of 20 px in four frames (1600) wins over one of 30 px in one frame (900)."""
    steady = Track([1, 2, 5, 6], [box(10, 0, 20), box(10, 0, 20), box(40, 0, 20), box(40, 0, 20)])
    moment = Track([0], [box(90, 90, 30)])
    boxes, status = settle(replace(block, smooth_frames=1), [moment, steady], np.arange(8) * 0.1)
    assert status.tolist() == [MISSING, DETECTED, DETECTED, INTERPOLATED, INTERPOLATED, DETECTED, DETECTED, MISSING]
    np.testing.assert_allclose(boxes[1:7, 0], [10, 10, 20, 30, 40, 40])
    assert np.isnan(boxes[[0, 7]]).all()


def test_interpolation_goes_by_time_not_by_frame_number(block):
    track = Track([0, 2], [box(0, 0, 10), box(100, 0, 10)])
    boxes, _ = settle(replace(block, smooth_frames=1), [track], np.array([0.0, 0.1, 0.4]))
    assert boxes[1, 0] == pytest.approx(25)


@pytest.mark.parametrize(("frames", "middle"), [(1, 30.0), (3, 10.0), (5, 6.0)])
def test_boxes_are_smoothed_over_frames(block, frames, middle):
    track = Track(list(range(9)), [box(30.0 if k == 4 else 0.0, 0, 10) for k in range(9)])
    boxes, _ = settle(replace(block, smooth_frames=frames), [track], np.arange(9) * 0.1)
    assert boxes[4, 0] == pytest.approx(middle)
    assert boxes[:, 2] == pytest.approx(10)


@pytest.mark.parametrize("side", [10, 8, 20])
def test_a_crop_inside_the_picture_is_a_resized_cut(side):
    frame = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    cut = _cut(frame, box(30, 20, 20), side)
    expected = cv2.resize(frame[10:30, 20:40], (side, side), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(cut, expected)


@pytest.mark.parametrize(
    ("centre", "corner"), [((0, 0), (0, 0)), ((59, 0), (0, -1)), ((0, 39), (-1, 0)), ((59, 39), (-1, -1))]
)
def test_a_crop_over_the_edge_repeats_the_edge(centre, corner):
    frame = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    cut = _cut(frame, box(*centre, 20), 20)
    assert cut.shape == (20, 20, 3)
    np.testing.assert_array_equal(cut[corner], frame[corner])


def test_a_box_larger_than_the_picture_still_gives_a_crop():
    frame = np.full((30, 20, 3), 7, np.uint8)
    assert (_cut(frame, box(10, 15, 100), 64) == 7).all()


@pytest.mark.parametrize("fps", [0.5, 1, 3, 25])
def test_a_face_in_every_frame_is_followed_however_few_frames_there_are(block, faces_clips, fps):
    """Successive kept frames may lie further apart than `max_gap_s`."""
    frames = list(Frames(faces_clips[0], probe(ProbeParams(60.0), faces_clips[0]), 2, 60.0))[:6]
    times = np.arange(len(frames)) / fps
    _, status = settle(block, follow(block, frames, times), times)
    assert (status == DETECTED).sum() >= len(frames) - 1
