"""`aver plan`: what the next `dvc repro` would compute."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from aver.cli.text import amount, duration, table
from aver.errors import visible

if TYPE_CHECKING:
    from aver.cli.survey.notes import Work
    from aver.runs import Record

#: Changed stages that the summary names.
NAMED = 4


@dataclass(frozen=True)
class Line:
    """One list of tasks: how many are cached, to compute, and to compute at most once what comes before has run.

    `seconds` and `bytes` are expectations from recorded runs; None if nothing like it was ever computed here.
    """

    what: str
    cached: int
    compute: int
    waiting: int
    seconds: float | None
    bytes: float | None


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def plan(as_json: bool) -> None:
    """Tell what the next `dvc repro` would compute.

    Per step of a stage: clips (or training runs, or models to ask) that are cached, that are to be computed, and that
    may be when what comes before has run; with minutes and gigabytes expected from the rates of earlier runs. Nothing
    is computed or changed.
    """
    from aver.cache.location import cache_root
    from aver.cli.dvc import changed_stages
    from aver.cli.survey.survey import survey
    from aver.params.file import load
    from aver.runs import read_records

    params, changed = load(), changed_stages()
    found = survey(params, changed)
    lines = expect(found.works, read_records(cache_root()))
    if as_json:
        content = {"changed": sorted(changed), "lines": [line.__dict__ for line in lines], "remarks": found.remarks}
        click.echo(json.dumps(content, indent=2))
        return
    click.echo(table([_row(line) for line in lines], ["", "cached", "to compute", "at most", "time", "new data"]))
    click.echo()
    for remark in found.remarks:
        click.echo(visible(remark, keep="\n"))
    click.echo(_summary(lines, changed))


def expect(works: Sequence[Work], records: Sequence[Record]) -> list[Line]:
    """Return the lines of the plan.

    Args:
        works: what the cache was asked.
        records: of earlier runs, for rates: of the same work, else of the same kind of work on another corpus.
    """
    rates = {record.label: record for record in records}
    lines = []
    for work in works:
        record = rates.get(work.label) or _like(work.label, records)
        todo = work.pending + work.waiting
        seconds = 0.0 if not todo else todo * record.rate_s if record and record.rate_s else None
        length = 0.0 if not todo else todo * record.bytes_each if record else None
        lines.append(Line(work.label, work.cached, work.pending, work.waiting, seconds, length))
    return lines


def _like(label: str, records: Sequence[Record]) -> Record | None:
    """Return a record of the same stage (and stream or strategy) on another corpus or benchmark."""

    def kind(name: str) -> list[str]:
        words = name.split()
        return words[:1] + words[2:]

    return next((record for record in records if kind(record.label) == kind(label) and record.rate_s), None)


def _row(line: Line) -> list[str | int]:
    time = "?" if line.seconds is None else duration(line.seconds) if line.seconds else ""
    data = "?" if line.bytes is None else amount(line.bytes) if line.bytes else ""
    return [line.what, line.cached, line.compute or "", f"+ {line.waiting}" if line.waiting else "", time, data]


def _summary(lines: Sequence[Line], changed: Mapping[str, object]) -> str:
    todo = sum(line.compute + line.waiting for line in lines)
    if not changed and not todo:
        return "Nothing to do: data and pipelines are up to date."
    seconds, length = sum(line.seconds or 0 for line in lines), sum(line.bytes or 0 for line in lines)
    unknown = any(line.seconds is None for line in lines)
    cost = f"{'more than ' if unknown else 'about '}{duration(seconds)} and {amount(length)} in the clip cache"
    if unknown and not seconds:
        cost = "no idea how long yet"
    words = [f"To compute: {cost}." if todo else "Nothing is to be computed: every result is in the clip cache."]
    if unknown:
        words.append("(? = nothing like it was computed here yet, so no rate is known.)")
    if changed:
        names = ", ".join(list(changed)[:NAMED]) + (", …" if len(changed) > NAMED else "")
        words.append(f"DVC starts {len(changed)} changed stages ({names}), and those after them whose inputs change.")
        words.append("Starting a stage takes seconds, whatever it finds in the cache.")
    else:
        words.append("DVC finds no stage changed, so `dvc repro` starts none: these are made when a stage needs them.")
    return "\n".join(words)
