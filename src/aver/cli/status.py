"""`aver status`: what every stage holds, and what the last run did."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aver.cli.text import amount, duration, table
from aver.errors import visible

if TYPE_CHECKING:
    from aver.cli.survey.notes import Work

HEADERS = ["", "all", "cached", "to compute", "absent", "failed", "clip cache", "out"]


@click.command()
@click.option("--last-run", is_flag=True, help="What the last run of each stage did: computed, from cache, seconds.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(last_run: bool, as_json: bool) -> None:
    """Show what every stage holds: clips, cached, absent, failed, bytes.

    `clip cache` is what the results take in the clip cache (evicted intermediates no longer count), `out` what the
    stage's folder in data/ takes (shared with DVC's cache by links where the file system has them).
    """
    if last_run:
        _last_run(as_json)
        return
    from aver.cli.dvc import changed_stages
    from aver.cli.survey.survey import survey
    from aver.params.file import load

    changed = changed_stages()
    found = survey(load(), changed)
    last = {work.stage: work for work in found.works}
    lines = [*map(_catalogued, found.clips), *(_line(work, last[work.stage] is work) for work in found.works)]
    if as_json:
        click.echo(json.dumps({"stages": lines, "changed": sorted(changed), "remarks": found.remarks}, indent=2))
        return
    rows = [
        [line["what"], line["all"], *(line[key] or "" for key in ("cached", "to_compute", "absent", "failed")),
         *(amount(line[key]) if line[key] else "" for key in ("cache_bytes", "out_bytes"))]
        for line in lines
    ]  # fmt: skip
    click.echo(table(rows, HEADERS))
    for remark in found.remarks:
        click.echo(visible(remark, keep="\n"))
    click.echo(f"\nChanged for DVC: {', '.join(changed)}" if changed else "\nDVC finds nothing changed.")


def _catalogued(corpus: str) -> dict[str, Any]:
    """Return the line of a corpora stage, which keeps nothing in the clip cache."""
    from aver.cache.health import bytes_of

    out = Path("data/corpora", corpus)
    summary = _summary(out)
    counts = {"all": summary.get("clips", 0), "failed": summary.get("failed", 0), "out_bytes": bytes_of(out)}
    return {"what": f"corpora {corpus}", "cached": 0, "to_compute": 0, "absent": 0, "cache_bytes": 0, **counts}


def _line(work: Work, is_last: bool) -> dict[str, Any]:
    """Return the line of one list of tasks; the stage's out and what is absent stand with its last list."""
    from aver.cache.cache import Done
    from aver.cache.health import bytes_of
    from aver.cache.location import cache_root
    from aver.cache.objects import place

    digests = {outcome.digest for outcome in work.outcomes if isinstance(outcome, Done)}
    return {
        "what": work.label,
        "all": len(work.tasks) + work.waiting,
        "cached": work.cached,
        "to_compute": work.pending + work.waiting,
        "absent": sum(_summary(work.out).get("absent", {}).values()) if is_last else 0,
        "failed": work.failed,
        "cache_bytes": sum(bytes_of(place(cache_root() / "objects", digest, ".npz")) for digest in digests),
        "out_bytes": bytes_of(work.out) if is_last else 0,
    }


def _summary(out: Path) -> dict[str, Any]:
    from aver.errors import StoreError
    from aver.store.out import read_json

    try:
        found: dict[str, Any] = read_json(out / "summary.json")
    except (OSError, StoreError):
        return {}
    return found


def _last_run(as_json: bool) -> None:
    from aver.cache.location import cache_root
    from aver.runs import read_records

    records = read_records(cache_root())
    if as_json:
        click.echo(json.dumps({record.label: asdict(record) for record in records}, indent=2))
        return
    rows = [[r.label, r.computed, r.from_cache, r.failed, duration(r.seconds)] for r in records]
    click.echo(table(rows, ["", "computed", "from cache", "failed", "time"]) if rows else "No stage has run here yet.")
