"""Where published files lie on this machine: the downloads, the mirror, and the digests that were seen first."""

from __future__ import annotations

import os
from pathlib import Path

from aver.cache.location import cache_root

#: Names a folder, or an http(s) address, that holds published files as `<weights>/<release>/<file>`.
MIRROR = "AVER_WEIGHTS_MIRROR"


def downloads(weights: str, release: str) -> Path:
    """Return the folder that keeps the downloads of a release: `weights/<weights>/<release>` in the clip cache."""
    return cache_root() / "weights" / weights / release


def record_of(weights: str, release: str, file: str) -> Path:
    """Return where the digest of a published file is written down when it is first used."""
    return cache_root() / "weights" / "known" / weights / release / f"{file}.sha256"


def mirrored(weights: str, release: str, file: str) -> Path | str | None:
    """Return where the mirror has a file: a path in its folder, or a URL; None without a mirror."""
    place = os.environ.get(MIRROR, "").strip()
    if not place:
        return None
    if place.startswith(("http://", "https://")):
        return f"{place.rstrip('/')}/{weights}/{release}/{file}"
    return Path(place).expanduser().resolve() / weights / release / file
