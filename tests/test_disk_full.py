"""Disks that are full or may only be read, for real: a tmpfs, filled up.  (benchmarks/disk_full.py does all stages.)"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from aver.cache.cache import Cache, Done, Source, Step
from aver.cache.health import check, leftovers
from aver.cache.health import files as listed
from aver.cache.lock import release
from aver.cache.sealed import unseal
from aver.errors import CacheError, ClipsError
from aver.parallel import Task, run_tasks
from aver.params.blocks import Parallel
from aver.store.out import out_folder, write_text

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Params:
    rows: int = 12_000


def work(params, clip):
    return {"rows": np.arange(params.rows) + len(clip.name)}  # 96 KB


STEP = Step("work", work, Params())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, leave: int) -> Path:
    stat = os.statvfs(disk)
    with (disk / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, stat.f_bavail * stat.f_frsize - leave)
    return disk / "ballast"


def tasks(folder: Path, count: int = 20) -> list[Task]:
    folder.mkdir(exist_ok=True)
    found = []
    for number in range(count):
        path = folder / ("x" * (number + 1))
        path.touch()
        found.append(Task(path.name, STEP, {"clip": Source(path.name, path)}))
    return found


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in listed(root)}


def nothing_false_is_stored(cache: Cache) -> None:
    assert [path for path in listed(cache.root) if check(cache.root, path)] == []
    for path in (cache.root / "entries").rglob("*.json"):
        assert "reason" not in unseal(path.read_bytes())["outcome"]
    assert list(leftovers(cache.root)) == []


@pytest.mark.parametrize("parallel", [Parallel(1, "sequential"), Parallel(2, "loky")], ids=["one", "two"])
def test_a_disk_that_fills_up_on_the_way_stops_the_run_and_the_next_one_goes_on(disk, tmp_path, parallel):
    work_to_do = tasks(tmp_path / "clips")
    run_tasks(work_to_do, "test", parallel, Cache(tmp_path / "undisturbed"))
    cache, finished = Cache(disk / "cache"), 0
    for leave in (0, 110_000, 700_000):
        ballast = fill(disk, leave)
        with pytest.raises(CacheError, match=r"No space left on device.*Free space"):
            run_tasks(work_to_do, "test", parallel, cache)
        ballast.unlink()
        nothing_false_is_stored(cache)
        found = sum(isinstance(cache.find(task.step, task.inputs), Done) for task in work_to_do)
        assert found >= finished
        finished = found
    assert 0 < finished < len(work_to_do)
    assert run_tasks(work_to_do, "test", parallel, cache).cached == finished
    assert tree(cache.root) == tree(tmp_path / "undisturbed")


def test_a_cache_on_a_file_system_that_may_only_be_read(disk, tmp_path):
    cache, work_to_do = Cache(disk / "cache"), tasks(tmp_path / "clips", 3)
    run_tasks(work_to_do[:2], "test", Parallel(1, "sequential"), cache)
    release(cache.root)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    run = run_tasks(work_to_do[:2], "test", Parallel(1, "sequential"), cache)
    assert run.cached == 2
    assert all(len(cache.load(outcome.digest)["rows"]) for outcome in run.outcomes)
    with pytest.raises(CacheError, match=rf"{cache.root} cannot be written: Read-only file system.*AVER_CACHE"):
        run_tasks(work_to_do, "test", Parallel(1, "sequential"), cache)
    assert len(listed(cache.root)) == 3 * 2


def test_a_stage_on_a_full_disk_blames_the_disk_and_no_clip(disk, tmp_path):
    """Data, clip cache and temporary files on one full disk: ffmpeg, Parquet and the cache all meet it."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["synthetic"] |= {"speakers": 2, "takes": 1, "fps": 10, "frame_px": 112, "duration_s": [1.0, 1.1]}
    params["corpora"] = {"synthetic": {"root": str(disk / "synthetic")}}
    params["benchmarks"] = {}
    params["parallel"]["jobs"] = 1
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (disk / "tmp").mkdir()
    clips, media = disk / "clips", ["--corpus", "synthetic", "--clips", str(disk / "clips")]

    def stage(name: str, *arguments: str) -> tuple[int, str]:
        env = {**os.environ, "PYTHONPATH": "src", "AVER_CACHE": str(disk / "cache"), "TMPDIR": str(disk / "tmp"),
               "AVER_PARAMS": str(tmp_path / "params.yaml"), "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
        done = subprocess.run([sys.executable, f"stages/{name}.py", *arguments], cwd=ROOT, env=env, text=True,
                              capture_output=True, timeout=120)  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    assert stage("synthetic", "--out", str(disk / "synthetic"))[0] == 0
    assert stage("corpora", "--corpus", "synthetic", "--out", str(clips))[0] == 0
    for leave in (0, 60_000):
        ballast = fill(disk, leave)
        status, said = stage("media", *media, "--out", str(disk / "media"))
        ballast.unlink()
        assert status == 1, said[-2000:]
        assert "Traceback" not in said
        assert "No space left on device" in said
        assert not (disk / "media").exists()
        nothing_false_is_stored(Cache(disk / "cache"))
    assert stage("media", *media, "--out", str(disk / "media"))[0] == 0
    assert sorted(path.name for path in (disk / "media").iterdir()) == [
        "failures.parquet", "media.parquet", "recipes.parquet", "summary.json",
    ]  # fmt: skip


def test_weights_on_a_full_disk_leave_nothing_half_written(disk):
    """Seeded VGG-Face has 59 MB; torch's writer has words of its own for a disk that takes no more."""
    env = {**os.environ, "PYTHONPATH": "src", "AVER_CACHE": str(disk / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "stages/weights.py", "--encoder", "vggface", "--out", str(disk / "weights")]
    done = subprocess.run(command, cwd=ROOT, env=env, text=True, capture_output=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said[-2000:]
    assert "Traceback" not in said
    assert f"cannot write {disk / 'weights'}: No space left on device" in said
    assert list(disk.iterdir()) == []


def test_an_out_that_cannot_be_replaced_says_so_and_stays(tmp_path, monkeypatch):
    """For example another user's, in a folder that both may write to."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "before").touch()

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(CacheError, match=f"cannot write {out}: Permission denied"), out_folder(out):
        pass
    assert [path.name for path in out.iterdir()] == ["before"]


def test_words_that_cannot_be_written_are_the_ones_told(tmp_path, monkeypatch):
    """Clearing up after a failed write may fail too, on a disk that may only be read; that is not what to tell."""

    def refuse(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(CacheError, match=r"cannot write .*: Read-only file system"):
        write_text(tmp_path / "file", "x")


def test_a_library_with_errors_of_its_own_is_understood(tmp_path):
    """TensorFlow's name for a full disk."""

    class ResourceExhaustedError(Exception):
        pass

    with pytest.raises(CacheError, match=r"variables; No space left.*Nothing half-written.*run again"), \
            out_folder(tmp_path / "out") as folder:  # fmt: skip
        (folder / "half").touch()
        raise ResourceExhaustedError("variables;\n   No space left on device")
    with pytest.raises(KeyError), out_folder(tmp_path / "out"):
        raise KeyError("a bug keeps its traceback")
    with pytest.raises(ClipsError, match="too many"), out_folder(tmp_path / "out"):
        raise ClipsError("too many")
    assert list(tmp_path.iterdir()) == []
