"""Several processes at once on one cache, killed at random moments: nothing breaks, is lost or differs."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cachework import HEAVY, ONE, SUM, Params, clips, python, tasks, tree

from aver.cache.cache import Cache, Stored
from aver.cache.collect import clear
from aver.cache.health import check, leftovers
from aver.cache.health import files as listed
from aver.cache.lock import alone, release
from aver.parallel import Task, run_tasks

#: Compute a shuffled part of the clips, then sums of what was found; objects of some hundred kilobytes take their time.
WORK = """
import random
from dataclasses import replace
from pathlib import Path
from aver.cache.cache import Cache, Stored
from aver.parallel import Task, run_tasks
root, folder, seed, share = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
cache, draw = Cache(root), random.Random(seed)
step = replace(work.HEAVY, params=work.Params(factor=3, rows=4000, pause_s=0.004))
paths = sorted(folder.iterdir())
found = work.tasks(draw.sample(paths, round(share * len(paths))), step)
print("ready", flush=True)
done = run_tasks(found, "test", work.ONE, cache).outcomes
run_tasks([Task(t.name, work.SUM, {"rows": Stored(d.digest)}) for t, d in zip(found, done)], "sum", work.ONE, cache)
"""


def unlike(folder: Path, count: int) -> list[Path]:
    """Clips with different sums: a shared object would keep the recipe of whichever was computed last."""
    paths = clips(folder, count)
    for number, path in enumerate(paths):
        path.write_bytes(path.read_bytes() + b"x" * number)
    return paths


def undisturbed(tmp_path, paths) -> dict[str, bytes]:
    cache = Cache(tmp_path / "undisturbed")
    work = tasks(paths, replace(HEAVY, params=Params(factor=3, rows=4000, pause_s=0.004)))
    done = run_tasks(work, "test", ONE, cache).outcomes
    sums = [Task(t.name, SUM, {"rows": Stored(d.digest)}) for t, d in zip(work, done, strict=True)]
    run_tasks(sums, "sum", ONE, cache)
    release(cache.root)
    return tree(cache.root)


def inodes(cache) -> dict[str, int]:
    found = {}
    for path in (cache.root / "entries").rglob("*.json"):
        found[str(path)] = path.stat().st_ino
    return found


def disturb(tmp_path, kills: int, seed: int) -> None:
    """Three processes work; one of them is killed, again and again; at the end one finishes what is left."""
    draw = random.Random(seed)
    paths = unlike(tmp_path / "clips", 40)
    expected = undisturbed(tmp_path, paths)
    cache = Cache(tmp_path / "cache")
    workers = [python(WORK, cache.root, tmp_path / "clips", seed + k, 0.8) for k in range(3)]
    killed = 0
    try:
        while killed < kills:
            victim = draw.randrange(3)
            if workers[victim].poll() is None:
                workers[victim].stdout.readline()
                time.sleep(draw.uniform(0, 0.25))
                before = inodes(cache)
                workers[victim].send_signal(signal.SIGKILL)
                killed += 1
                now = inodes(cache)
                assert before.items() <= now.items()  # what is finished stays as it is
            workers[victim].communicate()
            seed += 1
            workers[victim] = python(WORK, cache.root, tmp_path / "clips", 100 + seed, draw.uniform(0.2, 1))
            # Whatever was killed, what is there is whole, at every moment.
            assert [damage for path in listed(cache.root) if (damage := check(cache.root, path))] == []
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    last = python(WORK, cache.root, tmp_path / "clips", seed, 1.0)
    assert last.communicate(timeout=60) and last.returncode == 0
    assert [path for path in listed(cache.root) if check(cache.root, path)] == []
    with alone(cache.root):  # killed processes hold nothing
        clear(leftovers(cache.root))
    assert not list(cache.root.rglob(".tmp-*"))
    assert tree(cache.root) == expected


def test_a_few_kills(tmp_path):
    disturb(tmp_path, kills=6, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 15))
def test_many_kills(tmp_path, seed):
    disturb(tmp_path, kills=40, seed=seed)


def test_processes_that_compute_the_same_at_once_end_with_one_result_each(tmp_path):
    paths = unlike(tmp_path / "clips", 40)
    expected = undisturbed(tmp_path, paths)
    cache = Cache(tmp_path / "cache")
    workers = [python(WORK, cache.root, tmp_path / "clips", seed, 1.0) for seed in range(3)]
    for worker in workers:
        assert worker.communicate(timeout=60) and worker.returncode == 0
    assert tree(cache.root) == expected
    assert list(leftovers(cache.root)) == []


def test_a_process_that_is_killed_while_it_writes_leaves_only_leftovers(tmp_path):
    """The moment that random kills rarely hit: the bytes are written, the name is not yet given."""
    paths = clips(tmp_path / "clips", 2)
    cache = Cache(tmp_path / "cache")
    code = """
    import os, signal
    from aver.cache.cache import Cache
    calls, replace = [], os.replace
    def stop(one, two):
        calls.append(two)
        if len(calls) == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        replace(one, two)
    os.replace = stop
    for task in work.tasks(sorted(Path(sys.argv[2]).iterdir())):
        Cache(Path(sys.argv[1])).run(task.step, task.inputs)
    """
    for moment in range(1, 7):
        process = python(code, cache.root, tmp_path / "clips", moment)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert len(list(leftovers(cache.root))) == 1
        assert [path for path in listed(cache.root) if check(cache.root, path)] == []
        assert len(listed(cache.root)) == moment - 1
        # Nothing but the file being written is lost: what was finished before is found.
        finished = sum(cache.find(task.step, task.inputs) is not None for task in tasks(paths))
        assert finished == (moment - 1) // 3
        for kind in ("entries", "objects", "recipes"):
            for path in (cache.root / kind).rglob("*"):
                path.unlink() if path.is_file() else None
