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
from aver.folds.roles import TEST, WINDOWS
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
        paths: of the clips to choose from.

    Example:
        >>> paths = {("c", "b"): "one/b.mp4", ("c", "a"): "two/a.mp4"}
        >>> choose("", paths), choose("b", paths), choose("two/a.mp4", paths), choose("4", paths)
        (('c', 'a'), ('c', 'b'), ('c', 'a'), None)
    """
    meant = (key for key in sorted(paths) if wanted in ("", key[1]) or f"/{paths[key]}".endswith(f"/{wanted}"))
    return next(meant, None)


def chosen_clip(params: Params, benchmark: str, folds: Sequence[Mapping[str, Any]], paths: Paths) -> ClipKey | None:
    """Return the clip of a benchmark whose attention is wanted, one that is tested under its own protocol.

    Args:
        params: `evaluation.over_time.clip` names it.
        benchmark: its name.
        folds: rows of `folds.parquet`.
        paths: of the benchmark's clips.
    """
    own = [row for row in folds if row["protocol"] == params.benchmarks[benchmark].protocol]
    tested = {(row["corpus"], row["clip_id"]) for row in own if row["role"] in (TEST, WINDOWS)}
    return choose(params.evaluation.over_time.clip, {key: path for key, path in paths.items() if key in tested})


def known_of(
    line: Timeline, labels: Sequence[str], folds: Sequence[Mapping[str, Any]], paths: Paths, params: Params
) -> Known:
    """Return what is known of the clips of a time line, in its order.

    Args:
        line: of a strategy on a benchmark.
        labels: of the benchmark, sorted.
        folds: rows of `folds.parquet`.
        paths: of the clips.
        params: say which corpora are the built-in one, whose truth is known, and where they lie.
    """
    rows = {(row["corpus"], row["clip_id"]): row for row in folds}
    clips = pd.DataFrame([{name: rows[key][name] for name in CLIP} for key in line.clips], columns=CLIP, dtype=object)
    return Known(tuple(labels), clips, _onsets(line, paths, params))


def chosen_of(key: ClipKey | None, line: Timeline) -> Chosen | None:
    """Return the chosen clip with the times of its first sequence's steps; None if the time line does not hold it."""
    if key is None or key not in line.clips:
        return None
    first = int(np.flatnonzero(line.owner == line.clips.index(key))[0])
    return Chosen(*key, line.times[line.steps[first][: line.lengths[first]]])


def _onsets(line: Timeline, paths: Paths, params: Params) -> NDArray[np.float64]:
    """Return the truth of the built-in corpus, which lies beside its clips."""
    truth: dict[ClipKey, float] = {}
    for name in {corpus for corpus, _ in line.clips}:
        corpus = params.corpora[name]
        plan = Path(corpus.root).expanduser() / "plan.csv"
        if (corpus.adapter or name) == "synthetic" and plan.is_file():
            table = pd.read_csv(plan, usecols=["file", "onset_s"])
            truth |= {(name, file): float(onset) for file, onset in table.itertuples(index=False)}
    began = zip(line.clips, line.began_s.tolist(), strict=True)
    return np.array([truth.get((key[0], paths[key]), np.nan) - start for key, start in began], np.float64)
