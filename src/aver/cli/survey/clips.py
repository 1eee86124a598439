"""Look up what is computed per clip: rendering, media, faces, features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aver.cli.dvc import makes_something_else
from aver.cli.survey.notes import DATA, Notes, Rows, Survey
from aver.errors import CorpusError, WeightsError
from aver.params.blocks import Params
from aver.params.names import ENCODERS
from aver.progress import hidden
from aver.store.out import read_rows


def synthetic(params: Params, found: Survey) -> int:
    """Look up the built-in corpus; return how many clips are still to be rendered."""
    from aver.synthetic.corpus import render_corpus

    render_corpus(params, Notes(found, "synthetic", DATA / "synthetic"))
    return found.works[-1].pending


def corpus(
    name: str, params: Params, changed: Mapping[str, list[Any]], only: str, rendering: int, found: Survey
) -> dict[str, dict[str, str]]:
    """Look up one corpus; return per stream the digest of every clip's rows, if all of them are known."""
    from aver.faces.index import index_faces
    from aver.features.extract import Stages, extract
    from aver.features.steps import steps_of
    from aver.media.index import index_media
    from aver.windows.index import index_windows

    try:
        clips, root = _clips(name, params, changed)
    except CorpusError as exc:
        clips, root = [], Path()
        if not rendering:
            found.remarks.append(str(exc))
    if root == DATA / "synthetic" and rendering:
        clips = []  # those that lie there are about to be replaced
    clips = [clip for clip in clips if not only or clip["clip_id"] == only]
    found.clips[name] = clips
    heard = Notes(found, f"media@{name}", DATA / "media" / name, 0 if clips else rendering, name)
    media = index_media(name, clips, root, params, heard)
    seen = Notes(found, f"faces@{name}", DATA / "faces" / name, heard.waiting, name)
    faces = index_faces(name, clips, media.rows, root, params, run=seen)
    with hidden():
        windows = index_windows(media.rows, params.windows)
    before = Stages(media.rows, faces.rows, windows)
    known: dict[str, dict[str, str]] = {}
    for stream, block in params.features.items():
        waiting = (seen if ENCODERS[block.encoder].reads == "faces" else heard).waiting
        notes = Notes(found, f"features@{name}-{stream}", DATA / "features" / name / stream, waiting, name)
        try:
            if makes_something_else(changed.get(f"weights@{ENCODERS[block.encoder].weights}", []), "src/aver/weights"):
                raise WeightsError(f"the weights of {block.encoder} are about to be made anew")
            entries = extract(name, stream, before, DATA / "weights", params, notes).entries
        except WeightsError:
            notes.waiting = len(media.rows) + heard.waiting
            for step in ("", " windows") if steps_of(stream, params).pool else ("",):
                notes.note(f"features {name} {stream}{step}", "clip")
            continue
        if not notes.waiting:
            known[stream] = {entry.clip_id: entry.digest for entry in entries}
    return known


def _clips(name: str, params: Params, changed: Mapping[str, list[Any]]) -> tuple[Rows, Path]:
    """Return the clips of a corpus: as catalogued if nothing changed, else as they lie there now."""
    from aver.corpora.catalogue import catalogue, check_root

    block = params.corpora[name]
    root = check_root(name, block)
    table = DATA / "corpora" / name / "clips.parquet"
    if f"corpora@{name}" not in changed and table.exists():
        return read_rows(table), root
    return [clip.row() for clip in catalogue(name, block).clips], root
