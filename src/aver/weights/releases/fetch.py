"""Bring the published files of a declared release: those kept here, else from the mirror, else by download.

No file is used whose sha256 is not the expected one, and none is given its name before it is whole.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aver.cache.objects import file_digest
from aver.errors import CacheError, WeightsError, is_machine_failure
from aver.params.releases import Published, Release
from aver.weights.releases.ask import Unavailable
from aver.weights.releases.download import download
from aver.weights.releases.known import Expected, expected
from aver.weights.releases.meter import amount
from aver.weights.releases.part import Part
from aver.weights.releases.places import downloads, mirrored
from aver.weights.releases.words import by_hand

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """Published files on this machine: of which release, where each lies by its published name, and its sha256."""

    release: Release
    files: Mapping[str, Path]
    digests: Mapping[str, str]


def fetch(weights: str, release: Release, pins: Mapping[str, str]) -> Found:
    """Return where the needed files of a release lie, after bringing those that are not here.

    Raises:
        WeightsError: a file cannot be had, or is not the expected one; says how to get it.
        CacheError: the disk is full or the clip cache may not be written.
    """
    folder = downloads(weights, release.name)
    try:
        with _alone(folder):
            brought = {file.name: _bring(weights, release, file, pins) for file in release.needed}
    except OSError as exc:
        if not is_machine_failure(exc):
            raise
        raise CacheError(
            f"cannot write below {folder}: {exc.strerror or exc}. Free space or mend the permissions and run again; a "
            "download goes on where it stopped."
        ) from exc
    files = {name: path for name, (path, _) in brought.items()}
    return Found(release, files, {name: digest for name, (_, digest) in brought.items()})


def _bring(weights: str, release: Release, file: Published, pins: Mapping[str, str]) -> tuple[Path, str]:
    """Return where one file lies, and its sha256."""
    wanted = expected(weights, release, file, pins)
    target = downloads(weights, release.name) / file.name
    if target.is_file():
        if not (fault := _fault(digest := file_digest(target), wanted)):
            return target, digest
        log.warning("%s: %s; it is brought again", target, fault)
        target.unlink()
    mirror = mirrored(weights, release.name, file.name)
    faults: dict[str, str] = {}
    if isinstance(mirror, Path):
        try:
            if not mirror.is_file():
                fault = "is not there"
            elif not (fault := _fault(digest := file_digest(mirror), wanted)):
                return mirror, digest
        except OSError as exc:
            fault = f"cannot be read: {exc.strerror or exc}"
        faults[str(mirror)] = fault
        log.info("%s  %s: %s", file.name, mirror, fault)
    for url in (*((mirror,) if isinstance(mirror, str) else ()), *file.urls):
        try:
            return target, _downloaded(url, target, file.name, wanted)
        except Unavailable as exc:
            faults[url] = str(exc)
            log.info("%s  %s: %s", file.name, url, exc)
    raise WeightsError(_nowhere(weights, release, file, faults, wanted))


def discard(weights: str, found: Found, pins: Mapping[str, str]) -> str:
    """Delete downloads that turned out to be useless and for which no sha256 speaks; return what to say about it.

    What is kept would be used again: a page of an error under the name of a file would stay in the way for ever.
    """
    kept = downloads(weights, found.release.name)
    files = [file for file in found.release.needed if found.files.get(file.name) == kept / file.name]
    gone = [file.name for file in files if expected(weights, found.release, file, pins) is None]
    for name in gone:
        (kept / name).unlink(missing_ok=True)
    return f" The download was deleted ({', '.join(gone)})." if gone else ""


def _downloaded(url: str, target: Path, label: str, wanted: Expected | None) -> str:
    part = Part(target)
    download(url, part, label, checked=wanted is not None)
    digest = file_digest(part.path)
    if fault := _fault(digest, wanted):
        part.drop()
        raise Unavailable(fault)
    part.finish(target)
    return digest


def _fault(digest: str, wanted: Expected | None) -> str:
    if wanted is None or digest == wanted.sha256:
        return ""
    return f"expected sha256 {wanted.sha256} ({wanted.why}), got {digest}"


def _nowhere(
    weights: str, release: Release, file: Published, faults: Mapping[str, str], wanted: Expected | None
) -> str:
    """Return the message: every place with what was wrong there, and the ways out."""
    lines = [f"weights of {weights}: {file.name} of release {release.name} cannot be had:"]
    lines += [f"  {place}: {fault}" for place, fault in faults.items()]
    begun = Part(downloads(weights, release.name) / file.name).begun()
    if begun:
        lines.append(f"The {amount(begun.safe)} that came are kept: run again to go on from there.")
    if wanted and any(wanted.sha256 in fault for fault in faults.values()):
        lines.append(
            "A file that is not the expected one is never used. If its publisher has changed it and you trust the new "
            f"one, pin that: weights.{weights}.sha256: {{{file.name}: <the new sha256>}}."
        )
    lines += by_hand(weights, release, [file.name])
    return "\n".join([*lines, f"Or set weights.{weights}.source to 'seeded', for random numbers."])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes out of the downloads of a release; two would write into one part."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("weights: waiting for another process that is bringing %s", folder.name)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as exc:
            if exc.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):
                raise
            log.debug("%s: no locks here: %s", folder, exc)
        yield
    finally:
        os.close(lock)
