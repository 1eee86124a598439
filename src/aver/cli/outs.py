"""Are the outs of the pipeline what DVC recorded, down to the byte?

DVC itself believes a file whose time and length did not change, and a link into its cache that may not be written.  A
flipped bit on the disk is not seen by it; here every file is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aver.cli.dvc import DvcError, dvc, recorded_outs

#: How a fault begins that says nothing about the content: such a file may be whole and is never removed.
UNREADABLE = "it cannot be read"


@dataclass(frozen=True)
class OutFile:
    """One file of a stage's out.

    Args:
        stage: as DVC names it.
        path: where it lies, relative to the repository.
        md5: what it must be; empty where DVC's list of the out's files is lost.
        stored: where DVC's cache holds its content (often the same file, hard-linked).
    """

    stage: str
    path: Path
    md5: str
    stored: Path


def out_files() -> Iterator[OutFile]:
    """Yield every file that DVC recorded, of the outs that are here; outs that were never pulled are left out."""
    for out in recorded_outs():
        if not out.path.exists():
            continue
        if not out.md5.endswith(".dir"):
            yield OutFile(out.stage, out.path, out.md5, out.stored)
            continue
        entries = _listing(out.stored, out.md5)
        if entries is None:
            yield OutFile(out.stage, out.stored, "", out.stored)
            continue
        cache = out.stored.parent.parent
        for entry in entries:
            md5 = entry["md5"]
            yield OutFile(out.stage, out.path / entry["relpath"], md5, cache / md5[:2] / md5[2:])


def _listing(path: Path, md5: str) -> list[dict[str, Any]] | None:
    """Return the files of a folder as DVC's cache lists them; None if the list is missing or damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() + ".dir" != md5:
        return None
    entries: list[dict[str, Any]] = json.loads(content)
    return entries


def stage_of(out: Path) -> str:
    """Return the stage of dvc.yaml that writes an out; empty if none does (any more)."""
    return next((found.stage for found in recorded_outs() if found.path == out), "")


def fault(file: OutFile) -> str:
    """Return what is wrong with a file, or an empty text."""
    if not file.md5:
        return "DVC's list of the files of this out is missing or damaged"
    try:
        with file.path.open("rb") as content:
            found = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except FileNotFoundError:
        return "it is missing"
    except OSError as exc:
        return f"{UNREADABLE}: {exc.strerror or exc}"
    return "" if found == file.md5 else "its content is not what dvc.lock says"


def restore(files: Iterable[OutFile]) -> None:
    """Bring damaged files back: from DVC's cache where that is whole, else by running their stages again.

    Raises:
        DvcError: DVC could not do it.
    """
    intact: dict[str, bool] = {}
    for file in files:
        now = fault(file)
        if not now or now.startswith(UNREADABLE):
            continue  # written anew since it was found, or not ours to judge
        whole = bool(file.md5) and file.stored.exists() and not fault(replace(file, path=file.stored))
        # Often both names are one damaged file; left there, DVC would link it back from its cache.
        for path in [file.path] if whole else [file.path, file.stored]:
            if path.is_file():
                path.unlink()
        intact[file.stage] = intact.get(file.stage, True) and whole
    for stage, whole in intact.items():
        if not (whole and dvc("checkout", "--force", stage)) and not dvc("repro", "--force", "--single-item", stage):
            raise DvcError(f"{stage} could not be run again; its message above says why")
