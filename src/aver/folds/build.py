"""The folds stage's work: choose a benchmark's clips, split them, pass the leakage gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from aver.errors import BenchmarkError, LeakageError
from aver.folds.choose import COLUMNS, choose
from aver.folds.leakage import check_leakage
from aver.folds.protocol import PROTOCOLS, TRAIN
from aver.params.blocks import Benchmark
from aver.store.out import write_json, write_table

#: `people` says whose people speak: two corpora of one adapter share them (`aver.folds.choose.people_of`).
FOLDS = pa.schema(
    [("fold", pa.int32())]
    + [(name, pa.string()) for name in ("corpus", "people", "clip_id", "role", "label", "speaker", "take", "sha256")]
)


@dataclass(frozen=True)
class Folds:
    """A split that leaks nothing.

    Args:
        rows: of `folds.parquet`, one per fold and clip, by fold and corpus.
        left_out: clips that the benchmark does not use: (corpus, reason, word) → their number.
    """

    rows: list[dict[str, Any]]
    left_out: Counter[tuple[str, str, str]]


def build_folds(
    name: str,
    benchmark: Benchmark,
    corpora: Mapping[str, Sequence[Mapping[str, Any]]],
    people: Mapping[str, str],
) -> Folds:
    """Split the clips of a benchmark.

    Args:
        name: the benchmark, for messages.
        benchmark: its block.
        corpora: rows of `clips.parquet` of each corpus it names, test corpora included.
        people: see `aver.folds.choose.people_of`.

    Raises:
        BenchmarkError: see `aver.folds.choose`; too few speakers; a label missing in a training fold.
        LeakageError: see `aver.folds.leakage`.
    """
    try:
        chosen = choose(benchmark, corpora, people)
        sides = PROTOCOLS[benchmark.protocol](chosen.clips, benchmark)
        kept = [key for key in FOLDS.names if key not in ("fold", "role")]
        rows = [
            {"fold": fold, "role": role, **{key: clip[key] for key in kept}}
            for fold, roles in enumerate(sides)
            for clip, role in zip(chosen.clips, roles, strict=True)
        ]
        check_leakage(rows)
        _check_training(rows, benchmark)
    except (BenchmarkError, LeakageError) as exc:
        raise type(exc)(f"benchmark {name}: {exc}") from None
    return Folds(rows, chosen.left_out)


def _check_training(rows: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> None:
    labels = {row["label"] for row in rows}
    for fold in sorted({row["fold"] for row in rows}):
        trained = {row["label"] for row in rows if row["fold"] == fold and row["role"] == TRAIN}
        if trained != labels:
            remedy = "Raise `folds` or lower" if benchmark.folds else "Lower"
            raise BenchmarkError(
                f"fold {fold} trains without {', '.join(sorted(labels - trained))}. {remedy} `validation_fraction` "
                "(it leaves more speakers to train), add clips, or leave the label out "
                f"(`where: {{{COLUMNS[benchmark.label]}: […]}}`, or a label set)."
            )


def write_folds(folder: Path, folds: Folds, benchmark: Benchmark) -> None:
    """Write `folds.parquet` and `summary.json`: what every corpus gives, what is left out and why, roles per fold."""
    write_table(folder / "folds.parquet", folds.rows, FOLDS)
    roles: dict[str, Counter[str]] = {}
    for row in folds.rows:
        roles.setdefault(str(row["fold"]), Counter())[row["role"]] += 1
    first = [row for row in folds.rows if row["fold"] == 0]
    corpora = sorted({row["corpus"] for row in first})
    left_out: dict[str, dict[str, Any]] = {}
    for (corpus, reason, word), number in sorted(folds.left_out.items()):
        reasons = left_out.setdefault(corpus, {})
        if word:
            reasons.setdefault(reason, {})[word] = number
        else:
            reasons[reason] = number
    summary = {
        "protocol": benchmark.protocol,
        "label": benchmark.label,
        "label_set": benchmark.labels,
        "corpora": corpora,
        "test_corpora": sorted(benchmark.test_corpora),
        **_contents(first),
        "per_corpus": {name: _contents([row for row in first if row["corpus"] == name]) for name in corpora},
        "left_out": left_out,
        "folds": roles,
    }
    write_json(folder / "summary.json", summary)


def _contents(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "clips": len(rows),
        "speakers": len({(row["people"], row["speaker"]) for row in rows}),
        "labels": Counter(row["label"] for row in rows),
    }
