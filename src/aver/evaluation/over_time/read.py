"""What is known of the clips of a time line: labels, speakers, the onset of a built-in clip's emotion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aver.evaluation.answers import CLIP
from aver.evaluation.over_time.probed import Chosen, Known
from aver.params.blocks import Params
from aver.sequences.timeline import ClipKey, Timeline
from aver.store.out import read_rows

Paths = Mapping[ClipKey, str]


def paths_of(corpora: Path, folds: Sequence[Mapping[str, Any]]) -> dict[ClipKey, str]:
    """Return the path of every clip of a benchmark within its corpus, by corpus and id.

    Args:
        corpora: `data/corpora`.
        folds: rows of `folds.parquet`.
    """
    wanted = {(row["corpus"], row["clip_id"]) for row in folds}
    return {
        (name, row["clip_id"]): row["path"]
        for name in sorted({name for name, _ in wanted})
        for row in read_rows(corpora / name / "clips.parquet", ["clip_id", "path"])
        if (name, row["clip_id"]) in wanted
    }


def choose(wanted: str, paths: Paths) -> ClipKey | None:
    """Return the clip that `evaluation.over_time.clip` means, of several the first; None if there is none.

    Args:
        wanted: its id or the end of its path; empty: the first clip.
        paths: of all clips.

    Example:
        >>> paths = {("c", "b"): "one/b.mp4", ("c", "a"): "two/a.mp4"}
        >>> choose("", paths), choose("b", paths), choose("two/a.mp4", paths), choose("x", paths)
        (('c', 'a'), ('c', 'b'), ('c', 'a'), None)
    """
    meant = (key for key in sorted(paths) if not wanted or key[1] == wanted or paths[key].endswith(wanted))
    return next(meant, None)


def known_of(
    line: Timeline, labels: Sequence[str], folds: Sequence[Mapping[str, Any]], paths: Paths, params: Params
) -> Known:
    """Return what is known of the clips of a time line, in its order.

    Args:
        line: of a strategy on a benchmark.
        labels: of the benchmark, sorted.
        folds: rows of `folds.parquet`.
        paths: of the clips.
        params: say which corpora are the built-in one, whose truth is known.
    """
    rows = {(row["corpus"], row["clip_id"]): row for row in folds}
    clips = pd.DataFrame([{name: rows[key][name] for name in CLIP} for key in line.clips], columns=CLIP, dtype=object)
    return Known(tuple(labels), clips, _onsets(line.clips, paths, params))


def chosen_of(key: ClipKey | None, line: Timeline) -> Chosen | None:
    """Return the chosen clip with the starts of its first sequence's steps; None if the time line does not hold it."""
    if key is None or key not in line.clips:
        return None
    first = int(np.flatnonzero(line.owner == line.clips.index(key))[0])
    return Chosen(*key, line.times[line.steps[first][: line.lengths[first]], 0])


def _onsets(clips: Sequence[ClipKey], paths: Paths, params: Params) -> NDArray[np.float64]:
    built_in = {name for name, corpus in params.corpora.items() if (corpus.adapter or name) == "synthetic"}
    if not built_in.intersection(corpus for corpus, _ in clips):
        return np.full(len(clips), np.nan)
    from aver.synthetic.plan import plan_rows

    truth = {row["file"]: row["onset_s"] for row in plan_rows(params.synthetic)}
    return np.array([truth.get(paths[key], np.nan) if key[0] in built_in else np.nan for key in clips], np.float64)
