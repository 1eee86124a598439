"""Faces over windows: which frames make a row, how, what is computed for it, and what is absent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from facework import crops_of
from hypothesis import given, settings
from hypothesis import strategies as st

from aver.cache.cache import Cache
from aver.cache.objects import digest_of, pack, place, write_atomic
from aver.features.extract import Stages, extract, write_features
from aver.features.pool_frames import PoolParams, pool_frames
from aver.parallel import look_up, run_tasks
from aver.params.blocks import Stream, Window
from aver.params.file import load
from aver.progress import hidden
from aver.store.reader import Store
from aver.weights.build import build_weights
from aver.windows.index import index_windows

ROOT = Path(__file__).parents[2]
HZ, FPS = 16000, 10
EACH = Stream("vggm", "frames", input_px=64, device="cpu")
HALF = replace(EACH, window="half")
STREAMS = {
    "each": EACH,
    "each-max": replace(EACH, pooling="max"),
    "each-unit": replace(EACH, normalise=True),
    "half": HALF,
    "half-max": replace(HALF, frames="max"),
    "half-unit": replace(HALF, normalise=True),
    "quarter": replace(HALF, window="quarter"),
}
#: Per kept frame: detected, interpolated, missing.  Sound from 0.3 s to 1.8 s: frames before and after it.
GAP = "..dddiii" "....." "iiii......."  # fmt: skip
WHOLE = "d" * 13


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    (folder / "vggm").mkdir()
    build_weights("vggm", load(ROOT / "params.yaml").weights["vggm"], folder / "vggm")
    return folder


@pytest.fixture(scope="session")
def params():
    windows = {"half": Window("fixed", 0.5), "quarter": Window("fixed", 0.25)}
    found = replace(load(ROOT / "params.yaml"), windows=windows, features=STREAMS, max_failed_fraction=1.0)
    return replace(found, parallel=replace(found.parallel, jobs=1))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))


def clip(name, frames, sound=(0.0, 1.5), crops=None):
    """Return a clip's rows of media and faces; its crops are in the clip cache."""
    status = np.array([".di".index(word) for word in frames], np.uint8)
    times = np.arange(len(frames)) / FPS
    there = status > 0
    arrays = {
        "crops": crops_of(len(frames), 64, seed=len(name))[there] if crops is None else crops,
        "times_s": np.stack([times, times + 1 / FPS], axis=1)[there],
        "status": status,
    }
    content = pack(arrays)
    write_atomic(place(Cache().root / "objects", digest_of(content), ".npz"), content)
    start, end = sound or (0.0, 0.0)
    media = {
        "clip_id": name, "has_sound": sound is not None, "sound": "", "samples": round((end - start) * HZ),
        "sample_rate_hz": HZ, "sound_start_s": start, "frame_times_s": times.tolist(), "kept": range(len(frames)),
    }  # fmt: skip
    counts = {"detected": int((status == 1).sum()), "interpolated": int((status == 2).sum())}
    return media, {"clip_id": name, "absent": "" if there.any() else "no_face", "crops": digest_of(content), **counts}


def stages(params, *clips):
    media, faces = zip(*clips, strict=True)
    with hidden():
        return Stages(media, faces, index_windows(media, params.windows))


@pytest.fixture
def before(params):
    return stages(params, clip("gap", GAP, (0.3, 1.8)), clip("whole", WHOLE))


class Counting:
    """A runner that keeps what each list of tasks took: label → (computed, from cache)."""

    def __init__(self, run=run_tasks):
        self.run, self.counts, self.outcomes = run, {}, {}

    def __call__(self, tasks, label, parallel, cache, unit="clip"):
        done = self.run(tasks, label, parallel, cache, unit)
        self.counts[label] = (done.computed, done.cached)
        self.outcomes[label] = {
            task.name: type(outcome).__name__ for task, outcome in zip(tasks, done.outcomes, strict=True)
        }
        return done


def rows_of(stream, before, weights, params):
    """Return the entries with rows, by clip."""
    entries = extract("synthetic", stream, before, weights, params).entries
    return {entry.clip_id: entry.rows() for entry in entries if entry.rows}


