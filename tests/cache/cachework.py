"""Steps on small files, for the tests of the cache and for the processes that these tests start."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aver.cache import recipe
from aver.cache.cache import Cache, Source, Step
from aver.cache.lock import release
from aver.outcome import Unusable
from aver.parallel import Task, run_tasks
from aver.params.blocks import Parallel

# The functions of these tests are no part of AVER; their recipes are to be followed all the same.
recipe.TRUSTED.add("cachework")


ONE = Parallel(jobs=1, backend="sequential")
SOURCES = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Params:
    factor: int = 2
    rows: int = 1
    pause_s: float = 0.0


def double(params, clip):
    """The first step: reads a file."""
    content = clip.read_bytes()
    if content.startswith(b"bad"):
        raise Unusable("damaged", "nothing in it")
    time.sleep(params.pause_s)
    values = np.frombuffer(content, np.uint8).astype(np.int64) * params.factor
    return {"rows": np.tile(values, params.rows)}


def total(params, rows):
    """The second step: reads what the first made."""
    return {"total": rows["rows"].sum()}


def note(arrays):
    return {"length": len(arrays["rows"])}


HEAVY = Step("double", double, Params(), {"lib": "1"}, evictable=True, note=note)
LIGHT = Step("light", double, Params(), {"lib": "1"})
#: Evictable too, so that a chain of two can be lost.
SUM = Step("total", total, Params(), evictable=True)


def source(path: Path) -> Source:
    return Source(hashlib.sha256(path.read_bytes()).hexdigest(), path, checked=True)


def clips(folder: Path, count: int) -> list[Path]:
    """Write small files of different content."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"clip-{number:03d}" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(f"content {number}".encode())
    return paths


def tasks(paths: list[Path], step: Step = HEAVY) -> list[Task]:
    return [Task(path.name, step, {"clip": source(path)}) for path in paths]


def files(cache: Cache, kind: str) -> list[Path]:
    return sorted(path for path in (cache.root / kind).rglob("*") if path.is_file())


def tree(root: Path) -> dict[str, bytes]:
    """All results of a cache, byte for byte (the lock and the records of runs are no results)."""
    kinds = ("entries", "objects", "recipes")
    return {
        str(path.relative_to(root)): path.read_bytes()
        for kind in kinds
        for path in (root / kind).rglob("*")
        if path.is_file()
    }


def flip(path: Path, place: int = -20) -> None:
    """Turn one bit over."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def warm() -> None:
    """Import all that the cache needs: another user may not be able to read this one's Python."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder) / "cache")
        (task,) = tasks(clips(Path(folder), 1))
        done = run_tasks([task], "warm", ONE, cache).outcomes[0]
        files(cache, "objects")[0].unlink()
        cache.load(done.digest)
        release(cache.root)


def python(code: str, *arguments: object, user: int = 0, group: int = 0, umask: int = 0o022, **options: Any):
    """Start Python on some code in another process, as another user if one is named."""
    head = f"import os, sys; os.umask({umask}); from pathlib import Path; import cachework as work; work.warm()\n"
    if user:
        head += f"os.setgroups([]); os.setgid({group}); os.setuid({user})\n"
    path = os.pathsep.join([str(SOURCES), str(Path(__file__).parent)])
    return subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def told(process: subprocess.Popen[str], timeout: float = 60) -> str:
    """Wait for a process; return what it said, or fail with its complaint."""
    said, complaint = process.communicate(timeout=timeout)
    assert process.returncode == 0, complaint[-2000:]
    return said.strip()
