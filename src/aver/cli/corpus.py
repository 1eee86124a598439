"""`aver corpus NAME`: what a corpus holds, beside what its authors publish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aver.cli.look import Look, adapter_of, facts, from_root, look
from aver.errors import AverError, visible

if TYPE_CHECKING:
    from aver.params.blocks import Params


@click.command()
@click.argument("name", required=False)
@click.option("--root", type=click.Path(file_okay=False, path_type=Path), help="Read this folder, whatever ran before.")
@click.option("--adapter", help="Which adapter reads the folder of --root; default: the corpus's own.")
@click.option("--all", "everything", is_flag=True, help="All speakers, values and files, not only the first.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, everything.")
@click.pass_context
def corpus(
    context: click.Context, name: str | None, root: Path | None, adapter: str | None, everything: bool, as_json: bool
) -> None:
    """Show what a corpus holds: counts against the published ones, media, faces, and what is odd.

    NAME is a corpus of `params.yaml`; without it, one line for each. A corpus that no stage has read yet is read by its
    file names alone, which takes seconds: so look before you let `dvc repro` work for hours.

    \b
    Example:
      aver corpus ravdess
      aver corpus --root /data/RAVDESS --adapter ravdess
    """  # noqa: D301  click reads the control character
    from aver.cli.card import text
    from aver.params.file import load
    from aver.params.names import known

    params = load()
    here = context.obj if isinstance(context.obj, Path) else Path.cwd()
    if root is not None:
        chosen = adapter or (adapter_of(name, params) if name in params.corpora else name)
        if not chosen:
            raise click.UsageError("--root needs --adapter, or the NAME of a corpus that has one")
        looks = [from_root(name or chosen, here / root.expanduser(), chosen)]
    elif adapter is not None:
        raise click.UsageError("--adapter needs --root: in params.yaml each corpus has its own")
    elif name is not None:
        known("corpus of params.yaml", name, list(params.corpora))
        looks = [look(name, params)]
    else:
        _overview(params, as_json)
        return
    if as_json:
        click.echo(json.dumps(facts(looks[0]), indent=2))
        return
    click.echo(text(looks[0].card, looks[0].note, everything))


def _overview(params: Params, as_json: bool) -> None:
    """Print one line per corpus; one that cannot be read says why."""
    from aver.cli.text import table

    lines, troubles = [], []
    for name in params.corpora:
        try:
            lines.append(_line(look(name, params)))
        except AverError as exc:
            lines.append({"corpus": name, "adapter": adapter_of(name, params), "trouble": str(exc)})
            first = str(exc).partition("\n")[0]
            troubles.append(first if name in first else f"corpus {name}: {first}")
    if as_json:
        click.echo(json.dumps(lines, indent=2))
        return
    columns = ("adapter", "clips", "speakers", "labels", "published", "hours", "coverage", "failed", "odd", "read")
    rows = [[visible(line["corpus"]), *(visible(str(line.get(column, ""))) for column in columns)] for line in lines]
    click.echo(table(rows, ["corpus", *columns]))
    for trouble in troubles:
        click.echo(visible(trouble))


def _line(found: Look) -> dict[str, Any]:
    from aver.report.words import DASH, percent

    card = found.card
    here = [part for part in card.parts if part.here]
    agrees = "differs" if any(part.differs for part in here) else "agrees"
    coverage = card.faces.coverage if card.faces else None
    return {
        "corpus": card.corpus,
        "adapter": card.adapter,
        "clips": card.clips,
        "speakers": len(card.speakers),
        "labels": len(set(card.counts.get("label", {})) - {"(unknown)"}),
        "published": f"{agrees} ({len(here)} of {len(card.parts)} parts)" if here else DASH,
        "hours": f"{card.media.total_s / 3600:.2f}" if card.media else DASH,
        "coverage": f"{percent(coverage.median)} %" if coverage else DASH,
        "failed": sum(group.clips for group in card.failed),
        "odd": sum(group.clips for group in card.findings) + sum(one.clips for one in card.unusual),
        "read": "by names" if found.by_names else "by stages",
    }
