"""`aver doctor`: whether everything that is stored is whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aver.cache.health import Damage
    from aver.cli.outs import OutFile


@dataclass(frozen=True)
class Finding:
    """All that is damaged: files of the clip cache, of the outs, and what killed processes left behind."""

    cache: list[Damage]
    outs: list[tuple[OutFile, str]]
    leftovers: list[Path]

    def __bool__(self) -> bool:
        return bool(self.cache or self.outs)

    def lines(self) -> Iterator[dict[str, str]]:
        """Yield path, kind and what is wrong."""
        for damage in self.cache:
            yield {"path": str(damage.path), "kind": damage.kind, "what": damage.what}
        for file, what in self.outs:
            yield {"path": str(file.path), "kind": "out", "what": what}


@click.command()
@click.option("--repair", is_flag=True, help="Mend what is damaged.")
@click.option("--json", "as_json", is_flag=True, help="What is found (before any repair), as JSON.")
def doctor(repair: bool, as_json: bool) -> None:
    """Read everything that is stored and compare it with its checksum.

    That is the clip cache (results, objects, recipes) and every file of the pipeline's outs, feature shards among them.
    Exit status 1 if something is damaged and was not repaired.

    --repair makes damaged objects again or removes them (they are computed again when they are needed), restores outs
    from DVC's cache if that is whole and else runs their stages again, and clears what killed processes left.
    """
    from aver.cache.location import cache_root

    found = examine(cache_root())
    if as_json:
        leftovers = [str(path) for path in found.leftovers]
        click.echo(json.dumps({"damaged": list(found.lines()), "leftovers": leftovers}, indent=2))
    else:
        for line in found.lines():
            click.echo(f"{line['path']}: {line['what']}")
        if found.leftovers:
            click.echo(f"{len(found.leftovers)} unfinished files of killed or running processes (harmless)")
    if repair and (found or found.leftovers):
        mend(cache_root(), found)
        found = again(cache_root(), found)
        for line in found.lines():
            click.echo(f"still damaged: {line['path']}: {line['what']}", err=True)
    verdict = f"{len(list(found.lines()))} damaged files." if found else "Everything stored is whole."
    click.echo(verdict if repair or not found else f"{verdict} `aver doctor --repair` mends them.", err=as_json)
    sys.exit(1 if found else 0)


def examine(root: Path) -> Finding:
    """Read and compare every file of the clip cache and of the outs."""
    from aver.cache.health import check, files, leftovers
    from aver.cli.outs import fault, out_files
    from aver.progress import track

    cache = [damage for path in track(files(root), "clip cache", "file") if (damage := check(root, path))]
    outs = [(file, what) for file in track(list(out_files()), "outs", "file") if (what := fault(file))]
    return Finding(cache, outs, list(leftovers(root)))


def again(root: Path, found: Finding) -> Finding:
    """Look again at what was damaged, and only at that."""
    from aver.cache.health import check, leftovers
    from aver.cli.outs import fault

    cache = [now for damage in found.cache if (now := check(root, damage.path))]
    outs = [(file, what) for file, _ in found.outs if (what := fault(file))]
    return Finding(cache, outs, list(leftovers(root)))


def mend(root: Path, found: Finding) -> None:
    """Repair the clip cache, then the outs (they are packed from it), then compute again what was lost for good.

    Raises:
        CacheError: a stage is using the cache.
        DvcError: another `dvc` command is busy here, or a stage could not be run again.
    """
    from aver.cache.cache import Cache
    from aver.cache.collect import clear
    from aver.cache.health import repair
    from aver.cache.lock import alone
    from aver.cli.dvc import DvcError, changed_stages, dvc
    from aver.cli.outs import restore

    changed = changed_stages()
    with alone(root):
        clear(found.leftovers)
        remade, removed = repair(Cache(root), found.cache)
    if found.cache:
        click.echo(f"clip cache: {remade} objects made again, {len(removed)} files removed", err=True)
    restore(file for file, _ in found.outs)
    for stage in _lost({path.stem for path in removed}):
        # A changed stage runs with the next `dvc repro` anyway.
        if stage not in changed and not dvc("repro", "--force", "--single-item", stage):
            raise DvcError(f"{stage} could not be run again; its message above says why")


def _lost(keys: set[str]) -> list[str]:
    """Return the stages whose results were removed, in the order of the flow."""
    from aver.cache.cache import Pending
    from aver.cache.step import key_of
    from aver.cli.survey.survey import survey
    from aver.params.file import load

    if not keys:
        return []
    stages: dict[str, None] = {}
    for work in survey(load(), {}).works:
        for task, outcome in zip(work.tasks, work.outcomes, strict=True):
            if isinstance(outcome, Pending) and key_of(task.step.parts(task.inputs)) in keys:
                stages[work.stage] = None
    return list(stages)
