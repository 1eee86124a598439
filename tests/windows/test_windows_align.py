"""Windows: the tables of `aver.windows.align`, and which frames belong to which."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aver.params.blocks import Window
from aver.store.out import read_json, read_rows
from aver.windows.align import cut, fixed, thirds
from aver.windows.index import index_windows, write_windows


@pytest.mark.parametrize(
    ("samples", "pieces"),
    [
        (9, [(0, 3), (3, 6), (6, 9)]),
        (10, [(0, 3), (3, 7), (7, 10)]),
        (11, [(0, 4), (4, 7), (7, 11)]),
        (3, [(0, 1), (1, 2), (2, 3)]),
        (2, [(0, 1), (1, 2)]),
        (1, [(0, 1)]),
        (0, []),
    ],
)
def test_thirds(samples, pieces):
    assert thirds(samples) == [(first, end, "complete") for first, end in pieces]


@pytest.mark.parametrize("samples", [1, 5, 16000, 57601, 10**9 + 1])
def test_thirds_cover_the_sound_and_differ_by_one_sample(samples):
    pieces = thirds(samples)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == samples
    assert all(one[1] == other[0] for one, other in pairwise(pieces))
    lengths = [end - first for first, end, _ in pieces]
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (200, [(0, 100, "complete"), (100, 200, "complete")]),
        (249, [(0, 100, "complete"), (100, 200, "complete")]),
        (250, [(0, 100, "complete"), (100, 200, "complete"), (200, 250, "padded")]),
        (100, [(0, 100, "complete")]),
        (149, [(0, 100, "complete")]),
        (99, [(0, 99, "padded")]),
        (50, [(0, 50, "padded")]),
        (30, [(0, 30, "padded")]),
        (1, [(0, 1, "padded")]),
        (0, []),
    ],
)
def test_fixed(samples, expected):
    assert fixed(samples, 100) == expected


def test_windows_stand_on_the_clips_time_line():
    windows = cut([(0, 8000, "complete"), (8000, 12000, "padded")], 16000, 0.25)
    assert windows.times_s.tolist() == [[0.25, 0.75], [0.75, 1.0]]
    assert windows.samples.tolist() == [[0, 8000], [8000, 12000]]
    assert windows.status == ["complete", "padded"]


def test_no_pieces_no_windows():
    windows = cut([], 16000, 0.0)
    assert windows.samples.shape == windows.times_s.shape == (0, 2)


def clip(**changes):
    row = {"clip_id": "a", "samples": 48000, "sample_rate_hz": 16000, "sound_start_s": 0.0,
           "frame_times_s": [k / 10 for k in range(31)], "kept": list(range(0, 31, 2))}  # fmt: skip
    return {**row, **changes}


KINDS = {"thirds": Window("thirds"), "half": Window("fixed", 0.5)}


def test_every_kept_frame_belongs_to_exactly_one_window():
    rows = index_windows([clip()], KINDS)
    for name, number in (("thirds", 3), ("half", 6)):
        mine = [row for row in rows if row["window"] == name]
        assert [row["number"] for row in mine] == list(range(number))
        assert [frame for row in mine for frame in range(row["frame0"], row["frame1"])] == list(range(16))


@pytest.mark.parametrize(
    ("start_s", "expected"),
    [
        # Kept frames every 0.2 s from 0.0 to 3.0; windows of one second.
        (0.0, [(0, 5), (5, 10), (10, 16)]),  # 3.0 s lies after the end and goes to the last
        (0.5, [(0, 8), (8, 13), (13, 16)]),  # 0.0–0.4 s lie before the first window
        (2.9, [(0, 16), (16, 16), (16, 16)]),
    ],
)
def test_frames_join_windows_by_time(start_s, expected):
    rows = index_windows([clip(sound_start_s=start_s)], {"thirds": Window("thirds")})
    assert [(row["frame0"], row["frame1"]) for row in rows] == expected
    assert rows[0]["t0_s"] == start_s
    assert rows[-1]["t1_s"] == pytest.approx(start_s + 3)


def test_a_window_length_is_rounded_half_up_to_samples():
    rows = index_windows([clip(samples=32033)], {"w": Window("fixed", 1.001)})
    assert [(row["sample0"], row["sample1"]) for row in rows] == [(0, 16016), (16016, 32032)]


@pytest.mark.parametrize(
    ("changes", "windows"),
    [({"samples": 0}, 0), ({"frame_times_s": [], "kept": []}, 3), ({"samples": 2}, 2)],
    ids=["no sound", "no picture", "two samples"],
)
def test_clips_that_lack_something(changes, windows):
    rows = index_windows([clip(**changes)], {"thirds": Window("thirds")})
    assert len(rows) == windows
    if not changes.get("kept", True):
        assert {(row["frame0"], row["frame1"]) for row in rows} == {(0, 0)}


def test_tables_are_written_stably(tmp_path):
    rows = index_windows([clip(), clip(clip_id="b", samples=20000)], KINDS)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_windows(tmp_path / name, rows)
        assert read_rows(tmp_path / name / "windows.parquet") == rows
    assert len({(tmp_path / name / "windows.parquet").read_bytes() for name in ("one", "two")}) == 1
    summary = read_json(tmp_path / "one" / "summary.json")
    assert summary["thirds"] == {"windows": 6, "clips": 2, "status": {"complete": 6}}
    assert summary["half"] == {"windows": 9, "clips": 2, "status": {"complete": 8, "padded": 1}}
    starts = [row["sample0"] for row in rows if row["clip_id"] == "a" and row["window"] == "half"]
    assert starts == list(range(0, 48000, 8000))
