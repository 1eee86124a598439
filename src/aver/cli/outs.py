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

from aver.cli.dvc import dvc, locked

CACHE = Path(".dvc/cache/files/md5")


@dataclass(frozen=True)
class OutFile:
    """One file of a stage's out, and the md5 that dvc.lock promises (`""`: the list of files itself is lost)."""

    stage: str
    out: Path
    path: Path
    md5: str

    @property
    def stored(self) -> Path:
        """Where DVC's cache holds its content (often the same file, hard-linked)."""
        return CACHE / self.md5[:2] / self.md5[2:]


def out_files() -> Iterator[OutFile]:
    """Yield every file that dvc.lock promises."""
    for stage, content in locked().items():
        for out in content.get("outs", []):
            yield from _files(stage, Path(out["path"]), str(out["md5"]))


def _files(stage: str, out: Path, md5: str) -> Iterator[OutFile]:
    if not md5.endswith(".dir"):
        yield OutFile(stage, out, out, md5)
        return
    listing = CACHE / md5[:2] / md5[2:]
    entries = _listing(listing, md5)
    if entries is None:
        yield OutFile(stage, out, listing, "")
        return
    for entry in entries:
        yield OutFile(stage, out, out / entry["relpath"], entry["md5"])


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
    """Return the stage that writes an out, as dvc.lock names it; empty if none does."""
    for stage, content in locked().items():
        if any(Path(one["path"]) == out for one in content.get("outs", [])):
            return str(stage)
    return ""


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
        return f"it cannot be read: {exc.strerror or exc}"
    return "" if found == file.md5 else "its content is not what dvc.lock says"


def restore(files: Iterable[OutFile]) -> None:
    """Bring damaged files back: from DVC's cache where that is whole, else by running their stages again."""
    intact: dict[str, bool] = {}
    for file in files:
        whole = bool(file.md5) and file.stored.exists() and not fault(replace(file, path=file.stored))
        # Often both names are one damaged file; left there, DVC would link it back from its cache.
        for path in [file.path] if whole else [file.path, file.stored]:
            if path.is_file():
                path.unlink()
        intact[file.stage] = intact.get(file.stage, True) and whole
    for stage, whole in intact.items():
        if not (whole and dvc("checkout", "--force", stage)):
            dvc("repro", "--force", "--single-item", stage)
