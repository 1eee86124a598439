"""What DVC knows and does, as far as the commands need it."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import yaml

from aver.errors import AverError


class DvcError(AverError):
    """DVC refused or failed."""


def changed_stages() -> dict[str, list[Any]]:
    """Return the stages whose dependencies, params, command or outs changed, with DVC's reasons; `name@cell`.

    A stage that depends only on outs of a changed stage is not among them: whether it runs is known when they are made.

    Raises:
        DvcError: dvc.yaml is damaged, or DVC is busy with another run here.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        with Repo() as repo:
            found: dict[str, list[Any]] = repo.status()
    except DvcException as exc:
        raise DvcError(f"dvc status: {exc}") from exc
    return found


def pipeline() -> dict[str, Any]:
    """Return the stages of dvc.yaml by name."""
    content: dict[str, Any] = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))
    return content["stages"]


def grid() -> list[str]:
    """Return the strategies that dvc.yaml compares besides the one named by `fusion`."""
    return [name for name in pipeline()["classifiers"]["matrix"]["strategy"] if not name.startswith("${")]


def locked() -> dict[str, Any]:
    """Return the stages of dvc.lock by name and cell; empty before the first run."""
    path = Path("dvc.lock")
    if not path.exists():
        return {}
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content["stages"]


def dvc(*arguments: str, quiet: bool = False) -> bool:
    """Run a dvc command, its output on stderr; return whether it succeeded."""
    click.echo(f"$ dvc {' '.join(arguments)}", err=True)
    out = subprocess.DEVNULL if quiet else sys.stderr
    return (
        subprocess.run([sys.executable, "-m", "dvc", *arguments], stdout=out, stderr=out, check=False).returncode == 0
    )
