"""The windows stage's work: one row per window of every clip that has sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from aver.clock import seconds_to_samples, window_of
from aver.params.blocks import Window
from aver.progress import track
from aver.store.out import write_json, write_table
from aver.windows.align import cut, fixed, thirds

WINDOWS = pa.schema(
    [
        ("clip_id", pa.string()),
        ("window", pa.string()),
        ("number", pa.int32()),
        ("t0_s", pa.float64()),
        ("t1_s", pa.float64()),
        ("sample0", pa.int64()),
        ("sample1", pa.int64()),
        ("frame0", pa.int32()),
        ("frame1", pa.int32()),
        ("status", pa.string()),
    ]
)


def index_windows(media: Sequence[Mapping[str, Any]], kinds: Mapping[str, Window]) -> list[dict[str, Any]]:
    """Return rows of `windows.parquet` (schema `WINDOWS`): every kind of window of every clip with sound.

    `frame0` and `frame1` (exclusive) count the clip's kept frames; they are equal where a window has none.

    Args:
        media: rows of `media.parquet`.
        kinds: the windows block.
    """
    sounding = [clip for clip in media if clip["samples"]]
    return [
        row for clip in track(sounding, "windows") for name in sorted(kinds) for row in _rows(clip, name, kinds[name])
    ]


def _rows(clip: Mapping[str, Any], name: str, kind: Window) -> Iterator[dict[str, Any]]:
    rate = clip["sample_rate_hz"]
    if kind.rule == "thirds":
        pieces = thirds(clip["samples"])
    else:
        pieces = fixed(clip["samples"], seconds_to_samples(kind.window_s or 0, rate))
    windows = cut(pieces, rate, clip["sound_start_s"])
    frame_times = np.array(clip["frame_times_s"], np.float64)[np.array(clip["kept"], np.int64)]
    owners = window_of(frame_times, windows.times_s[:, 0])
    first = np.searchsorted(owners, np.arange(len(pieces) + 1))
    for number, status in enumerate(windows.status):
        yield {
            "clip_id": clip["clip_id"],
            "window": name,
            "number": number,
            "t0_s": float(windows.times_s[number, 0]),
            "t1_s": float(windows.times_s[number, 1]),
            "sample0": int(windows.samples[number, 0]),
            "sample1": int(windows.samples[number, 1]),
            "frame0": int(first[number]),
            "frame1": int(first[number + 1]),
            "status": status,
        }


def write_windows(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `windows.parquet` and `summary.json`."""
    write_table(folder / "windows.parquet", rows, WINDOWS)
    kinds = sorted({row["window"] for row in rows})
    summary = {
        kind: {
            "windows": sum(row["window"] == kind for row in rows),
            "clips": len({row["clip_id"] for row in rows if row["window"] == kind}),
            "status": dict(sorted(Counter(row["status"] for row in rows if row["window"] == kind).items())),
        }
        for kind in kinds
    }
    write_json(folder / "summary.json", summary)
