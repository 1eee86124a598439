"""The time contract over 10,000 generated timings: rates, variable frame rates, late starts, holes, rounded stamps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aver.clock import exact, frame_ends, kept_frames, samples_to_seconds, seconds_to_samples
from aver.media.outliers import in_step
from aver.media.pieces import JUMP_S, left_out, pieces_of, silence
from aver.params.blocks import Window
from aver.progress import hidden
from aver.windows.index import index_windows

SEEDS, AT_ONCE = 200, 50
RATE_HZ = 16000
KINDS = {"thirds": Window("thirds"), "short": Window("fixed", 0.25), "long": Window("fixed", 3.6)}


@dataclass(frozen=True)
class Blocks:
    """Decoded sound: where each block truly begins, in samples, how many it has, and the stamp its container gives."""

    rate_hz: int
    truth: NDArray[np.int64]
    counts: NDArray[np.int64]
    stamps: NDArray[np.int64]


def blocks(rng: np.random.Generator) -> Blocks:
    """A sound with up to three holes of 40 ms to 3 s; stamps are exact, or rounded to milliseconds as FLV's are."""
    rate = int(rng.choice([8000, 11025, 22050, 44100, 48000, 96000]))
    counts = np.full(rng.integers(1, 80), rng.choice([960, 1024, 1152]), np.int64)
    pauses = np.zeros(len(counts), np.int64)
    for place in rng.integers(0, len(counts), rng.integers(0, 4)):
        pauses[place] = int(rng.uniform(0.04, 3.0) * rate)
    starts = np.cumsum(counts) - counts + np.cumsum(pauses) + int(rng.uniform(0, 2) * rate)
    stamps = np.rint(np.rint(starts * 1000 / rate) * rate / 1000).astype(np.int64) if rng.random() < 0.5 else starts
    return Blocks(rate, starts, counts, stamps)


def frames(rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """Presentation times and the end of a picture: a steady rate, or one that varies, perhaps starting late."""
    rate = Fraction(*[(15, 1), (24000, 1001), (25, 1), (30000, 1001), (50, 1), (60000, 1001)][rng.integers(6)])
    steps = np.full(rng.integers(1, 200), float(1 / rate))
    if rng.random() < 0.4:
        steps *= rng.choice([0.0, 0.5, 1.0, 1.0, 3.0, 20.0], len(steps))
    edges = float(rng.choice([0.0, rng.uniform(0, 2)])) + np.concatenate([[0.0], np.cumsum(steps)])
    return edges[:-1], float(edges[-1])


def clip(rng: np.random.Generator, number: int) -> dict[str, Any]:
    times, end_s = frames(rng)
    keep_every = int(rng.integers(1, 5))
    return {
        "clip_id": str(number), "samples": int(rng.choice([1, 2, 3, 3999, rng.integers(1, 200_000)])),
        "sample_rate_hz": RATE_HZ, "sound_start_s": float(rng.choice([0.0, rng.uniform(0, 2)])),
        "frame_times_s": times.tolist(), "kept": kept_frames(len(times), keep_every).tolist(), "end_s": end_s,
        "keep_every": keep_every,
    }  # fmt: skip


@settings(max_examples=SEEDS, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 2**64))
def test_every_sample_stays_within_a_jump_of_its_own_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for sound in (blocks(rng) for _ in range(AT_ONCE)):
        jump = int(JUMP_S * sound.rate_hz)
        np.testing.assert_array_equal(in_step(sound.stamps, sound.counts, jump), sound.stamps)  # a hole is no outlier
        pieces = pieces_of(sound.stamps, sound.counts, sound.rate_hz)
        lengths = pieces[:, 2] - pieces[:, 1]
        assert (lengths > 0).all()
        assert (pieces[1:, 0] >= (pieces[:-1, 0] + lengths[:-1])).all()
        firsts = np.cumsum(sound.counts) - sound.counts  # the number of each block's first decoded sample
        piece = np.searchsorted(pieces[:, 1], firsts, side="right") - 1
        placed = pieces[piece, 0] + firsts - pieces[piece, 1]
        off = np.abs(placed - (sound.truth - sound.truth[0]))
        assert off.max() <= jump + sound.rate_hz // 500  # stamps in milliseconds are up to half a one off, twice
        assert left_out(pieces, int(sound.counts.sum())) == 0
        true_silence = int(sound.truth[-1] - sound.truth[0] - firsts[-1])
        assert abs(silence(pieces) - true_silence) <= jump + sound.rate_hz // 500


@settings(max_examples=SEEDS, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 2**64))
def test_windows_and_frames_meet_in_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    clips = [clip(rng, number) for number in range(AT_ONCE)]
    with hidden():
        rows = index_windows(clips, KINDS)
    for one in clips:
        times = np.array(one["frame_times_s"])[one["kept"]]
        assert one["kept"] == list(range(0, len(one["frame_times_s"]), one["keep_every"]))
        ends = frame_ends(times, one["end_s"])
        np.testing.assert_array_equal(ends[:-1], times[1:])
        assert (ends >= times).all()
        for name, kind in KINDS.items():
            windows = [row for row in rows if row["clip_id"] == one["clip_id"] and row["window"] == name]
            _check_windows(one, kind, windows)
            _check_frames(times, windows)


def _check_windows(one: dict[str, Any], kind: Window, windows: list[dict[str, Any]]) -> None:
    """They follow each other from the first sample on, and leave out less than half a window at the end."""
    edges = [0] + [row["sample1"] for row in windows]
    assert [row["sample0"] for row in windows] == edges[:-1]
    assert all(row["sample1"] > row["sample0"] for row in windows)
    spare = one["samples"] - edges[-1]
    assert spare == 0 if kind.window_s is None else 0 <= 2 * spare < kind.window_s * RATE_HZ
    if kind.window_s is not None:
        full = round(kind.window_s * RATE_HZ)
        lengths = [row["sample1"] - row["sample0"] for row in windows]
        assert all(length == full for length in lengths[:-1])
        assert windows[-1]["status"] == ("complete" if lengths[-1] == full else "padded")
        assert len(windows) == 1 or 2 * lengths[-1] >= full
    for row in windows:
        for sample, seconds in ((row["sample0"], row["t0_s"]), (row["sample1"], row["t1_s"])):
            assert abs(seconds - one["sound_start_s"] - sample / RATE_HZ) < 1e-9


def _check_frames(times: NDArray[np.float64], windows: list[dict[str, Any]]) -> None:
    """Each kept frame is in one window: the one that holds its time, or the nearest."""
    assert [row["frame0"] for row in windows] == [0] + [row["frame1"] for row in windows[:-1]]
    assert windows[-1]["frame1"] == len(times)
    for row in windows:
        for time in times[row["frame0"] : row["frame1"]]:
            early, late = time < row["t0_s"], time >= row["t1_s"]
            assert not early or row is windows[0]
            assert not late or row is windows[-1]


@settings(max_examples=SEEDS, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 10**8), st.integers(1, 192_000), st.floats(-1e5, 1e5, allow_nan=False))
def test_seconds_and_samples_are_each_others_inverse(samples: int, rate_hz: int, seconds: float) -> None:
    assert seconds_to_samples(samples_to_seconds(samples, rate_hz), rate_hz) == samples
    assert -Fraction(1, 2) < seconds_to_samples(seconds, rate_hz) - exact(seconds) * rate_hz <= Fraction(1, 2)
