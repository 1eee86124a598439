"""The faces step on real files: what it returns, its crops, and the rows of the stage."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from talking import talk

from aver.cache.objects import file_digest, pack
from aver.faces.crop import _cut, note
from aver.faces.haar import faces
from aver.faces.index import FACES, index_faces, write_faces
from aver.faces.params import CropParams
from aver.faces.settle import DETECTED, MISSING
from aver.ledger import Failure
from aver.media.ffmpeg import executable
from aver.media.frames import Frames
from aver.media.index import index_media
from aver.media.probe import ProbeParams, probe
from aver.params.file import load

PROBE = ProbeParams(60.0)
REPOSITORY = Path(__file__).parents[2]


def encode(path: Path, pictures, fps: int = 10) -> None:
    """Write pictures as a file: lossy, so that the detector sees what a codec leaves."""
    height, width = pictures[0].shape[:2]
    command = [executable(), "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s",
               f"{width}x{height}", "-r", str(fps), "-i", "pipe:0", "-pix_fmt", "yuv420p", str(path)]  # fmt: skip
    subprocess.run(command, input=b"".join(p.tobytes() for p in pictures), check=True)


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Path:
    """A folder of four clips: somebody, two speakers with black between, two people at once, nobody."""
    folder = tmp_path_factory.mktemp("faces")
    one, two = talk(2), talk(3)
    black = [np.zeros_like(one[0])] * 3
    encode(folder / "one.mp4", one)
    encode(folder / "cut.mp4", [*one[:12], *black, *two[:8]])
    encode(folder / "two.mp4", [np.hstack(pair) for pair in zip(one, two, strict=True)])
    encode(folder / "none.mp4", [np.full((90, 120, 3), 40 + 5 * k, np.uint8) for k in range(8)])
    return folder


@pytest.fixture(scope="session")
def every(params) -> CropParams:
    """All frames are kept."""
    return replace(params, keep_every=1)


@pytest.fixture(scope="session")
def found(every, clips):
    return {path.stem: faces(every, path, probe(PROBE, path)) for path in sorted(clips.glob("*.mp4"))}


def test_what_the_step_returns(params, clips):
    probed = probe(PROBE, clips / "one.mp4")
    arrays = faces(params, clips / "one.mp4", probed)
    kept = probed["frame_times_s"][::2]
    assert arrays["status"].tolist() == [DETECTED] * len(kept) == [DETECTED] * 8
    assert (arrays["boxes"].shape, arrays["boxes"].dtype) == ((8, 4), np.float32)
    assert (arrays["crops"].shape, arrays["crops"].dtype) == ((8, params.crop_px, params.crop_px, 3), np.uint8)
    np.testing.assert_array_equal(arrays["times_s"][:, 0], kept)
    np.testing.assert_array_equal(arrays["times_s"][:-1, 1], arrays["times_s"][1:, 0])
    assert arrays["times_s"][-1, 1] == float(probed["picture_end_s"])
    assert (arrays["faces_seen"].tolist(), arrays["cuts"].tolist(), int(arrays["tracks"])) == ([1] * 8, [], 1)
    told = note(arrays)
    assert told["status"] == arrays["status"].tolist()
    assert np.isfinite(told["boxes"]).all()


def test_the_same_bytes_twice(every, clips, found):
    assert pack(faces(every, clips / "cut.mp4", probe(PROBE, clips / "cut.mp4"))) == pack(found["cut"])


def test_two_speakers_with_black_frames_between(found):
    """A cut before and one after the black frames; the one who is seen longer is the clip's face."""
    arrays = found["cut"]
    assert arrays["cuts"].tolist() == [12, 15]
    assert arrays["status"].tolist() == [DETECTED] * 12 + [MISSING] * 11
    assert len(arrays["crops"]) == len(arrays["times_s"]) == 12
    assert arrays["faces_seen"].tolist() == [1] * 12 + [0] * 3 + [1] * 8
    assert int(arrays["tracks"]) == 2
    assert arrays["others"][:, 0].tolist() == list(range(15, 23))
    assert np.isnan(arrays["boxes"][12:]).all()


