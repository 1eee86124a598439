"""The failure ledger: no clip is dropped silently, and too many failures stop a stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from aver.errors import ClipsError, remedy
from aver.store.out import write_json, write_table

FAILURES = pa.schema([(name, pa.string()) for name in ("clip_id", "stage", "reason", "detail", "remedy")])


@dataclass(frozen=True)
class Failure:
    """One clip that a stage could not use."""

    clip_id: str
    stage: str
    reason: str
    detail: str

    def row(self) -> dict[str, str]:
        """Return the ledger row, remedy included."""
        return {**self.__dict__, "remedy": remedy(self.reason)}


def gate(failures: Sequence[Failure], clips: int, max_failed_fraction: float) -> None:
    """Stop the stage if more than `max_failed_fraction` of its `clips` failed.

    Raises:
        ClipsError: names the reasons, the first clips, the remedies and the parameter.
    """
    if not failures or len(failures) <= max_failed_fraction * clips:
        return
    lines = [
        f"{len(failures)} of {clips} clips failed, more than max_failed_fraction = {max_failed_fraction:g} allows:"
    ]
    for reason, count in Counter(failure.reason for failure in failures).most_common():
        lines.append(f"  {count} x {reason} -> {remedy(reason)}")
        lines += [f"      {f.clip_id}: {f.detail}" for f in failures if f.reason == reason][:5]
    lines.append("Mend or remove these clips, or raise max_failed_fraction in params.yaml (1 lets all pass).")
    raise ClipsError("\n".join(lines))


def write_ledger(folder: Path, failures: Sequence[Failure], summary: dict[str, Any]) -> None:
    """Write `failures.parquet` and `summary.json` (counts that follow from the inputs only) into a stage's out."""
    write_table(folder / "failures.parquet", [f.row() for f in sorted(failures, key=lambda f: f.clip_id)], FAILURES)
    reasons = Counter(failure.reason for failure in failures)
    write_json(folder / "summary.json", {**summary, "failed": len(failures), "failed_by_reason": dict(reasons)})
