"""What may go and what goes: the oldest first, nothing that another result needs, nothing that does not come back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cachework import HEAVY, LIGHT, SUM, clips, files, flip, source, tasks, tree

from aver.cache.cache import Cache, Failed, Stored
from aver.cache.collect import clear, evict, inventory, over, remove
from aver.cache.health import check, leftovers
from aver.cache.health import files as listed
from aver.cache.objects import place
from aver.cache.step import key_of
from aver.errors import CacheError


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def paths(tmp_path) -> list[Path]:
    return clips(tmp_path / "clips", 4)


def run(cache, path, step=HEAVY):
    return cache.run(step, {"clip": source(path)}, path.name)


def entry(cache, step, inputs) -> Path:
    return cache.entry_path(step.name, key_of(step.parts(inputs)))


def aged(cache, step, path, days: int) -> Path:
    """Let an entry look as if it was last used some days ago."""
    found = entry(cache, step, {"clip": source(path)})
    os.utime(found, (1_700_000_000 - days * 86400,) * 2)
    return found


def whole(cache) -> bool:
    return not [path for path in listed(cache.root) if check(cache.root, path)]


def test_an_inventory_tells_what_is_there_least_recently_used_first(cache, paths):
    for path, days in zip(paths, (1, 4, 2, 3), strict=True):
        run(cache, path)
        aged(cache, HEAVY, path, days)
    items = inventory(cache.root)
    assert [item.name for item in items] == ["clip-001", "clip-003", "clip-002", "clip-000"]
    assert {item.step for item in items} == {HEAVY.name}
    assert all(item.evictable and not item.failed for item in items)
    for item in items:
        held = place(cache.root / "objects", item.digest, ".npz").stat().st_size
        assert item.bytes == held + item.path.stat().st_size


def test_finding_a_result_is_using_it(cache, paths):
    for path in paths:
        run(cache, path)
        aged(cache, HEAVY, path, 10)
    cache.find(HEAVY, {"clip": source(paths[0])})
    assert inventory(cache.root)[-1].name == "clip-000"


def test_finding_a_failure_is_using_it(cache, paths):
    paths[1].write_bytes(b"bad")
    for path, days in zip(paths[:2], (10, 20), strict=True):
        run(cache, path)
        aged(cache, HEAVY, path, days)
    assert isinstance(cache.find(HEAVY, {"clip": source(paths[1])}), Failed)
    last = inventory(cache.root)[-1]
    assert (last.name, last.failed, last.digest, last.evictable) == ("clip-001", "damaged", "", False)


def test_a_found_but_damaged_result_is_not_used(cache, paths):
    run(cache, paths[0], LIGHT)
    old = aged(cache, LIGHT, paths[0], 10)
    before = old.stat().st_mtime
    flip(files(cache, "objects")[0])
    assert cache.find(LIGHT, {"clip": source(paths[0])}) is None
    assert old.stat().st_mtime == before


def test_damaged_entries_and_objects_without_entry_are_listed_as_such(cache, paths):
    run(cache, paths[0])
    done = run(cache, paths[1])
    flip(files(cache, "entries")[0])
    entry(cache, HEAVY, {"clip": source(paths[1])}).unlink(missing_ok=True)
    steps = [(item.step, item.path.parent.parent.name) for item in inventory(cache.root)]
    assert ("-", "objects") in steps
    assert done.digest in {item.digest for item in inventory(cache.root) if item.step == "-"}


def test_what_is_over_a_limit_is_the_oldest(cache, paths):
    for days, path in enumerate(reversed(paths)):
        run(cache, path)
        aged(cache, HEAVY, path, days)
    items = inventory(cache.root)
    everything = sum(item.bytes for item in items)
    assert over(items, everything, items) == []
    assert over(items, everything - 1, items) == items[:1]
    assert over(items, items[-1].bytes, items) == items[:-1]
    assert over(items, 0, items) == items


def test_what_fits_after_removal_is_not_more_than_the_limit(cache, paths):
    """Also where two results share an object, which stays until the last of them goes."""
    for path in paths:
        run(cache, path)
        run(cache, path, LIGHT)
    for limit in (0, 1500, 5000, 20_000, 10**6):
        items = inventory(cache.root)
        remove(cache.root, over(items, limit, items), items)
        held = sum(path.stat().st_size for kind in ("entries", "objects") for path in files(cache, kind))
        assert held <= limit or not listed(cache.root)
        assert whole(cache)
        for path in paths:
            run(cache, path)
            run(cache, path, LIGHT)


def test_evicted_objects_come_back_and_all_else_stays(cache, paths):
    digests = [run(cache, path).digest for path in paths]
    before = tree(cache.root)
    sizes = sum(path.stat().st_size for path in files(cache, "objects"))
    assert evict(cache.root, inventory(cache.root)) == sizes
    assert files(cache, "objects") == []
    assert {k: v for k, v in before.items() if not k.startswith("objects")} == tree(cache.root)
    assert not any(item.evictable for item in inventory(cache.root))
    for path, digest in zip(paths, digests, strict=True):
        assert not run(cache, path).computed
        cache.load(digest)
    assert tree(cache.root) == before


def test_only_what_comes_back_is_evicted(cache, paths):
    lost, recipeless, light = (run(cache, path, step).digest for path, step in zip(paths, (HEAVY, HEAVY, LIGHT)))  # noqa: B905
    paths[0].unlink()
    flip(place(cache.root / "recipes", recipeless, ".json"))
    run(cache, paths[3])
    assert [item.name for item in inventory(cache.root) if item.evictable] == ["clip-003"]
    evict(cache.root, inventory(cache.root))
    for digest in (lost, recipeless, light):
        assert cache.load(digest)


def test_an_object_whose_input_cannot_come_back_is_not_evicted(cache, paths):
    first = run(cache, paths[0]).digest
    cache.run(SUM, {"rows": Stored(first)}, "sum")
    place(cache.root / "objects", first, ".npz").unlink()
    assert [item.name for item in inventory(cache.root) if item.evictable] == ["sum"]
    paths[0].unlink()
    assert [item.name for item in inventory(cache.root) if item.evictable] == []


def test_a_removed_result_is_computed_again(cache, paths):
    for path in paths:
        run(cache, path)
    items = inventory(cache.root)
    going = [item for item in items if item.name in ("clip-001", "clip-002")]
    recipes = sum(place(cache.root / "recipes", item.digest, ".json").stat().st_size for item in going)
    assert remove(cache.root, going, items) == sum(item.bytes for item in going) + recipes
    assert len(listed(cache.root)) == 2 * 3
    assert whole(cache)
    assert [run(cache, path).computed for path in paths] == [False, True, True, False]


def test_an_object_that_another_result_names_stays(cache, paths):
    one, two = run(cache, paths[0]), run(cache, paths[0], LIGHT)
    assert one.digest == two.digest
    items = inventory(cache.root)
    remove(cache.root, items[:1], items)
    assert len(files(cache, "entries")) == len(files(cache, "objects")) == 1
    assert whole(cache)
    items = inventory(cache.root)
    remove(cache.root, items, items)
    assert listed(cache.root) == []


def test_what_another_results_recipe_begins_with_stays(cache, paths):
    """An intermediate that was let go can still be made again after the result before it was removed."""
    first = run(cache, paths[0], LIGHT).digest
    second = cache.run(SUM, {"rows": Stored(first)}, "sum").digest
    items = inventory(cache.root)
    remove(cache.root, [item for item in items if item.digest == first], items)
    evict(cache.root, inventory(cache.root))
    assert cache.load(second)["total"] > 0
    items = inventory(cache.root)
    orphans = [item for item in items if item.step == "-"]
    assert [item.digest for item in orphans] == [first]
    remove(cache.root, orphans, items)  # still needed
    evict(cache.root, inventory(cache.root))
    assert cache.load(second)["total"] > 0
    items = inventory(cache.root)
    remove(cache.root, items, items)
    assert listed(cache.root) == []


def test_an_object_that_nothing_names_can_be_removed(cache, paths):
    run(cache, paths[0])
    files(cache, "entries")[0].unlink()
    items = inventory(cache.root)
    assert [item.step for item in items] == ["-"]
    assert remove(cache.root, items, items) > 0
    assert listed(cache.root) == []


def test_an_interrupted_removal_leaves_a_whole_cache(cache, paths, monkeypatch):
    for path in paths:
        run(cache, path)
    unlink, calls = Path.unlink, []
    items = inventory(cache.root)
    for stop in range(1, 12):

        def unlinks(path, missing_ok=False, stop=stop):
            calls.append(path)
            if len(calls) == stop:
                raise KeyboardInterrupt
            unlink(path, missing_ok=missing_ok)

        calls.clear()
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Path, "unlink", unlinks)
            remove(cache.root, items, items)
        assert whole(cache)
        for path in paths:
            run(cache, path)


def test_leftovers_are_cleared_and_nothing_else(cache, paths):
    run(cache, paths[0])
    before = tree(cache.root)
    (cache.root / ".tmp-scratch").mkdir()
    (cache.root / ".tmp-scratch" / "rows.npy").write_bytes(b"12345")
    (files(cache, "objects")[0].parent / ".tmp-half").write_bytes(b"123")
    assert clear(leftovers(cache.root)) == 8
    assert list(leftovers(cache.root)) == []
    assert tree(cache.root) == before


def test_a_file_that_may_not_be_removed_says_so(cache, paths, monkeypatch):
    run(cache, paths[0])

    def refuse(path, missing_ok=False):
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    items = inventory(cache.root)
    with pytest.raises(CacheError, match="cannot be removed: Operation not permitted"):
        remove(cache.root, items, items)


def test_progress_sees_every_entry(cache, paths):
    for task in tasks(paths):
        cache.run(task.step, task.inputs, task.name)
    seen: list[Path] = []

    def each(found):
        for path in found:
            seen.append(path)
            yield path

    inventory(cache.root, each)
    assert sorted(seen) == files(cache, "entries")
