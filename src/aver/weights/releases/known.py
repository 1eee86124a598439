"""Which sha256 a published file must have: the pinned one, the declared one, or the one that it had at first use."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aver.cache.objects import TEMPORARY, write_atomic
from aver.errors import WeightsError
from aver.params.releases import Published, Release
from aver.weights.releases.places import record_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Expected:
    """A sha256 in hex, and who says so in words: `pinned …`, `declared …`, `recorded …`."""

    sha256: str
    why: str


def expected(weights: str, release: Release, file: Published, pins: Mapping[str, str]) -> Expected | None:
    """Return what a downloaded file must be; None when it is used for the first time.

    Args:
        weights: their name.
        release: to which the file belongs.
        file: one of its files.
        pins: `weights.<name>.sha256` of `params.yaml`.

    Raises:
        WeightsError: the record is damaged.
    """
    if file.name in pins:
        return Expected(pins[file.name], "pinned in params.yaml")
    if file.sha256:
        return Expected(file.sha256, "declared by its publisher")
    record = record_of(weights, release.name, file.name)
    try:
        text = record.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None
    found = re.match(r"([0-9a-f]{64})  ", text)
    if not found:
        raise WeightsError(
            f"{record} is damaged. Delete it: the sha256 is recorded again when the file is next used. Compare it then "
            "with somebody else's, or pin it."
        )
    return Expected(found[1], "recorded when the file was first used")


def remember(weights: str, release: Release, file: Published, digest: str, pins: Mapping[str, str]) -> None:
    """Write the digest of a file that is used down, as `sha256sum` does.

    What is recorded first stays, also if two processes do it at once; only a pin, which is somebody's decision,
    replaces it.

    Raises:
        WeightsError: another process recorded another digest meanwhile.
    """
    record, line = record_of(weights, release.name, file.name), f"{digest}  {file.name}\n".encode()
    if file.name in pins:
        write_atomic(record, line)
        return
    if not record.exists():
        log.info("weights %s  %s is used first: sha256 %s is expected from now on", weights, file.name, digest)
    _write_once(record, line)
    known = expected(weights, release, file, pins)
    if known and known.sha256 != digest:
        raise WeightsError(
            f"weights of {weights}: {file.name} of release {release.name} was recorded with sha256 {known.sha256} by "
            f"another process while this one read {digest}. Run again, and see what `aver weights {weights}` says."
        )


def _write_once(path: Path, content: bytes) -> None:
    """Write a file unless it is there: a hard link appears whole, or not at all if its name is taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=TEMPORARY) as folder:
        whole = Path(folder, "record")
        write_atomic(whole, content)
        with suppress(FileExistsError):
            try:
                os.link(whole, path)
            except PermissionError:  # a file system without hard links
                if not path.exists():
                    os.replace(whole, path)
