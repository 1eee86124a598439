"""What has no number, and why."""

from __future__ import annotations

from dataclasses import dataclass

from aver.report import reduced
from aver.report.inputs import Inputs


@dataclass(frozen=True)
class Missing:
    """One place where the report shows a dash."""

    benchmark: str
    what: str
    reason: str


def missing(inputs: Inputs) -> list[Missing]:
    """Return every cell without scores, reducer that could not be fitted, and strategy without analyses over time."""
    found = [
        Missing(cell["benchmark"], f"{cell['strategy']}, {cell['protocol']}", cell["gap"])
        for cell in inputs.scores
        if cell.get("gap")
    ]
    found += [
        Missing(benchmark, f"reducer {name}", reason)
        for benchmark in inputs.reduced
        for name, reason in reduced.gaps(inputs, benchmark)
    ]
    found += [
        Missing(row["benchmark"], f"{row['strategy']}, over time", row["gap"])
        for row in inputs.over_time
        if row.get("gap")
    ]
    return found
