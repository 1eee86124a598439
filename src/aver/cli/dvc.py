"""What DVC knows and does, as far as the commands need it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from aver.errors import AverError


class DvcError(AverError):
    """DVC refused or failed."""


@contextmanager
def _repository() -> Iterator[Any]:
    """Yield DVC's view of the repository.

    Raises:
        DvcError: this is no DVC repository, one of its files is damaged, or another run is busy here.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        with Repo() as repo:
            yield repo
    except DvcException as exc:
        raise DvcError(f"DVC: {exc}") from exc


def changed_stages() -> dict[str, list[Any]]:
    """Return the stages whose dependencies, params, command or outs changed, with DVC's reasons; `name@cell`.

    A stage that depends only on outs of a changed stage is not among them: whether it runs is known when they are made.

    Raises:
        DvcError: see `_repository`.
    """
    with _repository() as repo:
        found: dict[str, list[Any]] = repo.status()
    return found


def makes_something_else(reasons: list[Any], *packages: str) -> bool:
    """Tell whether a changed stage may write another out: its params, command, out or code in `packages` changed.

    Other code only looks after the stage; what it writes stays the same.
    """
    for reason in reasons:
        if not isinstance(reason, dict) or "changed outs" in reason:
            return True
        changed = reason.get("changed deps", {})
        if any(isinstance(how, dict) or what in packages for what, how in changed.items()):
            return True
    return False


@dataclass(frozen=True)
class Recorded:
    """An out as dvc.lock records it: its stage, path, md5 (`….dir` for a folder) and place in DVC's cache."""

    stage: str
    path: Path
    md5: str
    stored: Path


def recorded_outs() -> list[Recorded]:
    """Return the outs of all stages in dvc.yaml that DVC keeps in its cache and has recorded.

    Raises:
        DvcError: see `_repository`.
    """
    with _repository() as repo:
        return [
            Recorded(
                out.stage.addressing, Path(os.path.relpath(out.fs_path)), out.hash_info.value,
                Path(out.cache.oid_to_path(out.hash_info.value)),
            )
            for out in repo.index.outs if out.use_cache and out.hash_info
        ]  # fmt: skip


def pipeline() -> dict[str, Any]:
    """Return the stages of dvc.yaml by name."""
    content: dict[str, Any] = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))
    return content["stages"]


def grid() -> list[str]:
    """Return the strategies that dvc.yaml compares besides the one named by `fusion`."""
    return [name for name in pipeline()["classifiers"]["matrix"]["strategy"] if not name.startswith("${")]


def dvc(*arguments: str, quiet: bool = False) -> bool:
    """Run a dvc command, its output on stderr; return whether it succeeded."""
    click.echo(f"$ dvc {' '.join(arguments)}", err=True)
    out = subprocess.DEVNULL if quiet else sys.stderr
    return (
        subprocess.run([sys.executable, "-m", "dvc", *arguments], stdout=out, stderr=out, check=False).returncode == 0
    )
