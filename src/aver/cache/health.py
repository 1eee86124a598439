"""Is everything in the cache what it was when it was written?  Find what is not, and mend it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aver.cache.cache import Cache
from aver.cache.objects import TEMPORARY, digest_of, place
from aver.cache.sealed import unseal
from aver.cache.step import key_of
from aver.errors import CacheError

#: The kind of a file whose content is not known: it may be whole, so it is never removed.
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Damage:
    """One file of a cache that is not what it should be: `kind` is entry | object | recipe | unreadable."""

    path: Path
    kind: str
    what: str


def files(root: Path) -> list[Path]:
    """Return every entry, object and recipe of a cache, sorted; unfinished files are left out."""
    found = []
    for kind in ("entries", "objects", "recipes"):
        for folder, _, names in os.walk(root / kind, onerror=_unlisted):
            found += [Path(folder, name) for name in names if not name.startswith(TEMPORARY)]
    return sorted(found)


def _unlisted(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise CacheError(
            f"{error.filename} cannot be listed: {error.strerror}. Mend the permissions (a shared cache needs a common "
            "group and umask 002)."
        ) from error


def check(root: Path, path: Path) -> Damage | None:
    """Return what is wrong with one file of `files(root)`, or None."""
    kind = {"entries": "entry", "objects": "object", "recipes": "recipe"}[path.relative_to(root).parts[0]]
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # removed meanwhile
        return None
    except OSError as exc:
        return Damage(path, UNREADABLE, f"it cannot be read: {exc.strerror or exc}")
    if kind == "object":
        return None if digest_of(content) == path.stem else Damage(path, kind, "its content is not what its name says")
    try:
        body = unseal(content)
        misplaced = kind == "entry" and key_of(body["parts"]) != path.stem
        outcome = body["outcome"] if kind == "entry" else {}
    except (ValueError, KeyError, TypeError):
        return None if kind == "recipe" and _of_format_1(content) else Damage(path, kind, "its checksum does not fit")
    if misplaced:
        return Damage(path, kind, "it lies under another key than its own")
    if "digest" in outcome and not _obtainable(root, outcome["digest"]):
        return Damage(path, kind, "its object is gone and there is no recipe for it")
    return None


def _of_format_1(content: bytes) -> bool:
    """Tell whether this is a recipe as AVER 0.1 wrote it, without a checksum; nothing of this format reads it."""
    try:
        return bool(json.loads(content)["format"] == 1)
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def _obtainable(root: Path, digest: str) -> bool:
    where = (("objects", ".npz"), ("recipes", ".json"))
    return any(place(root / folder, digest, suffix).exists() for folder, suffix in where)


def repair(cache: Cache, damages: Iterable[Damage]) -> tuple[int, list[Path]]:
    """Make damaged objects again where a recipe is left, remove everything else that is damaged.

    A removed result is a miss: whatever needs it computes it again.  What cannot be read stays.

    Returns:
        How many objects were made again, and the files that were removed for good.

    Raises:
        CacheError: a file may not be removed.
    """
    # All go before any is made again: a damaged recipe must not be followed, nor a damaged object read.
    gone = [damage for damage in damages if _still(cache.root, damage)]
    for damage in gone:
        discard(damage.path)
    remade = set()
    for digest in sorted({damage.path.stem for damage in gone if damage.kind == "object"}):
        with suppress(CacheError):
            cache.load(digest)
            remade.add(digest)
    lost = [damage.path for damage in gone if not (damage.kind == "object" and damage.path.stem in remade)]
    return len(remade), lost + _drop_entries(cache.root)


def _still(root: Path, damage: Damage) -> bool:
    """Look again: a stage may have written the file anew since it was found damaged."""
    now = check(root, damage.path)
    return now is not None and now.kind != UNREADABLE


def _drop_entries(root: Path) -> list[Path]:
    """Remove the entries that name objects which cannot come back (any more); return them."""
    entries = [path for path in files(root) if path.relative_to(root).parts[0] == "entries"]
    lost = [damage.path for path in entries if (damage := check(root, path)) and damage.kind != UNREADABLE]
    for path in lost:
        discard(path)
    return lost


def discard(path: Path) -> None:
    """Remove a file, if it is still there.

    Raises:
        CacheError: it may not be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as exc:
        raise CacheError(
            f"{path} cannot be removed: {exc.strerror or exc}. Mend the permissions, or ask its owner to do it."
        ) from exc


def leftovers(root: Path) -> Iterator[Path]:
    """Yield what killed processes left unfinished; only meaningful while no stage is using the cache."""
    for folder, folders, names in os.walk(root):
        yield from (Path(folder, name) for name in sorted(names) if name.startswith(TEMPORARY))
        yield from (Path(folder, name) for name in sorted(folders) if name.startswith(TEMPORARY))
        folders[:] = sorted(name for name in folders if not name.startswith(TEMPORARY))


def bytes_of(path: Path) -> int:
    """Return the length of a file, or of all files in a folder; 0 if it is gone."""
    with suppress(FileNotFoundError):
        if path.is_dir():
            return sum(bytes_of(inner) for inner in path.iterdir())
        return path.stat().st_size
    return 0
