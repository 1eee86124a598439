"""Who is using a cache: stages share it, deleting needs it alone, and a killed process holds nothing."""

from __future__ import annotations

import fcntl
import os
import signal
import time

import pytest
from cachework import ONE, clips, python, tasks, told

from aver.cache.cache import Cache
from aver.cache.lock import alone, hold, release
from aver.errors import CacheError
from aver.parallel import run_tasks

HOLD = """
from aver.cache.lock import hold
hold(Path(sys.argv[1])); hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read() if len(sys.argv) < 3 else __import__("time").sleep(60)
"""
ALONE = """
import time
from aver.cache.lock import alone
with alone(Path(sys.argv[1])):
    print("alone", flush=True)
    time.sleep(0.5)
    Path(sys.argv[1], "ended").touch()
"""


@pytest.fixture
def root(tmp_path):
    yield tmp_path / "cache"
    release(tmp_path / "cache")


def test_alone_is_refused_while_a_process_shares_and_a_killed_one_shares_no_more(root):
    other = python(HOLD, root, "sleep")
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(CacheError, match=r"in use by a running stage\. Try again"), alone(root):
            pytest.fail("not alone")
        hold(root)  # sharing is allowed
        release(root)
        other.send_signal(signal.SIGKILL)
        other.wait(10)
        with alone(root):
            pass
    finally:
        other.kill()
        other.communicate()


def test_a_stage_waits_until_the_collector_has_finished(root):
    other = python(ALONE, root)
    assert other.stdout.readline() == "alone\n"
    started = time.monotonic()
    hold(root)
    assert (root / "ended").exists()
    assert time.monotonic() - started > 0.2
    told(other)


def test_run_tasks_shares_the_cache(root, tmp_path):
    run_tasks(tasks(clips(tmp_path / "clips", 2)), "test", ONE, Cache(root))
    with pytest.raises(CacheError, match="in use"), alone(root):
        pytest.fail("not alone")
    release(root)
    with alone(root):
        pass


def test_a_worker_that_outlives_its_stage_still_shares(root, tmp_path):
    """Worker processes go on for the length of a clip after their stage was killed; they write, so they share."""
    clips(tmp_path / "clips", 2)
    other = python(
        """
        from aver.cache.cache import Cache
        from aver.params.blocks import Parallel
        from aver.parallel import run_tasks
        from dataclasses import replace
        step = replace(work.HEAVY, params=work.Params(pause_s=1.5))
        found = work.tasks(sorted(Path(sys.argv[2]).iterdir()), step)
        print("ready", flush=True)
        run_tasks(found, "test", Parallel(2, "loky"), Cache(Path(sys.argv[1])))
        """,
        root, tmp_path / "clips", start_new_session=True,
    )  # fmt: skip
    try:
        assert other.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 30
        while shares(root) < 3:  # the stage and its two workers
            assert time.monotonic() < deadline
            time.sleep(0.02)
        other.kill()
        other.wait(10)
        assert shares(root) > 0
        with pytest.raises(CacheError, match="in use"), alone(root):
            pytest.fail("not alone")
        while shares(root):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with alone(root):
            pass
    finally:
        os.killpg(other.pid, signal.SIGKILL)  # idle workers wait for minutes
        other.communicate()


def shares(root) -> int:
    """The number of locks on the cache, as the kernel lists them."""
    try:
        inode = (root / "lock").stat().st_ino
    except FileNotFoundError:
        return 0
    with open("/proc/locks", encoding="ascii") as file:  # noqa: PTH123
        return sum(f":{inode} " in line and "FLOCK" in line for line in file)


def test_alone_twice_is_refused_and_the_lock_goes_with_the_block(root):
    with alone(root), pytest.raises(CacheError), alone(root):
        pytest.fail("not alone")
    with pytest.raises(ValueError, match="mine"), alone(root):
        raise ValueError("mine")
    with pytest.raises(BlockingIOError, match="of the block"), alone(root):
        raise BlockingIOError(11, "of the block")
    with alone(root):
        pass


def test_where_there_are_no_locks_nothing_is_locked(root, monkeypatch):
    def unsupported(*args):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    hold(root)
    entered = []
    with alone(root):
        entered.append(True)
    assert entered


def test_a_cache_in_an_impossible_place_can_be_looked_at_but_not_had_alone(tmp_path):
    (tmp_path / "file").touch()
    hold(tmp_path / "file" / "cache")
    with pytest.raises(CacheError, match="may not be written by you"), alone(tmp_path / "file" / "cache"):
        pass
