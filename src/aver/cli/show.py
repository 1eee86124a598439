"""`aver show CLIP`: write a contact sheet of one clip, to see what the pipeline saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aver.errors import CorpusError

if TYPE_CHECKING:
    from aver.params.blocks import Params

#: The folder of the stage outs, in the repository's root folder, where AVER's commands work.
DATA = Path("data")
#: How alike a name must be to be offered instead of one that does not exist (difflib's ratio).
ALIKE = 0.6


@click.command()
@click.argument("clip")
@click.option("--corpus", default="", help="Where to look for the clip; default: in all corpora.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The PNG; default: <clip id>.png here.")
@click.option("--frames", type=click.IntRange(1, 60), default=24, show_default=True, help="Most frames to show.")
@click.pass_context
def show(context: click.Context, clip: str, corpus: str, out: Path | None, frames: int) -> None:
    """Draw what the pipeline saw of a clip: frames, faces, sound and windows.

    CLIP is a clip id, or the path of its file or the end of that path.
    """
    # Imported here: `aver --help` need not wait for OpenCV and matplotlib.
    from aver.cli.sheet.gather import gather
    from aver.cli.sheet.page import draw
    from aver.params.file import load

    params = load()
    # The group goes to the repository's root folder; where the user stands it leaves as the context's object.
    here = context.obj if isinstance(context.obj, Path) else Path.cwd()
    found = find(clip, corpus, params, here)
    target = out or Path(file_name(found.clip_id))
    png = draw(gather(DATA, found.corpus, found.clip_id, params, frames))
    try:
        (here / target).write_bytes(png)
    except OSError as exc:
        raise CorpusError(f"{target} cannot be written: {exc.strerror}. Name another file with --out.") from exc
    click.echo(target)


@dataclass(frozen=True)
class Candidate:
    """One clip that the user may mean; its path is empty if it failed as its corpus was read."""

    corpus: str
    clip_id: str
    path: str
    root: Path


def find(clip: str, corpus: str, params: Params, here: Path) -> Candidate:
    """Return the clip that a user means.

    A clip's id wins over the path of a file, and a whole path over the end of one.

    Args:
        clip: a clip id, the path of a clip's file from the corpus root or from `here`, or the end of such a path.
        corpus: where to look; empty: in all corpora that were read.
        params: all params; `corpora` is used.
        here: the folder in which the user stands.

    Raises:
        CorpusError: no corpus was read, none of that name, no such clip (names similar ones), or several.
    """
    candidates = [candidate for name in _corpora(corpus, params) for candidate in _clips(name, params)]
    typed = (here / clip).resolve() if (here / clip).is_file() else None
    ways: Sequence[Callable[[Candidate], bool]] = (
        lambda one: one.clip_id == clip,
        lambda one: bool(one.path) and (one.path == clip or (typed is not None and _file(one) == typed)),
        lambda one: f"/{one.path}".endswith(f"/{clip}"),
    )
    for fits in ways:
        hits = [candidate for candidate in candidates if fits(candidate)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise CorpusError(_ambiguous(clip, hits))
    raise CorpusError(_unknown(clip, candidates))


def file_name(clip_id: str) -> str:
    """Return the default name of a clip's sheet: a name and no path, whatever the clip id holds.

    Example:
        >>> file_name("Actor_01/01-02.mp4")
        'Actor_01_01-02.mp4.png'
    """
    safe = "".join("_" if letter in '/\\:*?"<>|' or not letter.isprintable() else letter for letter in clip_id)
    return safe.lstrip(".") + ".png"


def _file(candidate: Candidate) -> Path:
    return (candidate.root / candidate.path).resolve()


def _corpora(corpus: str, params: Params) -> list[str]:
    """Return the corpora to search: those that params names and the corpora stage has read."""
    read = [name for name in sorted(params.corpora) if (DATA / "corpora" / name / "clips.parquet").is_file()]
    if not read:
        raise CorpusError(f"no corpus was read yet: {DATA / 'corpora'} has none. Run `dvc repro` first.")
    if corpus and corpus not in read:
        raise CorpusError(f"corpus {corpus} was not read; known: {', '.join(read)}. `dvc repro` reads those of params.")
    return [corpus] if corpus else read


def _clips(corpus: str, params: Params) -> list[Candidate]:
    from aver.store.out import read_rows

    folder = DATA / "corpora" / corpus
    failures = folder / "failures.parquet"
    paths = {row["clip_id"]: "" for row in (read_rows(failures, ["clip_id"]) if failures.is_file() else [])}
    paths |= {row["clip_id"]: row["path"] for row in read_rows(folder / "clips.parquet", ["clip_id", "path"])}
    root = Path(params.corpora[corpus].root).expanduser()
    return [Candidate(corpus, clip_id, path, root) for clip_id, path in sorted(paths.items())]


def _ambiguous(clip: str, hits: Sequence[Candidate]) -> str:
    lines = [f"{clip} may be any of {len(hits)} clips:"]
    lines += [f"  {one.clip_id} (corpus {one.corpus}, {one.path or 'failed as it was read'})" for one in hits[:10]]
    lines += ["  …"] if len(hits) > 10 else []
    several = len({one.corpus for one in hits}) > 1
    return "\n".join([*lines, "Say which with --corpus." if several else "Give the clip id, or more of the path."])


def _unknown(clip: str, candidates: Sequence[Candidate]) -> str:
    import difflib

    # Also by the file's name alone: folders would outweigh the letters that differ.
    words = {word: one.clip_id for one in candidates for word in (one.path.rpartition("/")[2], one.path, one.clip_id)}
    close = [
        words[word]
        for typed in (clip, clip.rpartition("/")[2])
        for word in difflib.get_close_matches(typed, words, n=5, cutoff=ALIKE)
    ]
    similar = ", ".join(list(dict.fromkeys(close))[:5])
    where = ", ".join(sorted({one.corpus for one in candidates}))
    hint = f"Similar: {similar}." if similar else f"Clip ids stand in {DATA}/corpora/<corpus>/clips.parquet."
    return f"no clip {clip} in {where}. {hint}"
