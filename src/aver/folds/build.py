"""The folds stage's work: choose a benchmark's clips, split them, pass the leakage gate."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from aver.errors import BenchmarkError
from aver.folds.leakage import check_leakage
from aver.folds.protocol import PROTOCOLS, TRAIN
from aver.params.blocks import Benchmark
from aver.store.out import write_json, write_table

log = logging.getLogger(__name__)

FOLDS = pa.schema(
    [("fold", pa.int32())]
    + [(name, pa.string()) for name in ("corpus", "clip_id", "role", "label", "speaker", "take", "sha256")]
)


def build_folds(
    name: str, benchmark: Benchmark, corpora: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """Return rows of `folds.parquet`: one per fold and clip, sorted by fold, corpus and clip.

    Args:
        name: the benchmark, for messages.
        benchmark: its block.
        corpora: rows of `clips.parquet` of each corpus it names.

    Raises:
        BenchmarkError: no clip is left, fewer than two labels, too few speakers, a label missing in a training fold.
        LeakageError: see `aver.folds.leakage`.
    """
    clips = [
        {**clip, "corpus": corpus}
        for corpus in sorted(corpora)
        for clip in corpora[corpus]
        if clip["label"] and all(clip.get(key, "") in allowed for key, allowed in benchmark.where.items())
    ]
    labels = sorted({clip["label"] for clip in clips})
    if len(labels) < 2:
        raise BenchmarkError(
            f"benchmark {name}: {len(clips)} labelled clips with {len(labels)} label(s) left of "
            f"{sum(map(len, corpora.values()))} clips; training needs at least two labels. "
            f"Check its corpora ({', '.join(corpora)}), `where` ({dict(benchmark.where)}), and for a folder of your "
            "own its labels.csv (path,label,speaker)."
        )
    try:
        folds = PROTOCOLS[benchmark.protocol](clips, benchmark)
    except BenchmarkError as exc:
        raise BenchmarkError(f"benchmark {name}: {exc}") from None
    rows = [
        {"fold": fold, "role": roles[clip["speaker"]], **{k: clip[k] for k in FOLDS.names if k not in ("fold", "role")}}
        for fold, roles in enumerate(folds)
        for clip in clips
    ]
    for fold in range(len(folds)):
        trained = {row["label"] for row in rows if row["fold"] == fold and row["role"] == TRAIN}
        if trained != set(labels):
            raise BenchmarkError(
                f"benchmark {name}: fold {fold} trains without {', '.join(sorted(set(labels) - trained))}. "
                "Raise `folds` or lower `validation_fraction` (both leave more speakers to train), or add clips."
            )
    check_leakage(rows)
    return rows


def write_folds(folder: Path, rows: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> None:
    """Write `folds.parquet` and `summary.json`."""
    write_table(folder / "folds.parquet", rows, FOLDS)
    folds = sorted({row["fold"] for row in rows})
    roles = {str(f): dict(sorted(Counter(r["role"] for r in rows if r["fold"] == f).items())) for f in folds}
    first = [row for row in rows if row["fold"] == 0]
    summary = {
        "protocol": benchmark.protocol,
        "corpora": sorted({row["corpus"] for row in first}),
        "clips": len(first),
        "speakers": len({(row["corpus"], row["speaker"]) for row in first}),
        "labels": dict(sorted(Counter(row["label"] for row in first).items())),
        "folds": roles,
    }
    write_json(folder / "summary.json", summary)
