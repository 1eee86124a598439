"""How to get published files without AVER, in words: for errors and for `aver weights`."""

from __future__ import annotations

from collections.abc import Sequence

from aver.params.releases import Release
from aver.weights.releases.places import MIRROR


def by_hand(weights: str, release: Release, missing: Sequence[str] = ()) -> list[str]:
    """Return lines that say how to bring the files of a release by hand.

    Args:
        weights: their name.
        release: one of theirs.
        missing: the names of the files to bring; default: all that are needed.
    """
    files = [file for file in release.needed if file.name in (missing or [file.name])]
    lines = [f"By hand ({release.page}; {release.licence}): download"]
    lines += [f"  {file.name}  from {' or '.join(file.urls)}" for file in files]
    way, *ways = placing(weights, release)
    return [*lines, f"and then either {way}", *ways]


def placing(weights: str, release: Release) -> list[str]:
    """Return lines that say where files that were brought by hand may lie."""
    several = len(release.needed) > 1
    where = "/path/to/the/folder" if several else f"/path/to/{release.needed[0].name}"
    return [
        "name where it lies in params.yaml:",
        "  weights:",
        f"    {weights}:",
        "      source: path",
        f"      release: {release.name}",
        f"      path: {where}",
        f"or put {'them' if several else 'it'} into {weights}/{release.name}/ below a folder of yours and set "
        f"{MIRROR} to that folder.",
    ]