def members(before, name, frames, window="half"):
    """Return per window which of a clip's rows of frames are its own, as the windows stage has it."""
    there = np.array([word != "." for word in frames])
    numbers = np.flatnonzero(there)
    rows = [row for row in before.windows if row["clip_id"] == name and row["window"] == window]
    return [(row, (numbers >= row["frame0"]) & (numbers < row["frame1"])) for row in rows]


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize(("stream", "how"), [("half", np.mean), ("half-max", np.max), ("half-unit", np.mean)])
def test_a_row_is_made_of_the_rows_of_its_windows_frames(stream, how, before, weights, params):
    """Also frames before the first and after the last sound; a window without a face has no row."""
    each, found = (rows_of(name, before, weights, params) for name in ("each", stream))
    for name, frames, windows in (("gap", GAP, [0, 2]), ("whole", WHOLE, [0, 1, 2])):
        cut = members(before, name, frames)
        assert [number for number, (_, own) in enumerate(cut) if own.any()] == windows
        expected = [
            how(each[name].values[own].astype(np.float64), axis=0).astype(np.float32) for _, own in cut if own.any()
        ]
        if stream == "half-unit":
            expected = [row / np.linalg.norm(row) for row in expected]
        assert found[name].values.dtype == np.float32
        np.testing.assert_allclose(found[name].values, expected, rtol=1e-6 if stream == "half-unit" else 0)
        times = [(row["t0_s"], row["t1_s"]) for row, own in cut if own.any()]
        np.testing.assert_array_equal(found[name].times_s, times)
    assert sum(own.sum() for _, own in members(before, "gap", GAP)) == len(each["gap"].values) == 10
    assert found["gap"].status == ["detected", "interpolated"]
    assert found["whole"].status == ["detected"] * 3


def test_normalised_is_what_comes_out_and_not_what_goes_in(before, weights, params):
    unit = rows_of("half-unit", before, weights, params)["whole"].values
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-5)
    each = rows_of("each", before, weights, params)["whole"].values
    shrunk = (each / np.linalg.norm(each, axis=1, keepdims=True))[:5].mean(0)
    assert np.linalg.norm(shrunk) < 0.9999
    assert np.abs(unit[0] - shrunk).max() > 1e-4


def test_a_store_holds_them(before, weights, params, tmp_path):
    (tmp_path / "out").mkdir()
    write_features(tmp_path / "out", extract("synthetic", "half", before, weights, params), params)
    store = Store(tmp_path / "out")
    assert {name: row["rows"] for name, row in store.catalogue.items()} == {"gap": 2, "whole": 3}
    assert store.header["row_shape"] == [512]


@settings(max_examples=200, deadline=None)
@given(
    times=st.lists(st.floats(0, 3), min_size=1, max_size=30, unique=True).map(sorted),
    seed=st.integers(0, 2**32 - 1),
    start=st.floats(0, 1),
    samples=st.integers(1, 2 * HZ),
    kind=st.sampled_from([Window("thirds"), Window("fixed", 0.25), Window("fixed", 0.5)]),
)
def test_frames_join_the_windows_that_the_windows_stage_puts_them_in(times, seed, start, samples, kind):
    """The largest of rows that name their frames tells which frames a window has."""
    there = np.random.default_rng(seed).random(len(times)) < 0.7
    row = {"clip_id": "a", "samples": samples, "sample_rate_hz": HZ, "sound_start_s": start,
           "frame_times_s": times, "kept": range(len(times))}  # fmt: skip
    with hidden():
        windows = index_windows([row], {"w": kind})
    faces = {
        "rows": np.eye(len(times), dtype=np.float32)[there],
        "times_s": np.array([[time, time + 1] for time in times])[there],
        "status": np.array(["detected"] * int(there.sum())),
    }
    cut = {"times_s": np.array([[w["t0_s"], w["t1_s"]] for w in windows])}
    found = pool_frames(PoolParams("max", normalise=False), faces, cut)
    expected = [[k for k in range(w["frame0"], w["frame1"]) if there[k]] for w in windows]
    assert [np.flatnonzero(one).tolist() for one in found["rows"]] == [frames for frames in expected if frames]


# ---------------------------------------------------------------- what is computed


