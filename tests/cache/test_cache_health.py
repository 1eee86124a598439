"""Every kind of damage is found, and repair leaves a whole cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cachework import HEAVY, LIGHT, SUM, clips, files, flip, source, tasks, tree

from aver.cache import health
from aver.cache.cache import Cache, Done, Inline, Step, Stored
from aver.cache.health import check, leftovers
from aver.cache.health import files as listed
from aver.cache.objects import place
from aver.cache.sealed import seal, unseal
from aver.errors import CacheError


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def clip(tmp_path):
    return {"clip": source(clips(tmp_path / "clips", 1)[0])}


@pytest.fixture
def chain(cache, clip) -> tuple[str, str]:
    """Two objects, the second made from the first."""
    first = cache.run(HEAVY, clip).digest
    return first, cache.run(SUM, {"rows": Stored(first)}).digest


def repair(cache, found):
    """Return how many objects were made again and how many files removed."""
    remade, removed = health.repair(cache, found)
    return remade, len(removed)


def damages(cache):
    return [damage for path in listed(cache.root) if (damage := check(cache.root, path))]


def found(cache) -> list[tuple[str, str]]:
    return [(damage.kind, damage.what) for damage in damages(cache)]


def at(cache, kind: str, digest: str) -> Path:
    return place(cache.root / kind, digest, ".npz" if kind == "objects" else ".json")


def test_a_whole_cache_is_whole_and_only_results_are_listed(cache, chain):
    (cache.root / "lock").touch()
    (cache.root / "runs").mkdir()
    (cache.root / "objects" / ".tmp-half").write_bytes(b"half")
    assert found(cache) == []
    assert len(listed(cache.root)) == 6
    assert listed(cache.root / "nowhere") == []


@pytest.mark.parametrize("kind", ["entries", "objects", "recipes"])
def test_any_flipped_bit_of_any_file_is_found(cache, chain, kind):
    """Bits of the smallest file, one by one, spread over all of it: no place goes without a check."""
    path = min(files(cache, kind), key=lambda path: path.stat().st_size)
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 7):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        damage = check(cache.root, path)
        assert damage is not None, f"bit {bit}"
        assert damage.kind == {"entries": "entry", "objects": "object", "recipes": "recipe"}[kind]
    path.write_bytes(whole)
    assert found(cache) == []


@pytest.mark.parametrize("kind", ["entries", "objects", "recipes"])
@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"\xff\xfe", b"[" * 100_000], ids=lambda c: str(c[:4]))
def test_other_content_is_found(cache, chain, kind, content):
    files(cache, kind)[0].write_bytes(content)
    assert len(found(cache)) == 1


def test_an_entry_under_another_key_than_its_own_is_found(cache, chain):
    one, two = files(cache, "entries")
    shutil.copy(one, two)
    assert found(cache) == [("entry", "it lies under another key than its own")]


def test_a_sealed_entry_of_another_kind_is_found(cache, clip):
    cache.run(HEAVY, clip)
    (entry,) = files(cache, "entries")
    body = unseal(entry.read_bytes())
    for less in ("parts", "outcome"):
        entry.write_bytes(seal({key: value for key, value in body.items() if key != less}))
        assert [kind for kind, _ in found(cache)] == ["entry"]


def test_an_evicted_object_is_no_damage_but_one_without_recipe_is(cache, chain):
    for digest in chain:
        at(cache, "objects", digest).unlink()
    assert found(cache) == []
    at(cache, "recipes", chain[1]).unlink()
    assert found(cache) == [("entry", "its object is gone and there is no recipe for it")]


def test_a_lasting_failure_needs_no_object(cache, tmp_path):
    (tmp_path / "clip").write_bytes(b"bad")
    cache.run(HEAVY, {"clip": source(tmp_path / "clip")})
    assert len(listed(cache.root)) == 1
    assert found(cache) == []


def test_a_damaged_object_is_made_again_from_its_recipe(cache, chain):
    before = tree(cache.root)
    flip(at(cache, "objects", chain[0]))
    assert found(cache) == [("object", "its content is not what its name says")]
    assert repair(cache, damages(cache)) == (1, 0)
    assert tree(cache.root) == before


def test_a_damaged_object_whose_input_is_damaged_too_is_made_again(cache, chain):
    before = tree(cache.root)
    for digest in chain:
        flip(at(cache, "objects", digest))
    assert repair(cache, damages(cache)) == (2, 0)
    assert tree(cache.root) == before


def test_a_damaged_object_with_a_damaged_recipe_goes_with_its_entry(cache, clip):
    digest = cache.run(HEAVY, clip).digest
    flip(at(cache, "objects", digest))
    flip(at(cache, "recipes", digest))
    assert repair(cache, damages(cache)) == (0, 3)
    assert listed(cache.root) == []
    assert cache.find(HEAVY, clip) is None
    assert cache.run(HEAVY, clip).computed


def test_a_damaged_object_made_from_inline_arrays_goes_and_is_computed_again(cache, chain):
    step = Step("total", SUM.function, SUM.params)
    table = {"rows": Inline(cache.load(chain[0]))}
    other = Cache(cache.root.with_name("other"))
    other.run(step, table)
    flip(files(other, "objects")[0])
    assert repair(other, damages(other)) == (0, 2)
    assert other.run(step, table).computed
    assert found(other) == []


def test_an_evicted_object_with_a_damaged_recipe_loses_its_entry(cache, chain):
    """Otherwise the repaired cache would promise an object that nothing can make."""
    at(cache, "objects", chain[0]).unlink()
    flip(at(cache, "recipes", chain[0]))
    assert repair(cache, damages(cache)) == (0, 2)
    assert found(cache) == []


def test_a_damaged_recipe_goes_and_is_written_again_when_its_object_is_found(cache, clip):
    cache.run(HEAVY, clip)
    before = tree(cache.root)
    flip(files(cache, "recipes")[0])
    assert repair(cache, damages(cache)) == (0, 1)
    assert isinstance(cache.find(HEAVY, clip), Done)
    assert tree(cache.root) == before


def test_damage_whose_source_is_gone_is_removed(cache, clip):
    digest = cache.run(HEAVY, clip).digest
    clip["clip"].path.unlink()
    flip(at(cache, "objects", digest))
    remade, removed = repair(cache, damages(cache))
    assert (remade, removed) == (0, 1)  # the recipe stays: the file may come back
    assert found(cache) == []
    with pytest.raises(CacheError, match="is not there"):
        cache.load(digest)


def test_repair_of_nothing_touches_nothing(cache, chain):
    inodes = {path: path.stat().st_ino for path in listed(cache.root)}
    assert repair(cache, []) == (0, 0)
    assert {path: path.stat().st_ino for path in listed(cache.root)} == inodes


def test_a_file_that_goes_while_it_is_checked_is_no_damage(cache, chain):
    assert check(cache.root, cache.root / "objects" / "ab" / "gone.npz") is None


def test_leftovers_are_found_wherever_they_are_and_results_are_not(cache, chain):
    half = [cache.root / ".tmp-scratch", cache.root / "objects" / "ab" / ".tmp-1", cache.root / "entries" / ".tmp-2"]
    half[0].mkdir()
    (half[0] / "rows.npy").write_bytes(b"x")
    (half[0] / ".tmp-inside").write_bytes(b"x")
    for path in half[1:]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert sorted(leftovers(cache.root)) == sorted(half)
    assert found(cache) == []


def test_many_damages_at_once(cache, tmp_path):
    """Of twenty clips, objects, entries and recipes are damaged at random; repair and one more run bring all back."""
    work = tasks(clips(tmp_path / "clips", 20), LIGHT)
    for task in work:
        cache.run(task.step, task.inputs, task.name)
    before = tree(cache.root)
    every = listed(cache.root)
    for number, path in enumerate(every):
        if number % 3 == 0:
            flip(path, -5 - number)
        elif number % 7 == 0:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    hurt = damages(cache)
    assert {damage.path for damage in hurt} == {p for k, p in enumerate(every) if k % 3 == 0 or k % 7 == 0}
    repair(cache, hurt)
    assert found(cache) == []
    for task in work:
        cache.run(task.step, task.inputs, task.name)
    assert tree(cache.root).items() <= before.items()
    assert {name for name in before if not name.startswith("recipes")} <= set(tree(cache.root))