def test_the_boxes_of_the_other_face_are_told(found):
    others = found["two"]["others"]
    chosen = found["two"]["boxes"][:, 0] > 160
    assert len(set(chosen)) == 1
    assert set(others[:, 1] > 160) == {not chosen[0]}
    assert (np.diff(others[:, 0]) >= 0).all()


def test_crops_show_the_face(found, every, clips):
    """The crop equals the box cut out of the frame: inside the picture, upright, RGB."""
    arrays = found["one"]
    path = clips / "one.mp4"
    frame = list(Frames(path, probe(PROBE, path), 1, 60.0))[3]
    left, top, width, height = arrays["boxes"][3]
    assert width == height > 40
    rows, columns = slice(round(top), round(top + height)), slice(round(left), round(left + width))
    expected = cv2.resize(frame[rows, columns], (every.crop_px, every.crop_px), interpolation=cv2.INTER_AREA)
    assert np.abs(expected.astype(float) - arrays["crops"][3]).mean() < 6


def test_a_margin_widens_the_box_about_its_centre(every, clips, found):
    wide = faces(replace(every, margin=0.25), clips / "one.mp4", probe(PROBE, clips / "one.mp4"))["boxes"]
    plain = found["one"]["boxes"]
    np.testing.assert_allclose(wide[:, 2], plain[:, 2] * 1.5, rtol=1e-5)
    np.testing.assert_allclose(wide[:, 0] + wide[:, 2] / 2, plain[:, 0] + plain[:, 2] / 2, atol=1e-3)


def test_a_clip_without_a_face_is_all_missing(found, every):
    arrays = found["none"]
    assert set(arrays["status"].tolist()) == {MISSING}
    assert np.isnan(arrays["boxes"]).all()
    assert arrays["crops"].shape == (0, every.crop_px, every.crop_px, 3)
    assert arrays["times_s"].shape == (0, 2)
    assert arrays["others"].shape == (0, 5)
    assert set(note(arrays)["boxes"]) == {0.0}


# ---------------------------------------------------------------- the stage


def test_the_rows_and_the_summary(clips, tmp_path, monkeypatch):
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))
    params = load(REPOSITORY / "params.yaml")
    serial = replace(params.parallel, jobs=1, backend="sequential")
    params = replace(params, media=replace(params.media, keep_every=1), parallel=serial)
    files = [
        {"clip_id": path.stem, "path": path.name, "sha256": file_digest(path)} for path in sorted(clips.glob("*.mp4"))
    ]
    media = index_media("mine", files, clips, params).rows
    made = index_faces("mine", files, [*media, {"clip_id": "zzz", "has_picture": False}], clips, params)
    assert made.failures == []
    write_faces(tmp_path, replace(made, failures=[Failure("yyy", "faces", "too_long", "")]), 1.0)
    table = pq.read_table(tmp_path / "faces.parquet")
    assert table.schema.equals(FACES)
    rows = {row["clip_id"]: row for row in table.to_pylist()}
    told = ("absent", "frames", "detected", "missing", "coverage", "cuts", "tracks", "cut_frames")
    assert [rows["cut"][key] for key in told] == ["", 23, 12, 11, 12 / 23, 2, 2, [12, 15]]
    assert [rows["none"][key] for key in told] == ["no_face", 8, 0, 8, 0.0, 0, 0, []]
    assert [rows["zzz"][key] for key in told] == ["no_picture", 0, 0, 0, None, 0, 0, []]
    assert rows["cut"]["faces_seen"] == [1] * 12 + [0] * 3 + [1] * 8
    assert np.reshape(rows["cut"]["others"], (-1, 5))[:, 0].tolist() == list(range(15, 23))
    summary = (tmp_path / "summary.json").read_text(encoding="utf-8")
    assert '"several_faces": 2' in summary
    assert '"with_cuts": 1' in summary


# ---------------------------------------------------------------- crops by hand


def box(x, y, side):
    return np.array([x, y, side], float)


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
