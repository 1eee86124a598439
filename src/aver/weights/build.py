"""Make the folder of one encoder's weights: from random numbers, or from published files that were looked through."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aver.cache.location import cache_root
from aver.cache.lock import sharing
from aver.cache.objects import file_digest, scratch
from aver.errors import CacheError, StoreError, WeightsError, is_machine_failure
from aver.params.blocks import Weights
from aver.params.names import module_of
from aver.params.releases import release_of
from aver.store.out import read_json, write_json
from aver.weights.layouts import LAYOUTS, Layout
from aver.weights.releases.fetch import Found, discard, fetch
from aver.weights.releases.known import remember
from aver.weights.releases.recognise import readable, recognise
from aver.weights.releases.trust import REMEDY, check_pointer, check_trust
from aver.weights.releases.unpack import unpack

log = logging.getLogger(__name__)
RECORD = "weights.json"


@dataclass(frozen=True)
class WeightsFolder:
    """Weights on disk: the folder, the sha256 over the files that hold them, and `seeded`, `pretrained` or `path`."""

    folder: Path
    digest: str
    source: str


def build_weights(weights: str, params: Weights, folder: Path) -> None:
    """Write an encoder's weights and `weights.json` into an existing, empty folder.

    Published files are brought, compared with the sha256 that they must have, looked through, and converted, in this
    order; `weights.json` is written last.

    Raises:
        WeightsError: a file is missing, is not what its name says, could run code, or has another sha256.
        CacheError: the disk is full, or the clip cache, which keeps downloads, may not be written.
    """
    told = _seed(weights, params, folder) if params.source == "seeded" else _convert(weights, params, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    record = {
        "encoder": weights,
        "source": params.source,
        "layers": params.layers,
        "sha256": _digest(folder, LAYOUTS[weights], params.source),
        "files": {path.relative_to(folder).as_posix(): file_digest(path) for path in files},
        **told,
    }
    write_json(folder / RECORD, record)
    log.info("weights %s  %s, sha256 %s…", weights, params.source, record["sha256"][:12])


def _seed(weights: str, params: Weights, folder: Path) -> dict[str, Any]:
    module_of("weights", weights).seed(np.random.default_rng(params.seed), folder, params.layers)
    return {"seed": params.seed, "licence": "none: random numbers"}


def _convert(weights: str, params: Weights, folder: Path) -> dict[str, Any]:
    """Make the files from published ones; return what the record tells of these."""
    found = _found(weights, params)
    own = params.source == "path"
    with sharing(cache_root()), scratch(cache_root()) as place:
        try:
            digests = {**found.digests, **_lay_out(found, place)}
            _check_pins(weights, params, digests)
            check_trust(place)
            _make(weights, place, folder, params.layers)
        except Exception as exc:  # what a file may make of a library's reader has no bounds
            if is_machine_failure(exc):
                raise
            gone = "" if own else discard(weights, found, params.sha256)
            words = str(exc) if isinstance(exc, WeightsError) else _unforeseen(found, exc)
            read = f" (read from {params.path})" if own else ""
            words = words.removeprefix(f"weights of {weights}: ").replace(f"{place}/", "")
            raise WeightsError(f"weights of {weights}{read}: {words}{gone}") from exc
    for name, path in found.files.items():
        if file_digest(path) != found.digests[name]:
            raise WeightsError(f"weights of {weights}: {path} changed while it was read. Run again.")
    published = {file.name: file for file in found.release.published}
    if not own:
        for name, digest in found.digests.items():
            remember(weights, found.release, published[name], digest, params.sha256)
    return {
        "release": found.release.name,
        # Where it is published, and not where this machine has it from: the same files give the same record.
        "published": {
            name: {"sha256": digest, "from": "path" if own else published[name].urls[0]}
            for name, digest in found.digests.items()
        },
        "licence": found.release.licence,
    }


def _unforeseen(found: Found, error: Exception) -> str:
    return (
        f"{', '.join(found.files)} of release {found.release.name} cannot be converted "
        f"({type(error).__name__}: {' '.join(str(error).split())[:200]}). {REMEDY}"
    )


def _make(weights: str, place: Path, folder: Path, layers: str) -> None:
    try:
        module_of("weights", weights).convert(place, folder, layers)
    except OSError as exc:
        if not is_machine_failure(exc):
            raise
        raise CacheError(f"cannot write {folder}: {exc.strerror or exc}. Free space and run again.") from exc


def _found(weights: str, params: Weights) -> Found:
    if params.source == "pretrained":
        return fetch(weights, release_of(weights, params.release), params.sha256)
    with readable(weights):
        release, files = recognise(weights, params)
        return Found(release, files, {name: file_digest(path) for name, path in files.items()})


def _lay_out(found: Found, place: Path) -> dict[str, str]:
    """Give `place` the files under their published names; return the digests of those that came out of an archive."""
    archive = found.release.archive
    if archive and archive.name in found.files:
        check_pointer(found.files[archive.name])
        unpack(found.release, found.files[archive.name], place)
        return {file.relative_to(place).as_posix(): file_digest(file) for file in place.rglob("*") if file.is_file()}
    for name, path in found.files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).symlink_to(path.resolve())
    return {}


def _check_pins(weights: str, params: Weights, digests: Mapping[str, str]) -> None:
    for name, pinned in params.sha256.items():
        if name not in digests:
            raise WeightsError(f"weights.{weights}.sha256 pins {name}, which is not among what is read. Take it out.")
        if digests[name] != pinned:
            raise WeightsError(
                f"{name}: expected sha256 {pinned} (pinned in params.yaml), got {digests[name]}. It is not the pinned "
                f"file: get that one, or set weights.{weights}.sha256 to the new value if you trust it."
            )


def read_record(folder: Path) -> dict[str, Any]:
    """Return the `weights.json` of a folder.

    Raises:
        StoreError: it is damaged.
        FileNotFoundError: there is none.
    """
    record = read_json(folder / RECORD)
    if not isinstance(record, dict):
        raise StoreError(f"{folder / RECORD} is damaged: it holds no object. Run `aver doctor --repair`.")
    return record


def read_weights(weights: str, folder: Path) -> WeightsFolder:
    """Return the weights in a folder after checking their files against `weights.json`.

    Raises:
        WeightsError: the folder or a file is missing or changed; says how to get it.
    """
    layout = LAYOUTS[weights]
    try:
        record = read_record(folder)
        digest = _digest(folder, layout, record["source"])
        whole = all(file_digest(folder / name) == found for name, found in record["files"].items())
    except (StoreError, KeyError, AttributeError) as exc:
        raise WeightsError(f"weights of {weights}: {folder / RECORD} is damaged; run `aver doctor --repair`.") from exc
    except FileNotFoundError as exc:
        raise WeightsError(
            f"weights of {weights}: {exc.filename} is missing. Make it with `dvc repro weights`; "
            f"`aver weights {weights}` says what that needs (source 'seeded' needs nothing)."
        ) from None
    if digest != record["sha256"] or not whole:
        raise WeightsError(
            f"weights of {weights}: {folder} was changed; make it again with `dvc repro weights` (or `aver doctor "
            "--repair`)."
        )
    return WeightsFolder(folder, digest, record["source"])


def _digest(folder: Path, layout: Layout, source: str) -> str:
    """Return what stands for the weights in keys: all files; of seeded ones, those that hold numbers."""
    names = layout.numbers if source == "seeded" else layout.files
    lines = [f"{name} {file_digest(folder / name)}" for name in sorted(names)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