def test_what_costs_time_is_computed_once_for_all_windows(before, weights, params):
    run = Counting()
    for stream in ("each", "half", "half-max", "half-unit", "quarter", "half"):
        extract("synthetic", stream, before, weights, params, run)
    assert run.counts == {
        "features synthetic each": (2, 0),
        "features synthetic half": (0, 2), "features synthetic half windows": (0, 2),
        "features synthetic half-max": (0, 2), "features synthetic half-max windows": (2, 0),
        "features synthetic half-unit": (0, 2), "features synthetic half-unit windows": (2, 0),
        "features synthetic quarter": (0, 2), "features synthetic quarter windows": (2, 0),
    }  # fmt: skip


def test_a_clip_has_the_same_bytes_alone(params, weights, tmp_path, monkeypatch):
    found = []
    for number, names in enumerate((("gap", "whole"), ("gap",), ("whole",))):
        monkeypatch.setenv("AVER_CACHE", str(tmp_path / str(number)))
        made = {"gap": lambda: clip("gap", GAP, (0.3, 1.8)), "whole": lambda: clip("whole", WHOLE)}
        before = stages(params, *(made[name]() for name in names))
        found.append({e.clip_id: e.digest for e in extract("synthetic", "half", before, weights, params).entries})
    assert found[0] == found[1] | found[2]
    assert len(set(found[0].values())) == 2


def test_a_clip_that_waits_is_counted_once(before, weights, params):
    """A new clip beside one that is done: its second step cannot be looked up, and is no work of its own."""
    old = Stages(before.media[:1], before.faces[:1], before.windows)
    extract("synthetic", "half", old, weights, params)
    run = Counting(look_up)
    found = extract("synthetic", "half", before, weights, params, run)
    assert run.outcomes == {
        "features synthetic half": {"gap": "Done", "whole": "Pending"},
        "features synthetic half windows": {"gap": "Done"},
    }
    assert [entry.clip_id for entry in found.entries] == ["gap"]
    run = Counting(look_up)
    found = extract("synthetic", "half-max", before, weights, params, run)
    assert run.outcomes["features synthetic half-max windows"] == {"gap": "Pending"}
    assert not found.entries


def test_whatever_decides_the_bytes_is_in_the_header(before, weights, params):
    nothing = Stages([], [], [])
    headers = {stream: extract("synthetic", stream, nothing, weights, params).header.params for stream in STREAMS}
    assert len(set(headers.values())) == len(STREAMS)
    renamed = replace(params, features={"half": replace(HALF, window="w")}, windows={"w": params.windows["half"]})
    assert extract("synthetic", "half", nothing, weights, renamed).header.params == headers["half"]


# ---------------------------------------------------------------- clips without rows


def test_a_clip_without_sound_has_no_windows(params, weights):
    """Per frame it has rows all the same; what shows no face says so first."""
    before = stages(
        params, clip("silent", WHOLE, None), clip("nothing", "....", None), clip("faceless", "...."), clip("one", WHOLE)
    )
    run = Counting()
    found = extract("synthetic", "half", before, weights, params, run).entries
    assert {entry.clip_id: (entry.status, entry.reason) for entry in found} == {
        "silent": ("absent", "no_sound"),
        "nothing": ("absent", "no_face"),
        "faceless": ("absent", "no_face"),
        "one": ("ok", ""),
    }
    assert run.counts["features synthetic half"] == (1, 0)
    assert set(rows_of("each", before, weights, params)) == {"silent", "one"}


def test_what_cannot_be_embedded_has_failed_and_stops_no_other_clip(params, weights):
    flat = np.zeros((3, 64, 64), np.uint8)
    before = stages(params, clip("whole", WHOLE), clip("broken", "ddd", crops=flat))
    run = Counting()
    found = extract("synthetic", "half", before, weights, params, run)
    assert [(failure.clip_id, failure.stage, failure.reason) for failure in found.failures] == [
        ("broken", "features half", "internal")
    ]
    assert {entry.clip_id: entry.status for entry in found.entries} == {"whole": "ok", "broken": "failed"}
    assert run.counts["features synthetic half windows"] == (1, 0)
