"""Find out of which declared release the files at a path of the user's are, and which of them is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from aver.errors import WeightsError
from aver.params.blocks import Weights
from aver.params.releases import RELEASES, Release, release_of
from aver.weights.releases.words import by_hand


@contextmanager
def readable(weights: str) -> Iterator[None]:
    """Put into words that something at a path of the user's cannot be read."""
    try:
        yield
    except OSError as exc:
        raise WeightsError(
            f"weights of {weights}: {exc.filename or f'weights.{weights}.path'} cannot be read: {exc.strerror or exc}. "
            f"Mend its permissions, or name another place (weights.{weights}.path)."
        ) from exc


def recognise(weights: str, params: Weights) -> tuple[Release, Mapping[str, Path]]:
    """Return the release, and by their published names where its files lie.

    Args:
        weights: their name.
        params: with source `path`.

    Raises:
        WeightsError: nothing is there, a file is missing, or the names do not tell the release.
    """
    named = Path(str(params.path)).expanduser()
    path = named.absolute()
    releases = (release_of(weights, params.release),) if params.release else RELEASES[weights]
    fits: list[tuple[Release, Mapping[str, Path]]]
    if path.is_dir():
        fits = [(release, found) for release in releases if (found := _in_folder(path, release))]
    elif path.is_file():
        _check_alone(weights, path, releases)
        fits = _as_file(path, releases, told=params.release is not None)
    else:
        hand = "\n".join(by_hand(weights, releases[0]))
        relative = f", relative to {Path.cwd()}; experiments in copies need an absolute path"
        where = f"weights.{weights}.path{'' if named.is_absolute() else relative}"
        raise WeightsError(f"weights of {weights}: there is nothing at {path} ({where}).\n{hand}")
    if len(fits) == 1:
        return fits[0]
    names = ", ".join(release.name for release, _ in fits)
    if fits:
        raise WeightsError(
            f"weights of {weights}: {path} may be of several releases: {names}. Say which one in params.yaml: "
            f"weights.{weights}.release."
        )
    known = f"known as {params.release}" if params.release else "known"
    lines = [f"weights of {weights}: {path} holds no release that is {known}. Expected one of:"]
    lines += [f"  {release.name}: {_contents(release)}{_missing(path, release)}" for release in releases]
    if path.is_file():
        suffixes = sorted({_suffix(release.needed[0].name) for release in releases})
        lines.append(
            f"A file of another name is taken if it ends in {' or '.join(suffixes)}, or if weights.{weights}.release "
            "says what it is."
        )
    raise WeightsError("\n".join(lines))


def _contents(release: Release) -> str:
    files = ", ".join(file.name for file in release.files)
    if release.archive:
        return f"{release.archive.name}, or the folder of what it holds ({files})"
    return files if len(release.files) == 1 else f"a folder with {files}"


def _missing(path: Path, release: Release) -> str:
    """Say which of several files a folder lacks."""
    missing = [file.name for file in release.files if not (path / file.name).is_file()]
    return f"; not there: {', '.join(missing)}" if path.is_dir() and len(release.files) > 1 else ""


def _check_alone(weights: str, path: Path, releases: Sequence[Release]) -> None:
    """Refuse one file where a release has several."""
    for release in releases:
        own = path.name in [Path(file.name).name for file in release.files]
        if len(release.files) > 1 and (own or not release.archive):
            raise WeightsError(
                f"weights of {weights}: {path} is one file, and release {release.name} is {_contents(release)}: name "
                f"the folder, not the file (weights.{weights}.path)."
            )


def _in_folder(folder: Path, release: Release) -> dict[str, Path]:
    """Return the files of a release in a folder, or its archive; none if one is missing."""
    there = {file.name: folder / file.name for file in release.files}
    if all(path.is_file() for path in there.values()):
        return there
    packed = release.archive and folder / release.archive.name
    return {packed.name: packed} if packed and packed.is_file() else {}


def _as_file(path: Path, releases: Sequence[Release], told: bool) -> list[tuple[Release, Mapping[str, Path]]]:
    """Return the releases of one file that a path can be: any if told so, else by its published name, or its suffix."""
    single = [(release, release.needed[0].name) for release in releases if len(release.needed) == 1]
    exact = [(release, name) for release, name in single if name == path.name]
    alike = [(release, name) for release, name in single if told or path.name.endswith(_suffix(name))]
    return [(release, {name: path}) for release, name in exact or alike]


def _suffix(name: str) -> str:
    return ".tar.gz" if name.endswith(".tar.gz") else Path(name).suffix
