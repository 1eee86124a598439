"""Is every file of a store what `store.json` says?  Asked at the first use of a file, and of a whole store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aver.cache.objects import file_digest
from aver.errors import StoreError
from aver.store.seal import HEADER_FILE, UnknownFormat, read_header

#: sha256 of the files read by this process, by (path, bytes, mtime, ctime): once is enough until one changes.
_VERIFIED: dict[tuple[str, int, int, int], str] = {}


def files_of(header: Mapping[str, Any]) -> dict[str, str]:
    """Return the sha256 of every file of a store but `store.json`, by name."""
    return {name: entry["sha256"] for kind in ("tables", "shards") for name, entry in header[kind].items()}


def verify_file(path: Path, header: Mapping[str, Any]) -> None:
    """Compare a table or shard with its checksum; an unchanged file is read once per process.

    Raises:
        StoreError: it is missing or damaged.
        OSError: it cannot be read.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise StoreError(f"{path} is missing; restore it with `dvc checkout`") from None
    identity = (str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    if identity not in _VERIFIED:
        _VERIFIED[identity] = file_digest(path)
    # Compared each time: another store may have taken this one's place since it was opened.
    if _VERIFIED[identity] != files_of(header)[path.name]:
        raise StoreError(
            f"{path} is damaged (its checksum differs from {HEADER_FILE}). Delete it and run `dvc checkout`; "
            "if DVC's cache is damaged too, `dvc repro -f features` packs it again from the clip cache."
        )


def damaged(folder: Path) -> list[tuple[Path, str]]:
    """Return every missing or damaged file of a store and what is wrong with it; nothing for a whole store.

    Every file is read anew, whatever this process has verified before.  If `store.json` itself is damaged, a file
    still counts as whole when its checksum stands somewhere in it; a file that is missing then goes unnoticed.
    """
    path = folder / HEADER_FILE
    try:
        header = read_header(folder)
    except UnknownFormat as exc:
        return [(path, str(exc))]
    except (StoreError, OSError) as exc:
        return [(path, str(exc)), *_without_header(folder)]
    found = ((folder / name, _fault(folder / name, expected)) for name, expected in sorted(files_of(header).items()))
    return [(path, fault) for path, fault in found if fault]


def _fault(path: Path, expected: str) -> str:
    try:
        return "" if file_digest(path) == expected else f"its checksum differs from {HEADER_FILE}"
    except FileNotFoundError:
        return "it is missing"
    except OSError as exc:
        return f"it cannot be read: {exc.strerror or exc}"


def _without_header(folder: Path) -> list[tuple[Path, str]]:
    try:
        known = (folder / HEADER_FILE).read_bytes()
    except OSError:
        return []
    listed: list[tuple[Path, str]] = []
    for path in sorted([folder / "clips.parquet", folder / "index.parquet", *folder.glob("shard-*")]):
        try:
            if path.exists() and file_digest(path).encode("ascii") not in known:
                listed.append((path, f"its checksum is not in the damaged {HEADER_FILE}: one of the two is wrong"))
        except OSError as exc:
            listed.append((path, f"it cannot be read: {exc.strerror or exc}"))
    return listed
