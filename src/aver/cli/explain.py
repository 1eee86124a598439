"""`aver explain`: why a clip's result is, or is not, taken from the cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aver.errors import visible

if TYPE_CHECKING:
    from aver.cache.cache import Cache
    from aver.cli.survey.notes import Work
    from aver.parallel import Task


@click.command()
@click.argument("clip")
@click.argument("stage", required=False)
@click.option("--corpus", help="Which corpus, if several have a clip of this name.")
def explain(clip: str, stage: str | None, corpus: str | None) -> None:
    """Tell why the results of CLIP are, or are not, taken from the clip cache.

    CLIP is a clip id (see `data/corpora/<corpus>/clips.parquet`). For each stage: whether its result is stored, and if
    not, which part of its key differs from what is stored. With a STAGE (media, faces, features, …) also the whole
    key: everything that the result depends on.
    """
    from aver.cache.cache import Cache
    from aver.cli.dvc import changed_stages
    from aver.cli.survey.survey import survey
    from aver.errors import CorpusError
    from aver.params.file import load

    found = survey(load(), changed_stages(), only=clip)
    names = [name for name, rows in found.clips.items() if rows and corpus in (None, name)]
    if not names:
        words = f"no corpus of params.yaml has a clip {clip!r} (ids stand in data/corpora/<corpus>/clips.parquet)"
        raise CorpusError("\n".join([words, *found.remarks]))
    if len(names) > 1:
        raise CorpusError(f"several corpora have a clip {clip!r}: choose with --corpus {' | '.join(names)}")
    row = found.clips[names[0]][0]
    click.echo(visible(f"{clip} of {names[0]}: {row['path']}, content {row['sha256'][:12]}…"))
    works = [work for work in found.works if work.corpus == names[0]]
    known = dict.fromkeys(name for work in works for name in (work.stage.partition("@")[0], work.stage))
    if stage is not None and stage not in known:
        raise click.UsageError(f"no stage {stage!r} keeps results per clip; there are: {', '.join(known)}")
    for work in works:
        if stage in (None, work.stage, work.stage.partition("@")[0]):
            click.echo()
            for line in _lines(work, works, Cache(), whole=stage is not None):
                click.echo(visible(line))


def _lines(work: Work, works: Sequence[Work], cache: Cache, whole: bool) -> Iterator[str]:
    from aver.cache.cache import Done, Failed

    if not work.tasks:
        yield f"{work.label}: {_why_nothing(work, works)}"
        return
    task, outcome = work.tasks[0], work.outcomes[0]
    if isinstance(outcome, Failed):
        yield f"{work.label}: stored failure: {outcome.reason}: {outcome.detail}"
    elif isinstance(outcome, Done):
        yield f"{work.label}: stored as object {outcome.digest[:12]}…, {outcome.bytes} bytes{_evicted(cache, outcome)}"
    else:
        yield f"{work.label}: to compute"
        yield from _why(task, cache)
    if whole:
        from aver.cache.step import key_of

        parts = task.step.parts(task.inputs)
        yield f"  key {key_of(parts)}"
        for name, value in flat(parts).items():
            yield f"    {name} = {value}"


def _why_nothing(work: Work, works: Sequence[Work]) -> str:
    """Say why there is nothing to look up yet: what comes before has to run, or there will never be anything."""
    if not work.waiting:
        return "nothing to do: absent, or failed"
    steps = [other.label for other in works if other.stage == work.stage and other.pending]
    return f"waits for the step before it, {steps[-1]}" if steps else "waits for the stages before it"


def _evicted(cache: Cache, outcome: Any) -> str:
    from aver.cache.objects import place

    there = place(cache.root / "objects", outcome.digest, ".npz").exists()
    return "" if there else " (evicted; made again on demand)"


def _why(task: Task, cache: Cache) -> Iterator[str]:
    """Say what differs from the nearest stored result of the same clip."""
    parts = flat(task.step.parts(task.inputs))
    stored = nearest(task, cache)
    if stored is None:
        yield f"  nothing is stored yet for step {task.step.name} and this clip"
        return
    for name in sorted({*parts, *stored}):
        if parts.get(name) != stored.get(name):
            yield f"  {name}: stored {_short(stored.get(name))}, now {_short(parts.get(name))}"


def nearest(task: Task, cache: Cache) -> dict[str, Any] | None:
    """Return the flat key parts of the stored result of this clip and step that differs least, or None."""
    from aver.cache.sealed import unseal

    parts = flat(task.step.parts(task.inputs))
    best, least = None, len(parts) + 1
    for path in sorted(Path(cache.root, "entries", task.step.name).glob("*/*.json")):
        try:
            body = unseal(path.read_bytes())
        except (OSError, ValueError):
            continue
        other = flat(body["parts"])
        same_clip = body["name"] == task.name or other.get("inputs.clip", "") == parts.get("inputs.clip")
        differing = sum(parts.get(name) != other.get(name) for name in {*parts, *other})
        if same_clip and 0 < differing < least:
            best, least = other, differing
    return best


def flat(parts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with dotted names.

    Example:
        >>> flat({"params": {"faces": {"crop_px": 64}}, "step": "faces"})
        {'params.faces.crop_px': 64, 'step': 'faces'}
    """
    found: dict[str, Any] = {}
    for name, value in parts.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = list(value) if isinstance(value, tuple) else value
    return found


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 else text
