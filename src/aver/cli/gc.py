"""`aver gc`: bound the clip cache."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aver.cli.text import amount, number, table

if TYPE_CHECKING:
    from aver.cache.collect import Item

DAY_S = 86400


class Bytes(click.ParamType[int]):
    """`20GB`, `500MB`."""

    name = "SIZE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        try:
            return number(str(value))
        except ValueError:
            self.fail(f"{value!r} is no size; write for example 20GB or 500MB", param, ctx)


class Age(click.ParamType[float]):
    """`30d`, `12h`."""

    name = "AGE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([dhm])", str(value).strip())
        if not match:
            self.fail(f"{value!r} is no age; write for example 30d, 12h or 90m", param, ctx)
        return float(match[1]) * {"d": DAY_S, "h": 3600, "m": 60}[match[2]]


@click.command()
@click.option("--intermediates", is_flag=True, help="Let face crops and decoded sound go; they come back on demand.")
@click.option(
    "--max-size", type=Bytes(), help="Make it fit, e.g. 20GB: first intermediates, then the least recently used."
)
@click.option("--older-than", type=Age(), help="Let go what was not used for so long, e.g. 30d.")
@click.option("--workspace", is_flag=True, help="Let go what the current params, code and clips do not need.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def gc(
    intermediates: bool, max_size: int | None, older_than: float | None, workspace: bool, dry_run: bool, yes: bool
) -> None:
    """Let results in the clip cache go.

    Choose what: --intermediates costs nothing but time when they are needed again; the others remove results, which
    are computed again if something asks for them. Given together, whatever one of them names goes. What lies in data/
    and in DVC's cache is not touched (see `dvc gc` for that).

    --workspace looks at this clone as it is now: results of other branches, of earlier params and of other clones that
    share the cache are not needed by it, and go.
    """
    from aver.cache.collect import clear, evict, inventory, remove
    from aver.cache.health import leftovers
    from aver.cache.location import cache_root
    from aver.cache.lock import alone
    from aver.progress import track

    if not (intermediates or max_size is not None or older_than is not None or workspace):
        raise click.UsageError("say what to let go: --intermediates, --max-size, --older-than or --workspace")
    root = cache_root()
    rules = Rules(intermediates, max_size, older_than, _needed() if workspace else None)
    items = inventory(root, lambda paths: track(paths, "clip cache", "result"))
    _tell(items, *rules.choose(items))
    if dry_run:
        return
    if not yes:
        click.confirm("Let them go?", abort=True)
    with alone(root):  # only now: nobody should wait while somebody reads a question
        items = inventory(root)
        going, evicted = rules.choose(items)
        freed = remove(root, sorted(going, key=lambda item: item.path), items)
        freed += evict(root, evicted) + clear(list(leftovers(root)))
    click.echo(f"{amount(freed)} freed.")


@dataclass(frozen=True)
class Rules:
    """What was asked for; `needed` are the paths that stay with --workspace."""

    intermediates: bool
    max_size: int | None
    older_than: float | None
    needed: set[Path] | None

    def choose(self, items: list[Item]) -> tuple[set[Item], set[Item]]:
        """Return the items to remove and those whose objects alone go."""
        from aver.cache.collect import over

        going = {
            item for item in items
            if (self.older_than is not None and item.used < time.time() - self.older_than)
            or (self.needed is not None and item.path not in self.needed)
        }  # fmt: skip
        staying = [item for item in items if item not in going]
        evicted = {item for item in staying if self.intermediates and item.evictable}
        if self.max_size is not None:
            # Intermediates first: they cost nothing but time.
            evicted |= set(over(staying, self.max_size, [item for item in staying if item.evictable]))
            left = [item for item in staying if item not in evicted]
            going |= set(over(left, self.max_size, left))
        return going, evicted


def _needed() -> set[Path]:
    """Return the entries and objects that the current workspace asks for.

    Raises:
        CorpusError: a corpus is not there, or something is still to be computed, so what it needs is not known.
    """
    from aver.cache.cache import Cache, Done
    from aver.cache.objects import place
    from aver.cache.step import key_of
    from aver.cli.dvc import changed_stages
    from aver.cli.survey.survey import survey
    from aver.errors import CorpusError
    from aver.params.file import load

    found = survey(load(), changed_stages())
    unknown = [work.label for work in found.works if work.pending or work.waiting]
    if found.remarks or unknown:
        why = found.remarks or [f"Not everything is computed yet: {', '.join(unknown)}. Run `dvc repro` first."]
        raise CorpusError("cannot tell what this workspace needs; nothing was removed.\n" + "\n".join(why))
    cache = Cache()
    needed: set[Path] = set()
    for work in found.works:
        for task, outcome in zip(work.tasks, work.outcomes, strict=True):
            needed.add(cache.entry_path(task.step.name, key_of(task.step.parts(task.inputs))))
            if isinstance(outcome, Done):
                needed.add(place(cache.root / "objects", outcome.digest, ".npz"))
    return needed


def _tell(items: list[Item], going: set[Item], evicted: set[Item]) -> None:
    steps = sorted({item.step for item in items})
    held, gone = Counter[str](), Counter[str]()
    for item in items:
        held[item.step] += item.bytes
        gone[item.step] += item.bytes if item in going or item in evicted else 0
    counts = Counter(item.step for item in [*going, *evicted])
    rows = [[step, amount(held[step]), counts[step] or "", amount(gone[step]) if gone[step] else ""] for step in steps]
    rows.append(["all", amount(held.total()), counts.total() or "", amount(gone.total()) if gone.total() else ""])
    click.echo(table(rows, ["step", "holds", "to go", "bytes"]))
