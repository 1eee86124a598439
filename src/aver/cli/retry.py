"""`aver retry`: failed clips again, through DVC."""

from __future__ import annotations

from pathlib import Path

import click

from aver.errors import REASONS


@click.command()
@click.option("--reason", type=click.Choice(sorted(REASONS)), help="Only clips that failed for this reason.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be tried again.")
def retry(reason: str | None, dry_run: bool) -> None:
    """Try failed clips again, after you mended what made them fail.

    Forgets the stored failures and runs the stages that had them again, then `dvc repro` for what depends on them. All
    other clips come from the clip cache. (A clip whose file you replaced is a new clip: plain `dvc repro` sees it.)
    """
    from aver.cache.cache import Cache, Failed
    from aver.cache.health import discard
    from aver.cache.step import key_of
    from aver.cli.dvc import DvcError, changed_stages, dvc, pipeline
    from aver.cli.failures import ledger
    from aver.cli.outs import stage_of
    from aver.cli.survey.survey import survey
    from aver.params.file import load

    rows = [row for row in ledger(Path("data")) if reason in (None, row["reason"])]
    cache = Cache()
    stages = dict.fromkeys(stage for row in rows if (stage := stage_of(Path(row["out"]))))
    forgotten = []
    for work in survey(load(), changed_stages()).works:
        for task, outcome in zip(work.tasks, work.outcomes, strict=True):
            if isinstance(outcome, Failed) and reason in (None, outcome.reason):
                forgotten.append(cache.entry_path(task.step.name, key_of(task.step.parts(task.inputs))))
                stages[work.stage] = None
    if not stages:
        if not any(Path("data").rglob("failures.parquet")):
            click.echo("No stage has run here yet.")
        else:
            click.echo("No clip failed." if reason is None else f"No clip failed for the reason {reason}.")
        return
    clips = {row["clip_id"] for row in rows}
    click.echo(f"{len(clips)} failed clips, {len(forgotten)} stored failures; stages: {', '.join(stages)}")
    if dry_run:
        return
    for path in forgotten:
        discard(path)
    order = list(pipeline())
    for stage in sorted(stages, key=lambda name: (order.index(name.partition("@")[0]), name)):
        if not dvc("repro", "--force", "--single-item", stage):
            raise DvcError(f"{stage} failed again; its message above says why")
    if not dvc("repro"):
        raise DvcError("a later stage failed; its message above says why")
