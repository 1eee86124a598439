"""Caches that several users share, that may only be read, or that cannot be read at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from cachework import LIGHT, ONE, clips, files, python, tasks, told, tree

from aver.cache.cache import Cache
from aver.cache.health import check
from aver.cache.health import files as listed
from aver.cache.lock import alone, release
from aver.cache.sealed import seal, unseal
from aver.errors import CacheError
from aver.parallel import run_tasks

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root can act as other users")
#: Two users and their common group; no account needs to exist.
ANNA, BERT, NOBODY, GROUP = 61_001, 61_002, 65_534, 61_010

#: Run the tasks of a folder of clips; print how many were computed and found, or the error.
RUN = """
from aver.cache.cache import Cache
from aver.errors import AverError
from aver.parallel import run_tasks
import logging; logging.basicConfig(stream=sys.stdout, format="%(message)s")
cache = Cache(Path(sys.argv[1]))
found = [task for task in work.tasks(sorted(Path(sys.argv[2]).iterdir()))]
try:
    run = run_tasks(found, "test", work.ONE, cache)
    print(run.computed, run.cached, sum(len(cache.load(outcome.digest)["rows"]) for outcome in run.outcomes))
except AverError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def place():
    """A folder that other users can reach (pytest's own are private)."""
    folder = Path(tempfile.mkdtemp(prefix="aver-shared-"))
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def filled(place) -> tuple[Cache, Path]:
    """A cache with the results of three clips."""
    cache = Cache(place / "cache")
    run_tasks(tasks(clips(place / "clips", 3)), "test", ONE, cache)
    return cache, place / "clips"


def as_user(cache: Cache, folder: Path, user: int = NOBODY, group: int = NOBODY, umask: int = 0o022) -> str:
    return told(python(RUN, cache.root, folder, user=user if ROOT else 0, group=group, umask=umask))


def only_readable(root: Path) -> None:
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def whole(cache: Cache) -> bool:
    return not [path for path in listed(cache.root) if check(cache.root, path)]


def test_a_cache_that_may_only_be_read_is_read(filled):
    cache, folder = filled
    before = tree(cache.root)
    only_readable(cache.root)
    assert as_user(cache, folder).splitlines()[-1] == "0 3 27"
    assert tree(cache.root) == before


def test_an_evicted_object_cannot_come_back_into_a_cache_that_may_only_be_read(filled):
    cache, folder = filled
    shutil.rmtree(cache.root / "objects")
    (cache.root / "objects").mkdir()
    only_readable(cache.root)
    said = as_user(cache, folder)
    assert f"CacheError the clip cache {cache.root} cannot be written: Permission denied" in said
    assert "AVER_CACHE" in said


def test_computing_into_a_cache_that_may_only_be_read_names_it_and_the_way_out(filled):
    cache, folder = filled
    (folder / "new").write_bytes(b"new")
    before = tree(cache.root)
    only_readable(cache.root)
    said = as_user(cache, folder)
    assert f"CacheError the clip cache {cache.root} cannot be written: Permission denied" in said
    assert "set AVER_CACHE to another folder" in said
    assert tree(cache.root) == before


def test_a_place_where_no_cache_can_be_made_is_named(place):
    clips(place / "clips", 1)
    place.chmod(0o555)
    said = as_user(Cache(place / "cache"), place / "clips")
    assert f"CacheError the clip cache {place / 'cache'} cannot be written: Permission denied" in said


