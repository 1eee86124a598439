"""Caches of other versions are left alone; a copied cache works where it is put."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from cachework import HEAVY, LIGHT, ONE, SUM, clips, files, tasks, tree

from aver.cache import cache as cache_module
from aver.cache import objects, recipe, step
from aver.cache.cache import Cache, Stored
from aver.cache.collect import evict, inventory, remove
from aver.cache.health import check, repair
from aver.cache.health import files as listed
from aver.cache.objects import FORMAT, MARK, digest_of, pack, place, unpack
from aver.cache.sealed import canonical, seal
from aver.cache.step import key_of
from aver.errors import CacheError
from aver.parallel import run_tasks


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def work(tmp_path):
    return tasks(clips(tmp_path / "clips", 3))


def of_format_1(root, task) -> str:
    """Write what AVER 0.1 would have written for a task: no step folder, no mark, no seal on the recipe."""
    np.savez(root.with_name("old.npz"), rows=np.arange(3))
    content = root.with_name("old.npz").read_bytes()
    digest = digest_of(content)
    parts = {**task.step.parts(task.inputs), "format": 1, "code": "ab" * 32}
    entry = seal({"parts": parts, "outcome": {"digest": digest, "bytes": len(content), "note": {}}})
    made = canonical({"format": 1, "step": "double", "inputs": {}}).encode()
    for path, written in (
        (place(root / "entries", key_of(parts), ".json"), entry),
        (place(root / "objects", digest, ".npz"), content),
        (place(root / "recipes", digest, ".json"), made),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written)
    return digest


def test_results_of_format_1_are_never_found_and_never_called_damaged(cache, work):
    digest = of_format_1(cache.root, work[0])
    assert [cache.find(task.step, task.inputs) for task in work] == [None] * 3
    assert [path for path in listed(cache.root) if check(cache.root, path)] == []
    old = tree(cache.root)
    assert run_tasks(work, "test", ONE, cache).computed == 3
    assert old.items() <= tree(cache.root).items()
    with pytest.raises(CacheError, match=r"format 1; this AVER reads format 3\. Use the AVER that wrote it, or run"):
        cache.load(digest)


def test_results_of_format_1_can_be_removed(cache, work):
    of_format_1(cache.root, work[0])
    run_tasks(work, "test", ONE, cache)
    items = inventory(cache.root)
    (old,) = [item for item in items if not item.name]
    remove(cache.root, [old], items)
    assert len(listed(cache.root)) == 9
    assert run_tasks(work, "test", ONE, cache).cached == 3


def test_a_damaged_object_of_format_1_goes(cache, work):
    digest = of_format_1(cache.root, work[0])
    path = place(cache.root / "objects", digest, ".npz")
    path.write_bytes(path.read_bytes()[:-1])
    damages = [damage for found in listed(cache.root) if (damage := check(cache.root, found))]
    assert [damage.path for damage in damages] == [path]
    repair(cache, damages)
    assert not path.exists()


@pytest.mark.parametrize("other", [FORMAT - 1, FORMAT + 1])
def test_another_format_computes_beside_and_disturbs_nothing(cache, work, monkeypatch, other):
    run_tasks(work, "test", ONE, cache)
    before = tree(cache.root)
    with monkeypatch.context() as patch:
        for module in (objects, recipe, step, cache_module):
            patch.setattr(module, "FORMAT", other)
        fresh = [type(task)(task.name, type(task.step)(**fields(task.step)), task.inputs) for task in work]
        assert run_tasks(fresh, "test", ONE, cache).computed == 3
        assert run_tasks(fresh, "test", ONE, cache).cached == 3
    assert before.items() <= tree(cache.root).items()
    assert len(tree(cache.root)) == 2 * len(before)
    assert run_tasks(work, "test", ONE, cache).cached == 3
    assert [path for path in listed(cache.root) if check(cache.root, path) and "recipes" not in path.parts] == []


def fields(given) -> dict:
    """A step's arguments: a step remembers the fixed parts of its key, a new one does not."""
    return {name: getattr(given, name) for name in ("name", "function", "params", "runtime", "evictable", "note")}


def test_the_mark_of_the_format_is_in_every_object_and_no_array(cache, work):
    arrays = {"rows": np.arange(3)}
    with np.load(objects.io.BytesIO(pack(arrays))) as archive:
        assert int(archive[MARK]) == FORMAT
    assert set(unpack(pack(arrays))) == {"rows"}


def test_a_copied_cache_works_elsewhere(cache, work, tmp_path):
    """Copied whole to another place, or for another user: all is found, and what was evicted comes back."""
    run_tasks(work, "test", ONE, cache)
    digests = [cache.find(task.step, task.inputs).digest for task in work]
    summed = [cache.run(SUM, {"rows": Stored(digest)}).digest for digest in digests]
    for task in tasks([task.inputs["clip"].path for task in work], LIGHT):
        cache.run(task.step, task.inputs, task.name)
    evict(cache.root, inventory(cache.root)[:4])
    copy = Cache(tmp_path / "else" / "where")
    shutil.copytree(cache.root, copy.root)
    shutil.rmtree(cache.root)
    assert run_tasks(work, "test", ONE, copy).cached == 3
    for digest in (*digests, *summed):
        copy.load(digest)
    assert not cache.root.exists()
    assert [path for path in listed(copy.root) if check(copy.root, path)] == []
    assert len(files(copy, "objects")) == 6


def test_no_entry_names_the_place_of_the_cache_or_of_a_clip(cache, work, tmp_path):
    run_tasks(work, "test", ONE, cache)
    for path in files(cache, "entries"):
        assert str(tmp_path) not in path.read_text()
        assert set(json.loads(path.read_bytes())["body"]) == {"parts", "outcome", "name"}


def test_a_changed_evictable_mark_is_no_other_result(cache, work):
    """Whether an object may be evicted is a matter of housekeeping: it is no part of the key."""
    run_tasks(work, "test", ONE, cache)
    light = [type(task)(task.name, type(task.step)(**{**fields(task.step), "evictable": False}), task.inputs)
             for task in work]  # fmt: skip
    assert run_tasks(light, "test", ONE, cache).cached == 3
    assert HEAVY.evictable
