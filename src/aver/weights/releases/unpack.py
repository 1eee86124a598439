"""Unpack the archive of a release: the declared members, and nothing else, whatever the archive says."""

from __future__ import annotations

import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from aver.errors import WeightsError
from aver.weights.releases.sources import Release


def unpack(release: Release, archive: Path, folder: Path) -> None:
    """Write the declared members of a `.tar.gz` into a folder under their published names; others stay packed.

    Members are read as bytes and written by AVER: no mode, owner, link or name of the archive's reaches the disk.

    Raises:
        WeightsError: it is no such archive, ends early, lacks a member, or has one whose name leads out of a folder.
    """
    name = release.archive.name if release.archive else archive.name
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = {_named(name, member): member for member in tar}
            for file in release.files:
                if file.name in members:
                    _write(name, tar, members[file.name], folder / file.name)
                else:
                    raise WeightsError(f"{name} does not hold {file.name}. {_REMEDY}")
    except (tarfile.TarError, EOFError, zlib.error, OSError) as exc:
        if isinstance(exc, OSError) and exc.errno is not None:  # the disk
            raise
        raise WeightsError(f"{name} is no whole .tar.gz archive ({exc}). {_REMEDY}") from exc


_REMEDY = "It was not used. Use the published file (compare its sha256 with the publisher's)."


def _named(archive: str, member: tarfile.TarInfo) -> str:
    """Return a member's name without a leading `./`."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise WeightsError(f"{archive} holds {member.name!r}, which leads out of its folder. {_REMEDY}")
    return str(path)


def _write(archive: str, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise WeightsError(f"{member.name} in {archive} is no plain file. {_REMEDY}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(content, file)
