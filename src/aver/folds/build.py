"""The folds stage's work: choose a benchmark's clips, split them by every protocol, pass the leakage gate."""

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
from aver.folds.protocol import PROTOCOLS
from aver.folds.roles import TRAIN, WINDOWS
from aver.folds.summary import summary_of
from aver.params.blocks import Benchmark
from aver.store.out import write_json, write_table

#: `people` says whose people speak: two corpora of one adapter share them (`aver.folds.choose.people_of`).
FOLDS = pa.schema(
    [("protocol", pa.string()), ("fold", pa.int32())]
    + [(name, pa.string()) for name in ("corpus", "people", "clip_id", "role", "label", "speaker", "take", "sha256")]
)
#: What a row says of its clip, whatever the protocol.
OF_CLIP = [name for name in FOLDS.names if name not in ("protocol", "fold", "role")]


@dataclass(frozen=True)
class Folds:
    """A split that leaks nothing but what its protocols let through.

    Args:
        rows: of `folds.parquet`, one per protocol, fold and clip: the headline's protocol first, then by fold and
            corpus.
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
    """Split the clips of a benchmark by its protocol and by those beside it.

    Args:
        name: the benchmark, for messages.
        benchmark: its block.
        corpora: rows of `clips.parquet` of each corpus it names, test corpora included.
        people: see `aver.folds.choose.people_of`.

    Raises:
        BenchmarkError: see `aver.folds.choose`; too few speakers or takes, clips without a speaker where the protocol
            needs one; a label missing in a training fold.
        LeakageError: see `aver.folds.leakage`.
    """
    try:
        chosen = choose(benchmark, corpora, people)
    except BenchmarkError as exc:
        raise BenchmarkError(f"benchmark {name}: {exc}") from None
    rows: list[dict[str, Any]] = []
    for protocol in benchmark.protocols:
        try:
            rows += _split(protocol, chosen.clips, benchmark)
        except (BenchmarkError, LeakageError) as exc:
            raise type(exc)(f"benchmark {name}, protocol {protocol}: {exc}") from None
    return Folds(rows, chosen.left_out)


def _split(protocol: str, clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[dict[str, Any]]:
    kept = [{key: clip[key] for key in OF_CLIP} for clip in clips]
    rows = [
        {"protocol": protocol, "fold": fold, "role": role, **clip}
        for fold, roles in enumerate(PROTOCOLS[protocol](clips, benchmark))
        for clip, role in zip(kept, roles, strict=True)
    ]
    check_leakage(rows)
    _check_training(rows, protocol, benchmark)
    return rows


def _check_training(rows: Sequence[Mapping[str, Any]], protocol: str, benchmark: Benchmark) -> None:
    labels = {row["label"] for row in rows}
    trained: dict[int, set[str]] = {}
    for row in rows:
        own = trained.setdefault(row["fold"], set())
        if row["role"] in (TRAIN, WINDOWS):  # which sequences of a clip train is dealt later, and checked there
            own.add(row["label"])
    for fold, known in trained.items():
        if known != labels:
            others = {"subject": "Raise `folds` or lower", "clip": "Choose another `fold_seed` or lower"}
            more = "takes" if protocol == "clip" else "speakers"
            raise BenchmarkError(
                f"fold {fold} trains without {', '.join(sorted(labels - known))}. {others.get(protocol, 'Lower')} "
                f"`validation_fraction` (it leaves more {more} to train), add clips, or leave the label out "
                f"(`where: {{{COLUMNS[benchmark.label]}: […]}}`, or a label set)."
            )


def write_folds(folder: Path, folds: Folds, benchmark: Benchmark) -> None:
    """Write `folds.parquet` and `summary.json`: see `aver.folds.summary`."""
    write_table(folder / "folds.parquet", folds.rows, FOLDS)
    write_json(folder / "summary.json", summary_of(folds.rows, folds.left_out, benchmark))
