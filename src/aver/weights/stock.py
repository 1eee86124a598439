"""What of an encoder's weights is on this machine: published files, whether they are the right ones, and what is made.

Touches no network and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aver.cache.objects import file_digest
from aver.errors import StoreError, WeightsError
from aver.params.blocks import Weights
from aver.store.out import read_json
from aver.weights.build import RECORD, read_weights
from aver.weights.releases.known import expected
from aver.weights.releases.meter import amount
from aver.weights.releases.part import Part
from aver.weights.releases.places import downloads, mirrored
from aver.weights.releases.recognise import recognise
from aver.weights.releases.sources import Published, Release, release_of


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


@dataclass(frozen=True)
class Stock:
    """The state of one encoder's weights.

    Args:
        weights: their name.
        source: `seeded`, `pretrained`, `path`.
        release: which one; empty for seeded ones, or if it cannot be told.
        licence: of what is made.
        files: the published files that it is made from.
        made: the folder in data/weights: `yes`, `no`, `damaged`, or `outdated`: from other params or other files.
        sha256: of what is made.
        troubles: what `dvc repro` cannot mend without the network, or at all; empty if all is well.
    """

    weights: str
    source: str
    release: str
    licence: str
    files: tuple[FileState, ...] = ()
    made: str = "no"
    sha256: str = ""
    troubles: tuple[str, ...] = field(default=())


def take_stock(weights: str, params: Weights, folder: Path) -> Stock:
    """Return what is here of an encoder's weights.

    Args:
        weights: their name.
        params: their block.
        folder: where the weights stage makes them.
    """
    release: Release | None = None
    files: tuple[FileState, ...] = ()
    troubles: list[str] = []
    if params.source == "pretrained":
        release = release_of(weights, params.release)
        files = tuple(_downloaded(weights, release, file, params) for file in release.needed)
    elif params.source == "path":
        try:
            release, found = recognise(weights, params)
            files = tuple(_own(name, path, params) for name, path in found.items())
        except WeightsError as exc:
            troubles.append(str(exc))
    made, digest, fault = _made(weights, params, release, files, folder)
    if made != "yes":
        troubles += [f"{file.name}: {file.trouble}" for file in files if file.trouble]
    else:
        troubles = []  # what they are made from is not needed any more
    licence = release.licence if release else "none: random numbers" if params.source == "seeded" else ""
    name = release.name if release else ""
    return Stock(weights, params.source, name, licence, files, made, digest, (*troubles, *([fault] if fault else [])))


def _downloaded(weights: str, release: Release, file: Published, params: Weights) -> FileState:
    """Return the state of a file that is kept here, or lies in the mirror's folder."""
    kept, mirror = downloads(weights, release.name) / file.name, mirrored(weights, release.name, file.name)
    try:
        wanted = expected(weights, release, file, params.sha256)
    except WeightsError as exc:
        return FileState(file.name, verified="wrong", trouble=str(exc))
    for here, path in (("downloads", kept), ("mirror", mirror)):
        if not isinstance(path, Path) or not path.is_file():
            continue
        digest, length = file_digest(path), path.stat().st_size
        if wanted and digest != wanted.sha256:
            trouble = f"{path} is not the expected file: sha256 {wanted.sha256} ({wanted.why}), got {digest}"
            return FileState(file.name, here, str(path), length, digest, "wrong", trouble)
        word = wanted.why.partition(" ")[0] if wanted else "first use"
        return FileState(file.name, here, str(path), length, digest, word)
    if begun := Part(kept).begun():
        of = f" of {amount(begun.total)}" if begun.total else ""
        trouble = f"{amount(begun.safe)}{of} are here; `dvc repro weights` goes on with the download"
        return FileState(file.name, path=str(Part(kept).path), bytes=begun.safe, trouble=trouble)
    asks = f"it asks the mirror {mirror}" if isinstance(mirror, str) else "it needs the network"
    return FileState(file.name, trouble=f"is not here; `dvc repro weights` downloads it ({asks})")


def _own(name: str, path: Path, params: Weights) -> FileState:
    """Return the state of a file at the user's path."""
    digest, length, pinned = file_digest(path), path.stat().st_size, params.sha256.get(name)
    if pinned and digest != pinned:
        trouble = f"{path} is not the pinned file: expected sha256 {pinned}, got {digest}"
        return FileState(name, "path", str(path), length, digest, "wrong", trouble)
    return FileState(name, "path", str(path), length, digest, "pinned" if pinned else "own")


def _made(
    weights: str, params: Weights, release: Release | None, files: Sequence[FileState], folder: Path
) -> tuple[str, str, str]:
    """Return the word for what is made, its sha256, and what is wrong with it."""
    try:
        record = read_json(folder / RECORD)
        if _outdated(record, params, release, files):
            return "outdated", "", ""
        digest = read_weights(weights, folder).digest
    except FileNotFoundError:
        return "no", "", ""
    except (WeightsError, StoreError) as exc:
        return "damaged", "", str(exc)
    return "yes", digest, ""


def _outdated(record: Mapping[str, Any], params: Weights, release: Release | None, files: Sequence[FileState]) -> bool:
    """Tell whether weights were made from other params, or from other files of the user's."""
    asked: dict[str, Any] = {"source": params.source, "layers": params.layers}
    asked |= {"seed": params.seed} if params.source == "seeded" else {}
    asked |= {"release": release.name} if release else {}
    read = {name: file["sha256"] for name, file in record.get("published", {}).items()}
    if any(record.get(key) != value for key, value in asked.items()):
        return True
    if any(read.get(name, pinned) != pinned for name, pinned in params.sha256.items()):
        return True
    # A download may be gone by now, and is brought again when it is needed.
    return params.source == "path" and {file.name: file.sha256 for file in files} != read
