"""A benchmark's sequences and folds, and the files from which their rows are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aver.cache.step import Source
from aver.params.blocks import Params
from aver.sequences.plan import Plan
from aver.sequences.split import Fold, split
from aver.sequences.timeline import Timeline, build_timeline, clips_with
from aver.store.reader import Store


@dataclass(frozen=True)
class Layout:
    """What a benchmark gives those who need certain roles.

    Args:
        labels: all labels of the benchmark, sorted.
        stores: per role, per corpus, its store.
        line: the sequences.
        folds: of every protocol that can be served.
        plan: how the sequences were made.
        gaps: why protocols beside the headline cannot be.
    """

    labels: list[str]
    stores: dict[str, dict[str, Store]]
    line: Timeline
    folds: list[Fold]
    plan: Plan
    gaps: dict[str, str] = field(default_factory=dict)

    def width(self, role: str) -> int:
        """Return the length of a role's rows."""
        return int(next(iter(self.stores[role].values())).row_shape[0])

    def files(self, rows_in: Path) -> dict[str, Source]:
        """Return, per role, the file of its rows as an input of a step; `write` puts it there."""
        return {role: Source(self.line.digests[role], rows_in / f"{role}.npy") for role in self.stores}

    def write(self, rows_in: Path) -> None:
        """Write the rows of every role as one `.npy` file [R, D] float32, which training maps."""
        for role, stores in self.stores.items():
            _write(rows_in / f"{role}.npy", stores, clips_with(stores, self.line.clips))


def lay_out(plan: Plan, benchmark: str, folds: Sequence[dict[str, Any]], features: Path, params: Params) -> Layout:
    """Lay a benchmark out; read indexes, but no feature rows.

    Args:
        plan: the streams that are needed, and how sequences are made.
        benchmark: its name.
        folds: rows of `folds.parquet`.
        features: the folder with `<corpus>/<stream>` stores.
        params: all params.

    Raises:
        BenchmarkError: no clip has the features that are needed, or a fold of the headline loses a whole side or
            label.
        StoreError: a store is missing or damaged.
    """
    corpora = sorted({row["corpus"] for row in folds})
    stores = {
        role: {corpus: Store(features / corpus / stream) for corpus in corpora} for role, stream in plan.streams.items()
    }
    wanted = sorted({(row["corpus"], row["clip_id"]) for row in folds})
    line = build_timeline(stores, wanted, plan)
    labels = sorted({row["label"] for row in folds})
    found, gaps = split(line, folds, labels, params.benchmarks[benchmark])
    return Layout(labels, stores, line, found, plan, gaps)


def _write(path: Path, stores: dict[str, Store], clips: Sequence[tuple[str, str]]) -> None:
    total = sum(stores[corpus].entry(clip_id)["rows"] for corpus, clip_id in clips)
    width = next(iter(stores.values())).row_shape
    # Written, not mapped: on a full disk a write is an error, a store into a map kills the process.
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (total, *width)}
        np.lib.format.write_array_header_1_0(file, header)
        for corpus, clip_id in clips:
            file.write(np.ascontiguousarray(stores[corpus].rows(clip_id)).data)
