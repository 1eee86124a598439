"""Unpack the archive of a release: the declared members, and nothing else, whatever the archive says."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from aver.errors import WeightsError, is_machine_failure
from aver.params.releases import Release

#: Longest archive when unpacked, and so the longest member.  The published VGGish has 0.3 GB.
MOST_BYTES = 2_000_000_000
#: Longest all headers together.  A handful of members has 10 kB; tarfile takes into memory what a header says it has.
HEADERS_BYTES = 1_000_000
#: What tarfile and zlib say of bytes that they cannot read; numbers in headers raise whatever Python says of them.
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, ValueError, TypeError, OverflowError, RecursionError)


def unpack(release: Release, archive: Path, folder: Path) -> None:
    """Write the declared members of a `.tar.gz` into a folder under their published names; others stay packed.

    Members are read as bytes and written by AVER: no mode, owner, link or name of the archive's reaches the disk.

    Raises:
        WeightsError: it is no such archive, ends early, lacks a member, has one whose name leads out of a folder, or
            holds more than is taken.
    """
    name = release.archive.name if release.archive else archive.name
    try:
        with _Bounded(archive) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as tar:
            members = {_named(name, member): member for member in tar}
            for file in release.files:
                if file.name not in members:
                    raise WeightsError(f"{name} does not hold {file.name}. {_REMEDY}")
                unpacked.looking, unpacked.left = False, members[file.name].size
                _write(name, tar, members[file.name], folder / file.name)
    except (*_UNREADABLE, OSError) as exc:
        if is_machine_failure(exc):
            raise
        raise WeightsError(f"{name} is no whole .tar.gz archive ({exc}). {_REMEDY}") from exc


_REMEDY = "It was not used. Bring the published file again (`aver weights NAME` tells where from)."


class _Bounded(gzip.GzipFile):
    """The archive without its packing, as far as it is taken.

    Attributes:
        left: how many bytes may still be read; skipping takes none.
        looking: which members are there: one lies behind the other, and a length that leads back would do so for ever.
    """

    looking = True
    left = HEADERS_BYTES

    def read(self, size: int | None = -1) -> bytes:
        """Read, unless it is too much."""
        if size is None or not 0 <= size <= self.left:
            raise tarfile.ReadError("its headers are too long")
        self.left -= size
        return super().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Skip, unless it is too far."""
        here = super().seek(0, os.SEEK_CUR)
        place = offset + (here if whence == os.SEEK_CUR else 0)
        if place > MOST_BYTES:
            raise tarfile.ReadError(f"it holds more than {MOST_BYTES / 1e9:g} GB")
        if self.looking and place < here:
            raise tarfile.ReadError("a member's length is no length")
        return super().seek(place)


def _named(archive: str, member: tarfile.TarInfo) -> str:
    """Return a member's name without a leading `./`."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise WeightsError(f"{archive} holds {member.name!r}, which leads out of its folder. {_REMEDY}")
    return str(path)


def _write(archive: str, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    # A sparse member has a length without having the bytes.
    content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None:
        raise WeightsError(f"{member.name} in {archive} is no plain file. {_REMEDY}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file)
