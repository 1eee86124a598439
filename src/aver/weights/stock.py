"""What of an encoder's weights is on this machine: published files, whether they are the right ones, and what is made.

Touches no network and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aver.errors import StoreError, WeightsError
from aver.params.blocks import Weights
from aver.params.releases import Release, release_of
from aver.weights.build import RECORD, read_record, read_weights
from aver.weights.releases.here import FileState, downloaded, own
from aver.weights.releases.recognise import readable, recognise


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
        troubles: why `dvc repro` would stop, or what it needs that is not here; empty if all is well.
        notes: what stops nothing: how to make outdated weights again, and files that are wrong and needed no more.
    """

    weights: str
    source: str
    release: str
    licence: str
    files: tuple[FileState, ...] = ()
    made: str = "no"
    sha256: str = ""
    troubles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
        files = tuple(downloaded(weights, release, file, params) for file in release.needed)
    elif params.source == "path":
        try:
            with readable(weights):
                release, found = recognise(weights, params)
                files = tuple(own(name, path, params.sha256.get(name)) for name, path in found.items())
        except WeightsError as exc:
            troubles.append(str(exc))
    made, digest, words = _made(weights, params, release, files, folder)
    notes: list[str] = []
    if made == "yes":  # what they are made from is not needed any more
        notes = [f"{file.name}: {file.trouble} (not needed: the weights are made)"
                 for file in files if file.verified == "wrong"]  # fmt: skip
    else:
        troubles += [f"{file.name}: {file.trouble}" for file in files if file.trouble]
    if release:
        troubles += _idle_pins(params, release, files)
    if made == "outdated":
        notes = [] if troubles else [words]
    elif words:
        troubles.append(words)
    licence = release.licence if release else "none: random numbers" if params.source == "seeded" else ""
    bare = tuple(trouble.removeprefix(f"weights of {weights}: ") for trouble in troubles)
    name = release.name if release else ""
    return Stock(weights, params.source, name, licence, files, made, digest, bare, tuple(notes))


def _idle_pins(params: Weights, release: Release, files: Sequence[FileState]) -> list[str]:
    """Say which pins are for files that are not read; `aver.weights.build` refuses them."""
    read = {file.name for file in files}
    if release.archive and release.archive.name in read:
        read |= {file.name for file in release.files}
    return [f"{name}: is pinned (sha256), but not among what is read; take the pin out"
            for name in params.sha256 if name not in read]  # fmt: skip


def _made(
    weights: str, params: Weights, release: Release | None, files: Sequence[FileState], folder: Path
) -> tuple[str, str, str]:
    """Return the word for what is made, its sha256, and what to say about it."""
    try:
        record = read_record(folder)
        if _other_params(record, params, release):
            return "outdated", "", f"was made from other params; `dvc repro weights@{weights}` makes it again"
        # A download may be gone by now, and is brought again when it is needed.
        if params.source == "path" and {file.name: file.sha256 for file in files} != _read(record):
            return "outdated", "", f"was made from another file; `dvc repro -f weights@{weights}` makes it again"
        digest = read_weights(weights, folder).digest
    except FileNotFoundError:
        return "no", "", ""
    except (WeightsError, StoreError) as exc:
        return "damaged", "", str(exc)
    except (AttributeError, KeyError, TypeError):
        return "damaged", "", f"{folder / RECORD} is damaged; run `aver doctor --repair`."
    return "yes", digest, ""


def _read(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the sha256 of the published files that weights were made from."""
    return {name: file["sha256"] for name, file in record.get("published", {}).items()}


def _other_params(record: Mapping[str, Any], params: Weights, release: Release | None) -> bool:
    """Tell whether weights were made from other params."""
    asked: dict[str, Any] = {"source": params.source, "layers": params.layers}
    asked |= {"seed": params.seed} if params.source == "seeded" else {}
    asked |= {"release": release.name} if release else {}
    read = _read(record)
    return any(record.get(key) != value for key, value in asked.items()) or any(
        read.get(name, pinned) != pinned for name, pinned in params.sha256.items()
    )
