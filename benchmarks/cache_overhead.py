"""What the clip cache itself costs per result: storing, finding, loading, apart from the computation.

    python benchmarks/cache_overhead.py

A step that does nothing but return an array of 64 kB, a thousand times, against calling it without the cache.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aver.cache import step as steps
from aver.cache.cache import Cache, Done, Source, Step

COUNT = 1000


@dataclass(frozen=True)
class Nothing:
    """No params."""


def give(params: Nothing, clip: Path) -> dict[str, np.ndarray]:
    """Return 64 kB that depend on the clip's name."""
    return {"rows": np.full(8192, hash(clip.name), np.int64)}


def main() -> None:
    steps.code_digests = lambda module: {module: "0"}  # a script is no module of AVER
    with tempfile.TemporaryDirectory(dir=".") as folder:
        cache, step = Cache(Path(folder)), Step("give", give, Nothing())
        inputs = [{"clip": Source(f"{number:064x}", Path(f"clip{number}"))} for number in range(COUNT)]
        timings = []
        for action in (
            lambda given: give(Nothing(), given["clip"].path),
            lambda given: cache.run(step, given),
            lambda given: cache.find(step, given),
            lambda given: cache.peek(step, given),
        ):
            started = time.perf_counter()
            results = [action(given) for given in inputs]
            timings.append(1000 * (time.perf_counter() - started) / COUNT)
        digests = [result.digest for result in results if isinstance(result, Done)]
        started = time.perf_counter()
        for digest in digests:
            cache.load(digest)
        timings.append(1000 * (time.perf_counter() - started) / COUNT)
    for name, value in zip(("without cache", "computing and storing", "finding", "looking", "loading"), timings,
                           strict=True):  # fmt: skip
        print(f"{name:22} {value:6.2f} ms per result")


if __name__ == "__main__":
    main()
