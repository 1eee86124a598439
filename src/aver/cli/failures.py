"""`aver failures`: the ledger of all stages."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from aver.errors import REASONS, visible

SHOWN = 10


def ledger(data: Path) -> list[dict[str, Any]]:
    """Return the rows of every `failures.parquet` below `data`, with `out`, sorted by out and clip."""
    from aver.store.out import read_rows

    rows: list[dict[str, Any]] = []
    for path in sorted(data.rglob("failures.parquet")):
        if ".partial" not in str(path):
            rows += [{"out": str(path.parent), **row} for row in read_rows(path)]
    return rows


@click.command()
@click.option("--reason", type=click.Choice(sorted(REASONS)), help="Only this reason.")
@click.option("--all", "everything", is_flag=True, help=f"Every clip, not the first {SHOWN} of each reason.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--reasons", "explain", is_flag=True, help="Explain all reason codes.")
def failures(reason: str | None, everything: bool, as_json: bool, explain: bool) -> None:
    """List the clips that failed: in which stage, why, and what to do.

    A clip without sound, picture or face did not fail: it is absent in that modality (see `aver status`).
    """
    if explain:
        for code, words in REASONS.items():
            click.echo(f"{code:16} {words.meaning}: {words.remedy}")
        return
    rows = [row for row in ledger(Path("data")) if reason in (None, row["reason"])]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("No clip failed." if any(Path("data").rglob("failures.parquet")) else "No stage has run here yet.")
        return
    rows.sort(key=lambda row: (row["reason"], row["stage"], row["clip_id"]))
    for code, group in groupby(rows, key=lambda row: row["reason"]):
        members = list(group)
        click.echo(f"\n{code}: {len(members)} clips. {REASONS[code].meaning}; {REASONS[code].remedy}.")
        for row in members if everything else members[:SHOWN]:
            click.echo(visible(f"  {row['stage']:20} {row['clip_id']}: {row['detail']}"))
        if len(members) > SHOWN and not everything:
            click.echo(f"  … and {len(members) - SHOWN} more (--all)")
    click.echo("\nMend what can be mended, then `aver retry`.")
