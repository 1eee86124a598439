"""Make the folder of one encoder's weights: seeded, or copied or downloaded, with the sha256 of every file."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from aver.cache.objects import file_digest
from aver.errors import StoreError, WeightsError
from aver.params.blocks import Weights
from aver.store.out import read_json, write_json
from aver.weights.fetch import fetch
from aver.weights.layouts import LAYOUTS, Layout
from aver.weights.seeded import seed_weights
from aver.weights.trust import check_trust

log = logging.getLogger(__name__)
RECORD = "weights.json"


@dataclass(frozen=True)
class WeightsFolder:
    """Weights on disk: the folder, the sha256 over the files that hold them, and `seeded` or `pretrained`."""

    folder: Path
    digest: str
    source: str


def build_weights(encoder: str, params: Weights, folder: Path) -> None:
    """Write an encoder's weights and `weights.json` into an existing, empty folder.

    Raises:
        WeightsError: a file is missing at the location, is not what its name says, could run code, or the sha256 is
            not the pinned one.
    """
    layout = LAYOUTS[encoder]
    if params.source == "seeded":
        seed_weights(encoder, params.seed, folder)
    else:
        fetch(encoder, layout, str(params.location), folder)
        check_trust(encoder, folder)
    digest = _digest(folder, layout, params.source)
    if params.sha256 and params.sha256 != digest:
        raise WeightsError(
            f"weights of {encoder} from {params.location}: expected sha256 {params.sha256}, got {digest}. The file is "
            f"not the pinned one: download it again, or set weights.{encoder}.sha256 to the new value if you trust it."
        )
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    record = {
        "encoder": encoder,
        "source": params.source,
        "sha256": digest,
        "files": {path.relative_to(folder).as_posix(): file_digest(path) for path in files},
        "licence": "none: random numbers" if params.source == "seeded" else layout.licence,
    }
    write_json(folder / RECORD, record)
    log.info("weights %s  %s, sha256 %s…", encoder, params.source, digest[:12])


def read_weights(encoder: str, folder: Path) -> WeightsFolder:
    """Return the weights in a folder after checking their files against `weights.json`.

    Raises:
        WeightsError: the folder or a file is missing or changed; says how to get it.
    """
    layout = LAYOUTS[encoder]
    try:
        record = read_json(folder / RECORD)
        digest = _digest(folder, layout, record["source"])
        whole = all(file_digest(folder / name) == found for name, found in record["files"].items())
    except (StoreError, KeyError) as exc:
        raise WeightsError(f"weights of {encoder}: {folder / RECORD} is damaged; run `aver doctor --repair`.") from exc
    except FileNotFoundError as exc:
        raise WeightsError(
            f"weights of {encoder}: {exc.filename} is missing. Make it with `dvc repro weights` "
            f"(source 'seeded' needs nothing; 'pretrained' wants {layout.published} at weights.{encoder}.location)."
        ) from None
    if digest != record["sha256"] or not whole:
        raise WeightsError(f"weights of {encoder}: {folder} was changed; restore it with `dvc checkout weights`.")
    return WeightsFolder(folder, digest, record["source"])


def _digest(folder: Path, layout: Layout, source: str) -> str:
    """Return what stands for the weights in keys: all files as published; of seeded ones, those that hold numbers.

    (The graph that TensorFlow saves counts how many graphs its process made before.)
    """
    names = layout.hashed if source == "seeded" else layout.files
    lines = [f"{name} {file_digest(folder / name)}" for name in sorted(names)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
