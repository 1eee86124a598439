"""Which published files are on this machine, and whether they are the right ones; asks no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aver.cache.objects import file_digest
from aver.errors import WeightsError
from aver.params.blocks import Weights
from aver.params.releases import Published, Release
from aver.weights.releases.known import Expected, expected
from aver.weights.releases.meter import amount
from aver.weights.releases.part import Part
from aver.weights.releases.places import downloads, mirrored


@dataclass(frozen=True)
class FileState:
    """One published file.

    Args:
        name: as published.
        here: `downloads`, `mirror` or `path`; empty: not here.
        path: where it lies, or what there is of it.
        bytes: of what is here, or of the part that is.
        sha256: of its content.
        verified: `pinned`, `declared` or `recorded`: its sha256 is the one so expected; `first use`: nothing to compare
            with yet; `own`: at a path of the user's, not pinned; `wrong`.
        trouble: what is missing or wrong, in a few words.
    """

    name: str
    here: str = ""
    path: str = ""
    bytes: int | None = None
    sha256: str = ""
    verified: str = ""
    trouble: str = ""


def downloaded(weights: str, release: Release, file: Published, params: Weights) -> FileState:
    """Return the state of a file that is kept here, or lies in the mirror's folder."""
    kept = downloads(weights, release.name) / file.name
    try:
        wanted = expected(weights, release, file, params.sha256)
    except WeightsError as exc:
        return FileState(file.name, verified="wrong", trouble=str(exc))
    found = _looked_at(file.name, "downloads", kept, wanted)
    if found and not found.trouble:
        return found
    try:
        mirror = mirrored(weights, release.name, file.name)
    except WeightsError as exc:
        return found or FileState(file.name, trouble=str(exc))
    if isinstance(mirror, Path):
        other = _looked_at(file.name, "mirror", mirror, wanted)
        found = other if other and not other.trouble else found or other
    if found:
        return found
    if begun := Part(kept).begun():
        of = f" of {amount(begun.total)}" if begun.total else ""
        trouble = f"{amount(begun.safe)}{of} are here; `dvc repro weights` goes on with the download"
        return FileState(file.name, path=str(Part(kept).path), bytes=begun.safe, trouble=trouble)
    asks = f"it asks the mirror {mirror}" if isinstance(mirror, str) else "it needs the network"
    lacks = f"not in the mirror: {mirror}; " if isinstance(mirror, Path) else ""
    return FileState(file.name, trouble=f"is not here; {lacks}`dvc repro weights` downloads it ({asks})")


def _looked_at(
    name: str, here: str, path: Path, wanted: Expected | None, unknown: str = "first use"
) -> FileState | None:
    """Return the state of what lies at a path; None if nothing does."""
    try:
        if not path.is_file():
            return None
        digest, length = file_digest(path), path.stat().st_size
    except OSError as exc:
        return FileState(name, here, str(path), trouble=f"{path} cannot be read: {exc.strerror or exc}")
    if wanted and digest != wanted.sha256:
        trouble = f"{path} is not the expected file: sha256 {wanted.sha256} ({wanted.why}), got {digest}"
        return FileState(name, here, str(path), length, digest, "wrong", trouble)
    return FileState(name, here, str(path), length, digest, wanted.why.partition(" ")[0] if wanted else unknown)


def own(name: str, path: Path, pin: str | None) -> FileState:
    """Return the state of a file at the user's path."""
    wanted = Expected(pin, "pinned in params.yaml") if pin else None
    return _looked_at(name, "path", path, wanted, "own") or FileState(name, trouble=f"{path} is gone")
