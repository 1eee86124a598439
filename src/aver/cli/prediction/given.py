"""The files that a user named: looked at, hashed, and put into a row as corpus adapters write it."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aver.cache.objects import file_digest
from aver.cli.prediction.answer import Refused
from aver.corpora.clip import Clip
from aver.errors import AverError, visible

if TYPE_CHECKING:
    from aver.params.blocks import Params

#: Clips may lie anywhere, so the paths in their rows are relative to the root of the file system.
ROOT = Path("/")


@dataclass(frozen=True)
class Given:
    """One file: how it is called in what is shown (unique), where it lies, and the sha256 of its content."""

    name: str
    path: Path
    sha256: str

    def row(self) -> dict[str, Any]:
        """Return it as a row of `clips.parquet`; its root is `ROOT`."""
        path = self.path.relative_to(ROOT)
        return Clip(clip_id=self.name, path=os.fspath(path), take=self.name, sha256=self.sha256).row()


def look_at(named: Sequence[Path], here: Path, params: Params) -> tuple[list[Given], list[Refused]]:
    """Return the files that can be read, in their order, and why the others cannot.

    Args:
        named: as the user typed them, from `here`; one that is named twice counts once.
        here: the folder in which the user stands.
        params: all params; `corpora` is used for hints.
    """
    given: list[Given] = []
    refused: list[Refused] = []
    names: set[str] = set()
    for typed in dict.fromkeys(named):
        name = shown = visible(os.fspath(typed))
        number = 2
        while name in names:  # two names may differ in nothing that can be shown
            name, number = f"{shown} ({number})", number + 1
        names.add(name)
        path = Path(os.path.abspath(here / typed))  # noqa: PTH100  links stay: the user knows the file by this path
        try:
            if why := _unfit(path, typed, here, params):
                refused.append(Refused(name, why))
            else:
                given.append(Given(name, path, file_digest(path)))
        except OSError as exc:
            refused.append(Refused(name, f"the file cannot be read: {exc.strerror}", "unreadable"))
    return given, refused


def _unfit(path: Path, typed: Path, here: Path, params: Params) -> str:
    """Return why a path names no clip's file; empty if it does."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        what = "a link to nothing" if path.is_symlink() else "no such file"
        return f"{what}. {_hint(typed, here, params)}".rstrip()
    if stat.S_ISDIR(mode):
        return (
            "a folder. Name the clips in it (`aver predict FOLDER/*.mp4`); for a whole collection make it a corpus "
            "with `adapter: folder` in params.yaml"
        )
    return "" if stat.S_ISREG(mode) else "no regular file, but a pipe or a device"


def _hint(typed: Path, here: Path, params: Params) -> str:
    """Return where the file of a clip lies if its id was typed; empty if no corpus has such a clip."""
    from aver.cli.show import find

    try:
        found = find(os.fspath(typed), "", params, here)
    except (AverError, ValueError):
        return ""
    return f"It is the id of a clip of {found.corpus}, whose file is {visible(os.fspath(found.root / found.path))}"