@pytest.mark.parametrize("kind", ["entries", "objects"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_cannot_be_read_is_named_without_a_traceback(filled, kind, what):
    cache, folder = filled
    path = files(cache, kind)[0]
    hidden = path if what == "file" else path.parent
    hidden.chmod(0)
    said = as_user(cache, folder)
    assert f"CacheError the clip cache {cache.root} cannot be read: Permission denied" in said
    assert str(path) in said
    assert "umask 002" in said


def test_a_recipe_that_cannot_be_read_costs_nothing_until_it_is_needed(filled):
    cache, folder = filled
    for path in files(cache, "recipes"):
        path.chmod(0)
    assert as_user(cache, folder).splitlines()[-1] == "0 3 27"
    shutil.rmtree(cache.root / "objects")
    (cache.root / "objects").mkdir(mode=0o777)
    said = as_user(cache, folder)
    assert f"CacheError the clip cache {cache.root} cannot be read: Permission denied" in said
    assert "recipes" in said


def test_a_whole_cache_that_cannot_be_entered_is_named(filled):
    cache, folder = filled
    cache.root.chmod(0)
    assert f"CacheError the clip cache {cache.root} cannot be read: Permission denied" in as_user(cache, folder)


LOOK = """
from aver.cache.cache import Cache
from aver.errors import AverError
from aver.parallel import look_up
from dataclasses import replace
found = [task for task in work.tasks(sorted(Path(sys.argv[2]).iterdir()), work.LIGHT)]
try:
    print(look_up(found, "test", work.ONE, Cache(Path(sys.argv[1]))).cached)
except AverError as error:
    print(type(error).__name__, error)
"""


def test_looking_into_a_cache_that_cannot_be_read_says_so(filled):
    cache, folder = filled
    run_tasks(tasks(sorted(folder.iterdir()), LIGHT), "test", ONE, cache)
    user = {"user": NOBODY, "group": NOBODY} if ROOT else {}
    only_readable(cache.root)
    assert told(python(LOOK, cache.root, folder, **user)) == "3"
    files(cache, "objects")[0].parent.chmod(0)
    assert f"CacheError the clip cache {cache.root} cannot be read" in told(python(LOOK, cache.root, folder, **user))


def test_a_result_that_cannot_come_back_is_told_from_a_cache_that_may_only_be_read(filled):
    """It cannot be forgotten there, which is not what to tell."""
    cache, _ = filled
    for path in files(cache, "recipes"):
        body = unseal(path.read_bytes())
        path.write_bytes(seal(body | {"params": body["params"] | {"factor": 9}}))
    shutil.rmtree(cache.root / "objects")
    (cache.root / "objects").mkdir()
    only_readable(cache.root)
    code = """
    from aver.cache.cache import Cache
    from aver.errors import CacheError
    try:
        Cache(Path(sys.argv[1])).load(sys.argv[2])
    except CacheError as error:
        print(error)
    """
    user = {"user": NOBODY, "group": NOBODY} if ROOT else {}
    assert "gave other bytes" in told(python(code, cache.root, files(cache, "recipes")[0].stem, **user))


CHECK = """
from aver.cache.health import check, files
from aver.errors import AverError
try:
    for path in files(Path(sys.argv[1])):
        if damage := check(Path(sys.argv[1]), path):
            print(damage.path, damage.what)
except AverError as error:
    print(type(error).__name__, error)
"""


def test_a_check_names_what_it_cannot_read(filled):
    cache, _ = filled
    path = files(cache, "objects")[0]
    user = {"user": NOBODY, "group": NOBODY} if ROOT else {}
    path.chmod(0)
    assert told(python(CHECK, cache.root, **user)) == f"{path} it cannot be read: Permission denied"
    path.parent.chmod(0)
    said = told(python(CHECK, cache.root, **user))
    assert said.startswith(f"CacheError {path.parent} cannot be listed: Permission denied")


@needs_root
def test_a_cache_shared_by_a_group_works_both_ways(place):
    """Anna computes, Bert finds; Bert computes, Anna finds; each may replace what the other's damaged."""
    clips(place / "clips", 3)
    root = place / "cache"
    root.mkdir()
    os.chown(root, ANNA, GROUP)
    root.chmod(0o2775)
    cache = Cache(root)
    anna = {"user": ANNA, "group": GROUP, "umask": 0o002}
    bert = {"user": BERT, "group": GROUP, "umask": 0o002}
    assert as_user(cache, place / "clips", **anna).splitlines()[-1] == "3 0 27"
    first = min(path.stat().st_mtime for path in files(cache, "entries"))
    for path in files(cache, "entries"):
        os.utime(path, (first - 1000,) * 2)
    assert as_user(cache, place / "clips", **bert).splitlines()[-1] == "0 3 27"
    assert min(path.stat().st_mtime for path in files(cache, "entries")) >= first  # used, also by Bert
    (place / "clips" / "new").write_bytes(b"new")
    assert as_user(cache, place / "clips", **bert).splitlines()[-1] == "1 3 30"
    assert as_user(cache, place / "clips", **anna).splitlines()[-1] == "0 4 30"
    for path in files(cache, "objects"):
        path.unlink()
    assert as_user(cache, place / "clips", **bert).splitlines()[-1] == "0 4 30"  # made again over Anna's folders
    for path in files(cache, "entries"):
        path.write_bytes(b"damaged")
    assert as_user(cache, place / "clips", **anna).splitlines()[-1] == "4 0 30"
    owners = {path.stat().st_uid for path in listed(root)}
    assert owners == {ANNA, BERT}
    assert {path.stat().st_gid for path in listed(root)} == {GROUP}
    assert whole(cache)


@needs_root
def test_a_cache_shared_without_the_umask_still_never_breaks(place):
    """Where the second user may read and not write, finding works and computing says why it does not."""
    clips(place / "clips", 2)
    root = place / "cache"
    root.mkdir()
    os.chown(root, ANNA, GROUP)
    root.chmod(0o2775)
    cache = Cache(root)
    as_user(cache, place / "clips", ANNA, GROUP)
    assert as_user(cache, place / "clips", BERT, GROUP).splitlines()[-1] == "0 2 18"
    for number in range(40):  # some key falls into a folder of Anna's
        (place / "clips" / f"more-{number}").write_bytes(f"more {number}".encode())
    said = as_user(cache, place / "clips", BERT, GROUP)
    assert "cannot be written: Permission denied" in said
    assert "Traceback" not in said
    assert whole(cache)


@needs_root
def test_the_lock_of_a_cache_that_may_only_be_read_is_shared(filled):
    cache, _ = filled
    only_readable(cache.root)
    code = """
    from aver.cache.lock import hold
    hold(Path(sys.argv[1]))
    print("held", flush=True)
    sys.stdin.read()
    """
    release(cache.root)
    with python(code, cache.root, user=NOBODY, group=NOBODY) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(CacheError, match="in use"), alone(cache.root):
            pytest.fail("not alone")
        other.kill()
