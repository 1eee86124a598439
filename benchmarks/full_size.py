"""Training every strategy on as many rows as RAVDESS has: minutes, and memory of the largest process.

    PYTHONPATH=src python benchmarks/full_size.py [--seeds 1] [--strategies visual acoustic …]

Real stores of drawn rows: 24 actors, 60 clips each of 8 emotions; 55 face rows of 2048 and 3 sound rows of 512 values a
clip, and 7 of 512 of both for `mater`.  Each emotion shifts a few dimensions, and each actor others.  Published folds
(four actors each), `quick` budget, no models trained with noise, an empty clip cache, each strategy in a process of its
own that starts its workers as the stage does.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from aver.classifiers.grid import train_grid
from aver.folds.build import build_folds
from aver.params.blocks import Benchmark
from aver.params.file import load
from aver.params.names import NETWORKS
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

ACTORS, EACH, LABELS, SECONDS = 24, 60, 8, 3.7
#: Rows per clip and their width, by stream.
STREAMS = {"vggface": (55, 2048), "xvector-thirds": (3, 512), "vggm-half": (7, 512), "vggish-half": (7, 512)}


def clips() -> list[dict[str, str]]:
    found = []
    for actor in range(ACTORS):
        for number in range(EACH):
            name = f"{actor + 1:02}-{number:02}"
            about = {"label": f"emotion{number % LABELS}", "perceived": "", "speaker": f"{actor + 1:02}", "sex": ""}
            found.append({"clip_id": name, "take": name, "sha256": name} | about)
    return found


def write_stream(folder: Path, stream: str) -> None:
    rows, width = STREAMS[stream]
    edges = np.linspace(0, SECONDS, rows + 1)

    def drawn(actor: int, label: int, seed: int) -> Rows:
        values = np.random.default_rng(seed).standard_normal((rows, width), np.float32)
        values[:, 8 * label : 8 * label + 8] += 1
        values[:, 100 + actor] += 2
        return Rows(np.maximum(values, 0), np.stack([edges[:-1], edges[1:]], axis=1), ["complete"] * rows)

    entries = []
    for number, clip in enumerate(clips()):
        actor, label = int(clip["speaker"]) - 1, int(clip["label"][-1])
        give = lambda a=actor, e=label, n=number: drawn(a, e, n)  # noqa: E731
        entries.append(ClipEntry(clip["clip_id"], "ok", "", clip["clip_id"], give))
    write_store(folder / "full" / stream, Header(stream, "drawn", (width,), "p", "w", "seeded"), entries, 16, "hdf5")


def one(strategy: str, features: Path, seeds: int) -> None:
    """Train one strategy in this process and its workers; print what it took."""
    os.environ["AVER_CACHE"] = tempfile.mkdtemp(dir=features.parent)
    block = Benchmark(
        corpora=("full",), protocol="subject", beside=(), folds=6, deal="consecutive", validation_fraction=0.2,
        fold_seed=0, seeds=tuple(range(seeds)),
    )  # fmt: skip
    params = load()
    classifiers = replace(params.classifiers, noise_trained=())
    params = replace(params, benchmarks={"full": block}, budget="quick", classifiers=classifiers)
    rows = build_folds("full", block, {"full": clips()}, {"full": "full"}).rows
    started = time.perf_counter()
    grid = train_grid("full", strategy, rows, features, params)
    took = time.perf_counter() - started
    epochs = [len(run["history"]) for run in grid.runs.values()]
    if grid.gap:
        raise SystemExit(f"{strategy}: {grid.gap}")
    largest = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        f"{strategy:12} {took / 60:6.1f} min  {len(epochs)} runs of {np.mean(epochs):.0f} epochs  "
        f"largest process {largest / 1024:.0f} MiB, mapped rows included",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategies", nargs="*", default=list(NETWORKS), choices=NETWORKS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--one", nargs=2, metavar=("STRATEGY", "FEATURES"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        one(args.one[0], Path(args.one[1]), args.seeds)
        return
    with tempfile.TemporaryDirectory() as folder:
        features = Path(folder) / "features"
        for stream in STREAMS:
            write_stream(features, stream)
        for strategy in args.strategies:
            own = ["--one", strategy, str(features), "--seeds", str(args.seeds)]
            subprocess.run([sys.executable, __file__, *own], check=True)


if __name__ == "__main__":
    main()
