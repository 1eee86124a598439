"""How fast rows are read from a store, beside plain NumPy files that hold the same rows.

    python benchmarks/reader_throughput.py

Makes 400 clips of 60 rows of 2048 float32 (200 MB) four times: as an HDF5 and a Parquet store of 16 buckets, as one
`.npy` read through a memory map, and as one `.npy` per clip.  All in one process, everything in the page cache, every
shard verified once before.  Each round measures every way once, so that a change of the machine meets all alike; the
median of the rounds counts.  Every row is copied into a buffer made beforehand: a view alone would cost nothing.

Sequential: all rows in batches of 512 (stores and the map), or clip by clip.  Random: all clips in shuffled order.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import h5py
import numpy as np
import pyarrow as pa

import aver
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

BUCKETS = 16
BATCH = 512  # rows


def make(folder: Path, clips: int, rows: int, width: int) -> list[str]:
    """Write the same rows in all ways; return the clip ids."""
    values = np.random.default_rng(0).standard_normal((clips * rows, width), np.float32)
    times = np.stack([np.arange(rows) / 25, (np.arange(rows) + 1) / 25], axis=1)
    names = [f"clip-{k:05d}" for k in range(clips)]
    parts = {name: values[k * rows : (k + 1) * rows] for k, name in enumerate(names)}
    header = Header("stream", "none", (width,), "0" * 64, "0" * 64, "seeded")
    entries = [
        ClipEntry(name, "ok", rows=lambda part=part: Rows(part, times, ["detected"] * rows))
        for name, part in parts.items()
    ]
    for kind in ("hdf5", "parquet"):
        write_store(folder / kind, header, entries, BUCKETS, kind)
    np.save(folder / "all.npy", values)
    (folder / "clips").mkdir()
    for name, part in parts.items():
        np.save(folder / "clips" / f"{name}.npy", part)
    return names


def ways(folder: Path, names: list[str], rows: int, width: int) -> dict[str, dict[str, Callable[[], int]]]:
    """Return what is measured: per group, name -> a function that reads every row once and returns their number."""
    buffer = np.empty((max(BATCH, rows), width), np.float32)
    stores = {kind: aver.open_store(folder / kind) for kind in ("hdf5", "parquet")}
    shuffled = [names[k] for k in np.random.default_rng(1).permutation(len(names))]

    def batches(kind: str) -> int:
        count = 0
        for values, index in stores[kind].batches(BATCH):
            buffer[: len(values)] = values
            count += len(index)
        return count

    def mapped() -> int:
        values = np.load(folder / "all.npy", mmap_mode="r")
        for start in range(0, len(values), BATCH):
            part = values[start : start + BATCH]
            buffer[: len(part)] = part
        return len(values)

    def loaded(order: list[str]) -> int:
        count = 0
        for name in order:
            part = np.load(folder / "clips" / f"{name}.npy")
            buffer[: len(part)] = part
            count += len(part)
        return count

    def clipwise(kind: str) -> int:
        count = 0
        for name in shuffled:
            part = stores[kind].rows(name)
            buffer[: len(part)] = part
            count += len(part)
        return count

    return {
        "sequential": {
            "memory-mapped .npy": mapped,
            "store, HDF5": lambda: batches("hdf5"),
            "store, Parquet": lambda: batches("parquet"),
            "numpy.load per clip": lambda: loaded(names),
        },
        "random clips": {
            "numpy.load per clip": lambda: loaded(shuffled),
            "store, HDF5": lambda: clipwise("hdf5"),
            "store, Parquet": lambda: clipwise("parquet"),
        },
    }


def measure(ways: dict[str, Callable[[], int]], rounds: int, rows: int) -> dict[str, list[float]]:
    """Return the seconds of every way in every round, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, read in ways.items():
            start = time.perf_counter()
            count = read()
            took = time.perf_counter() - start
            if count != rows:
                raise SystemExit(f"{name} read {count} rows of {rows}")
            if number:
                seconds[name].append(took)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--rows", type=int, default=60, help="per clip")
    parser.add_argument("--width", type=int, default=2048, help="values per row")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    total = args.clips * args.rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = make(folder, args.clips, args.rows, args.width)
        print("| reading | way | rows per second | MB per second | ratio to the first |")
        print("|---|---|---:|---:|---:|")
        for group, readers in ways(folder, names, args.rows, args.width).items():
            seconds = measure(readers, args.rounds, total)
            first = next(iter(seconds.values()))
            for way, took in seconds.items():
                # Rounds are paired: the ratio is taken within each, then the median.
                ratio = median(a / b for a, b in zip(first, took, strict=True))
                rate = total / median(took)
                print(f"| {group} | {way} | {rate:,.0f} | {rate * args.width * 4 / 1e6:,.0f} | {ratio:.2f} |")
    versions = {"Python": platform.python_version(), "NumPy": np.__version__, "h5py": h5py.__version__}
    print(", ".join(f"{k} {v}" for k, v in {**versions, "pyarrow": pa.__version__}.items()), end="")
    print(f"; {args.clips} clips x {args.rows} rows x {args.width} float32, {args.rounds} rounds")


if __name__ == "__main__":
    main()
