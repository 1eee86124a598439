"""Garbage collection: which results of a cache to let go, and letting them go without harming the others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from aver.cache.health import bytes_of, discard, files
from aver.cache.objects import place
from aver.cache.recipe import Recipe, obstacle, read_recipe
from aver.cache.sealed import unseal


@dataclass(frozen=True)
class Item:
    """One stored outcome, or an object that no outcome names.

    Args:
        path: its entry; the object itself where no entry names it.
        step: which step it is of; `-` for an object without entry.
        name: the clip's, as far as it is known.
        digest: of its object; empty for a failure.
        used: when it was last used, seconds since the epoch.
        bytes: of the entry, and of the object on disk (0 when it is evicted, or counted for another item).
        evictable: its object is a heavy intermediate that can be made again from what lies on this host.
        failed: the reason code, for a failure.
    """

    path: Path
    step: str
    name: str
    digest: str
    used: float
    bytes: int
    evictable: bool
    failed: str = ""


def inventory(root: Path, each: Callable[[list[Path]], Iterable[Path]] = lambda paths: paths) -> list[Item]:
    """Return all items of a cache, least recently used first.

    Damaged entries are items of step `-` (see `aver.cache.health`).

    Args:
        root: the cache.
        each: wraps the list of entries, to show progress.
    """
    paths = files(root)
    objects = {path.stem: path.stat() for path in paths if path.suffix == ".npz"}
    items = [
        _item(root, path, objects) for path in each([p for p in paths if p.relative_to(root).parts[0] == "entries"])
    ]
    named = {item.digest for item in items}
    for digest, stat in objects.items():
        if digest not in named:
            path = place(root / "objects", digest, ".npz")
            items.append(Item(path, "-", "", digest, stat.st_mtime, stat.st_size, evictable=_comes_back(root, digest)))
    return _counted_once(sorted(items, key=lambda item: (item.used, item.path)), objects)


def _counted_once(items: list[Item], objects: dict[str, os.stat_result]) -> list[Item]:
    """Leave the bytes of an object that several items name with the one used last: it goes when that one goes."""
    seen: set[str] = set()
    counted = []
    for item in reversed(items):
        if item.digest in seen and item.digest in objects:
            item = replace(item, bytes=item.bytes - objects[item.digest].st_size)
        seen.add(item.digest)
        counted.append(item)
    return counted[::-1]


def _item(root: Path, path: Path, objects: dict[str, os.stat_result]) -> Item:
    try:
        stat = path.stat()
    except FileNotFoundError:  # removed by another process meanwhile
        return Item(path, "-", "", "", 0.0, 0, evictable=False)
    try:
        body = unseal(path.read_bytes())
        step, outcome, name = str(body["parts"]["step"]), body["outcome"], str(body.get("name", ""))
    except (OSError, ValueError, KeyError, TypeError):
        return Item(path, "-", "", "", stat.st_mtime, stat.st_size, evictable=False)
    digest = outcome.get("digest", "")
    held = objects[digest].st_size if digest in objects else 0
    evictable = bool(held and outcome.get("evictable") and _comes_back(root, digest))
    failed = outcome.get("reason", "")
    return Item(path, step, name, digest, stat.st_mtime, stat.st_size + held, evictable, failed)


def _comes_back(root: Path, digest: str) -> bool:
    recipe = _recipe(root, digest)
    if recipe is None or obstacle(recipe):
        return False
    return all(place(root / "objects", other, ".npz").exists() or _comes_back(root, other) for other in _reads(recipe))


def _recipe(root: Path, digest: str) -> Recipe | None:
    with suppress(OSError):
        return read_recipe(place(root / "recipes", digest, ".json"))
    return None


def _reads(recipe: Recipe) -> list[str]:
    """Return the digests of the objects that a recipe begins with."""
    return [value["digest"] for value in recipe["inputs"].values() if "path" not in value]


def over(items: list[Item], most_bytes: int, candidates: list[Item]) -> list[Item]:
    """Return the candidates, least recently used first, without which `items` fit into `most_bytes`."""
    excess = sum(item.bytes for item in items) - most_bytes
    chosen = []
    for item in candidates:
        if excess <= 0:
            break
        chosen.append(item)
        excess -= item.bytes
    return chosen


def evict(root: Path, items: Iterable[Item]) -> int:
    """Remove the objects of evictable items and keep their entries and recipes; return the bytes freed."""
    paths = {place(root / "objects", item.digest, ".npz") for item in items if item.evictable}
    return sum(_remove(path) for path in sorted(paths))


def remove(root: Path, chosen: Iterable[Item], items: Iterable[Item]) -> int:
    """Remove items with their objects and recipes, but nothing that another item needs; return the bytes freed.

    Another item needs its object, and what its recipe begins with: otherwise, once evicted, it could not come back.
    The entry goes first: interrupted, it leaves an object that nothing names, never an entry without its object.

    Args:
        root: the cache.
        chosen: what to remove.
        items: the whole inventory.
    """
    chosen = list(chosen)
    going = {item.path for item in chosen}
    needed = _needed(root, {item.digest for item in items if item.path not in going})
    freed = 0
    for item in chosen:
        thing, recipe = place(root / "objects", item.digest, ".npz"), place(root / "recipes", item.digest, ".json")
        if item.path != thing:
            freed += _remove(item.path)
        if item.digest and item.digest not in needed:
            freed += _remove(thing) + _remove(recipe)
    return freed


def _needed(root: Path, digests: set[str]) -> set[str]:
    """Return the digests and, all the way up, the digests of what their recipes begin with."""
    found: set[str] = set()
    waiting = list(digests - {""})
    while waiting:
        digest = waiting.pop()
        if digest not in found:
            found.add(digest)
            recipe = _recipe(root, digest)
            waiting += _reads(recipe) if recipe else []
    return found


def clear(unfinished: Iterable[Path]) -> int:
    """Remove what killed processes left (`aver.cache.health.leftovers`); return the bytes freed."""
    freed = 0
    for path in unfinished:
        freed += bytes_of(path)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            discard(path)
    return freed


def _remove(path: Path) -> int:
    length = bytes_of(path)
    discard(path)
    return length
