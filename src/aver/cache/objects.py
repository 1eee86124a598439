"""Content-addressed objects: named arrays in one file whose name is the sha256 of its bytes.

The format is `.npz` (stored, not deflated), which any NumPy reads and which is stable to the byte: members in sorted
order, every field of the archive fixed.  (`numpy.savez` leaves some to the version of Python: until 3.11.4 its members
were marked otherwise.)  The name is the checksum: a damaged object cannot be mistaken for a whole one.  One member
holds the version of the cache's format.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from aver.errors import CacheError, is_machine_failure

#: The version of the clip cache: of its layout, its objects and the meaning of its keys.  It is part of every key, so
#: entries of other versions are never found, and it stands in every object, so that one is never misread.
FORMAT = 3
#: The member of an object that holds it.
MARK = "aver.format"
#: How unfinished files and folders are called; what a killed process leaves of them is never taken for a result.
TEMPORARY = ".tmp-"

#: Named arrays of any shape and dtype, 0-dimensional ones included.
Arrays = dict[str, Any]


def pack(arrays: Arrays) -> bytes:
    """Serialise named arrays (any shape and dtype but object) to bytes that depend on nothing else."""
    marked = {**arrays, MARK: np.int32(FORMAT)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(marked):
            member = zipfile.ZipInfo(f"{name}.npy")  # its time is 1980-01-01
            member.create_system, member.external_attr = 3, 0o600 << 16
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(marked[name], order="C"), allow_pickle=False)
            archive.writestr(member, content.getbuffer())
    return buffer.getvalue()


def unpack(content: bytes) -> Arrays:
    """Return the named arrays of `pack`; pickled content is refused.

    Raises:
        CacheError: the object was written by an AVER with another cache format.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        found = int(archive[MARK]) if MARK in archive.files else 1
        if found != FORMAT:
            raise CacheError(
                f"the clip cache holds an object of format {found}; this AVER reads format {FORMAT}. "
                "Use the AVER that wrote it, or run `dvc repro -f` once to make all results again."
            )
        return {name: archive[name] for name in archive.files if name != MARK}


def digest_of(content: bytes) -> str:
    """Return the sha256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's content in hex, reading it in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def place(root: Path, digest: str, suffix: str) -> Path:
    """Return where an object lies below `root`: two letters of its name make the folder, as in git."""
    return root / digest[:2] / f"{digest}{suffix}"


def write_atomic(path: Path, content: bytes) -> None:
    """Write `content` so that `path` either does not exist, or is whole, whatever interrupts the writer.

    The temporary file lies in the same folder (`os.replace` is atomic only within a file system) and reaches the disk
    before it gets its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_UMASK)  # mkstemp makes files private; a shared cache follows the umask
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):  # what went wrong first is what to tell
            Path(name).unlink()
        raise


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """Yield a temporary folder in a cache, for what its computations read besides objects; it goes with the block.

    Raises:
        CacheError: the disk is full or the cache may not be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=TEMPORARY) as folder:
            yield Path(folder)
    except OSError as exc:
        if not is_machine_failure(exc):
            raise
        raise CacheError(
            f"cannot write below {root}: {exc.strerror or exc}. Free space or mend the permissions and run again."
        ) from exc


def read_verified(path: Path, digest: str) -> bytes | None:
    """Return a file's bytes if they are the ones called `digest`; None if it is missing or damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return content if digest_of(content) == digest else None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


#: Read once at import: asking for the umask means setting it, which is not safe once there are threads.
_UMASK = _umask()
