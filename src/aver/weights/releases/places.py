"""Where published files lie on this machine: the downloads, the mirror, and the digests that were seen first."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from aver.cache.location import cache_root
from aver.errors import WeightsError

#: Names a folder, or an http(s) address, that holds published files as `<weights>/<release>/<file>`.
MIRROR = "AVER_WEIGHTS_MIRROR"


def downloads(weights: str, release: str) -> Path:
    """Return the folder that keeps the downloads of a release: `weights/<weights>/<release>` in the clip cache."""
    return cache_root() / "weights" / weights / release


def record_of(weights: str, release: str, file: str) -> Path:
    """Return where the digest of a published file is written down when it is first used."""
    return cache_root() / "weights" / "known" / weights / release / f"{file}.sha256"


def mirrored(weights: str, release: str, file: str) -> Path | str | None:
    """Return where the mirror has a file: a path in its folder, or a URL; None without a mirror.

    Raises:
        WeightsError: what the environment names is no mirror.
    """
    place = os.environ.get(MIRROR, "").strip()
    if not place:
        return None
    scheme, found, rest = place.partition("://")
    if found:
        if scheme.lower() not in ("http", "https"):
            raise WeightsError(f"{MIRROR}={place} is neither a folder nor an address with http or https. Mend it.")
        return f"{scheme.lower()}://{rest.rstrip('/')}/{weights}/{release}/{file}"
    folder = Path(place).expanduser().resolve()
    with suppress(OSError):
        if folder.is_dir():
            return folder / weights / release / file
    raise WeightsError(f"{MIRROR}={place}: there is no folder {folder} that can be read. Mend or unset it.")
