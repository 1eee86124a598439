"""Content-addressed objects: named arrays in one file whose name is the sha256 of its bytes.

The format is `.npz` (stored, not deflated), which any NumPy reads and which is stable to the byte: entries in sorted
order, fixed time stamps.  The name is the checksum: a damaged object cannot be mistaken for a whole one.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

#: Named arrays of any shape and dtype, 0-dimensional ones included.
Arrays = dict[str, Any]


def pack(arrays: Arrays) -> bytes:
    """Serialise named arrays (any shape and dtype but object) to bytes that depend on nothing else."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: np.asarray(arrays[name], order="C") for name in sorted(arrays)})
    return buffer.getvalue()


def unpack(content: bytes) -> Arrays:
    """Return the named arrays of `pack`; pickled content is refused."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


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
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_UMASK)  # mkstemp makes files private; a shared cache follows the umask
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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
