"""Find out of which declared release the files at a path of the user's are, and which of them is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aver.errors import WeightsError
from aver.params.blocks import Weights
from aver.weights.releases.sources import RELEASES, Release, release_of
from aver.weights.releases.words import by_hand


def recognise(weights: str, params: Weights) -> tuple[Release, Mapping[str, Path]]:
    """Return the release, and by their published names where its files lie.

    Args:
        weights: their name.
        params: with source `path`.

    Raises:
        WeightsError: nothing is there, a file is missing, or the names do not tell the release.
    """
    path = Path(str(params.path)).expanduser()
    releases = (release_of(weights, params.release),) if params.release else RELEASES[weights]
    fits: list[tuple[Release, Mapping[str, Path]]]
    if path.is_dir():
        fits = [(release, found) for release in releases if (found := _in_folder(path, release))]
    elif path.is_file():
        fits = _as_file(path, releases)
    else:
        hand = "\n".join(by_hand(weights, releases[0]))
        raise WeightsError(f"weights of {weights}: there is nothing at {path} (weights.{weights}.path).\n{hand}")
    if len(fits) == 1:
        return fits[0]
    names = ", ".join(release.name for release, _ in fits)
    if fits:
        raise WeightsError(
            f"weights of {weights}: {path} may be of several releases: {names}. Say which one in params.yaml: "
            f"weights.{weights}.release."
        )
    raise WeightsError(
        f"weights of {weights}: {path} holds no release that is known"
        + (f" as {params.release}" if params.release else "")
        + ". Expected one of:\n"
        + "\n".join(f"  {release.name}: {_contents(release)}" for release in releases)
        + f"\nA file of another name is taken if weights.{weights}.release says what it is."
    )


def _contents(release: Release) -> str:
    files = ", ".join(file.name for file in release.files)
    if release.archive:
        return f"{release.archive.name}, or the folder of what it holds ({files})"
    return files if len(release.files) == 1 else f"a folder with {files}"


def _in_folder(folder: Path, release: Release) -> dict[str, Path]:
    """Return the files of a release in a folder, or its archive; none if one is missing."""
    there = {file.name: folder / file.name for file in release.files}
    if all(path.is_file() for path in there.values()):
        return there
    packed = release.archive and folder / release.archive.name
    return {packed.name: packed} if packed and packed.is_file() else {}


def _as_file(path: Path, releases: Sequence[Release]) -> list[tuple[Release, Mapping[str, Path]]]:
    """Return the releases of one file that a path can be: by its published name, else by its suffix."""
    single = [(release, release.needed[0].name) for release in releases if len(release.needed) == 1]
    exact = [(release, name) for release, name in single if name == path.name]
    alike = [(release, name) for release, name in single if path.name.endswith(_suffix(name))]
    return [(release, {name: path}) for release, name in exact or alike]


def _suffix(name: str) -> str:
    return ".tar.gz" if name.endswith(".tar.gz") else Path(name).suffix
