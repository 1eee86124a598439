"""The files below a corpus root, whatever state the folder is in.

Links to files and to folders are followed, because people keep corpora behind links; each real folder is read once,
under its own name where it has one below the root, so loops end.  A link to a folder around the root is never followed.

What DVC 3.67.1 does with the same root, which it hashes as a dependency (tried by hand): it follows a root that is a
link, and links to files.  It does not look into folders behind links, so a change there does not make the stage run
again: such folders are named in the summary and in the log.  A loop is no problem to it.  It stops at a link to
nothing, at a file or folder that it may not read and at a name that is no UTF-8, and it waits for ever at a pipe:
`Walk.blockers` names these beforehand.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aver.ledger import Failure

#: File name endings that ffmpeg is asked about; anything else in a corpus folder is listed as ignored.
VIDEO = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".flv", ".mpg", ".mpeg", ".wmv", ".ogv", ".3gp", ".ts", ".mts",
)  # fmt: skip
SOUND = (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".wma", ".aif", ".aiff")
MEDIA_SUFFIXES = frozenset(VIDEO + SOUND)
#: What macOS adds to archives; names that begin with a dot are left out as well.
ARCHIVE_LITTER = "__MACOSX"
Answer = TypeVar("Answer")


@dataclass
class Walk:
    """What lies below a root; all names are relative to it, with forward slashes.

    Args:
        names: regular files, sorted.
        failures: where clips may be lost: links to nothing, folders that cannot be read, media files that are no
            regular files or whose names no table can hold.
        ignored: what else was left out, each with its reason.
        linked: folders that were reached through a link; DVC does not see what changes there.
        hidden: how many hidden files and folders were left out.
        blockers: what DVC would stop at, which it does before it runs anything: name → why.
    """

    names: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    hidden: int = 0
    blockers: dict[str, str] = field(default_factory=dict)

    def fail(self, name: str, reason: str, detail: str) -> None:
        """Note a file or folder by which clips may be lost."""
        self.failures.append(Failure(spelt(name), "corpora", reason, detail))

    def block(self, name: str, why: str) -> None:
        """Note what stops DVC, which does not look behind links to folders."""
        if not any(f"{name}/".startswith(f"{folder}/") for folder in self.linked):
            self.blockers[spelt(name)] = why


def is_media(name: str) -> bool:
    """Tell whether a file's name ends like that of a video or sound file, in any case."""
    return Path(name).suffix.lower() in MEDIA_SUFFIXES


def files_below(root: Path) -> Sequence[Path]:
    """Return all usable files below a root, sorted by their relative path (see `walk` for those left out)."""
    return [root / name for name in walk(root).names]


def relative(path: Path, root: Path) -> str:
    """Return a file's path relative to the root, with forward slashes."""
    return path.relative_to(root).as_posix()


def walk(root: Path) -> Walk:
    """Return what lies below a root.  Folders come before links, so a folder's files have its own name, not a link's.

    Raises:
        OSError: the root itself cannot be read.
    """
    found = Walk()
    around = {_identity(folder) for folder in root.resolve().parents}
    read = {_identity(root)}
    links = sorted(_read(root, _entries(root), "", found, read))
    while links:
        name = links.pop(0)
        if (identity := _ask(_identity, root, name, found)) in read | around:
            why = "is read already" if identity in read else "lies around the root"
            found.ignored.append(f"{spelt(name)}/ (a link to a folder that {why})")
        elif identity is not None:
            read.add(identity)
            found.linked.append(name)
            inside = _ask(_entries, root, name, found) or []
            links = sorted([*links, *_read(root, inside, f"{name}/", found, read)])
    found.names.sort()
    found.failures.sort(key=lambda failure: failure.clip_id)
    found.ignored.sort()
    return found


def spelt(name: str) -> str:
    r"""Return a file's name as text that tables and JSON can hold: bytes that are no UTF-8 are spelt as in `\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _read(
    root: Path, entries: list[os.DirEntry[str]], prefix: str, found: Walk, read: set[tuple[int, int]]
) -> list[str]:
    """Note what lies in a folder and in the real folders below it; return the links to folders."""
    links: list[str] = []
    pending = [(prefix, entries)]
    while pending:
        prefix, entries = pending.pop()
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith(".") or entry.name == ARCHIVE_LITTER:
                found.hidden += 1
            elif not (mode := _mode(entry, name, found)):
                continue
            elif not stat.S_ISDIR(mode):
                _note(entry, name, mode, found)
            elif entry.is_symlink():
                links.append(name)
            elif (identity := _ask(_identity, root, name, found)) in read:
                found.ignored.append(f"{spelt(name)}/ (a folder that is read already, through a link)")
            elif identity is not None:
                read.add(identity)
                pending.append((f"{name}/", _ask(_entries, root, name, found) or []))
    return links


def _ask(question: Callable[[Path], Answer], root: Path, name: str, found: Walk) -> Answer | None:
    """Ask something about a folder; None if it cannot be read, which is noted."""
    try:
        return question(root / name)
    except OSError as exc:
        why = f"the folder cannot be read ({exc.strerror or 'unknown'})"
        found.fail(f"{name}/", "unreadable", f"{why}: its clips are missing")
        found.block(name, why)
        return None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _mode(entry: os.DirEntry[str], name: str, found: Walk) -> int:
    """Return what an entry is, behind its link if it is one; 0 if there is nothing to be seen, which is noted."""
    try:
        return entry.stat().st_mode
    except OSError as exc:
        link = entry.is_symlink()
        why = "a link to nothing" if link else f"cannot be looked at ({exc.strerror or 'unknown'})"
        found.fail(name, "missing" if link else "unreadable", why)
        found.block(name, why)
        return 0


def _note(entry: os.DirEntry[str], name: str, mode: int, found: Walk) -> None:
    """Note what is no folder."""
    utf8, regular = spelt(name) == name, stat.S_ISREG(mode)
    if utf8 and regular:
        found.names.append(name)
        if not os.access(entry.path, os.R_OK):
            found.block(name, "a file that may not be read")
        return
    why = "no regular file, but a pipe or a device" if utf8 else "a name that is no UTF-8"
    found.block(name, why)
    if is_media(name):
        found.fail(name, "not_media" if utf8 else "not_utf8", why)
    else:
        found.ignored.append(f"{spelt(name)} ({why})")
