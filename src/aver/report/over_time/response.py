"""When a strategy is right for the first time, and when for good (Ghaleb et al. 2022, section 6.2)."""

from __future__ import annotations

from collections.abc import Sequence

from aver.params.names import PAPER
from aver.report.inputs import Row
from aver.report.over_time.rows import OUTPUTS, PEOPLE, Cell, Line, Table, not_ours, outputs_of
from aver.report.reported_mater import RESPONSE, Analyses
from aver.report.words import DASH, count, decimals, known

HEAD = ["clips", "first right, mean", "first right, median", "right for good, mean", "right for good, median"]
ONSET = "right for good, after the onset"
#: Whose response times are published.
REPORTED = "mater"


def response(rows: Sequence[Row], theirs: Analyses | None) -> Table | None:
    """Return a line per output of a strategy, seconds, and what is reported of the same corpus; None without any."""
    onset = any(row.get("onset") for row in rows)
    head = [*HEAD, ONSET] if onset else HEAD
    lines = [
        Line(f"{row['strategy']}, {OUTPUTS[output]}", _own(row, output, onset))
        for row in rows
        for output in outputs_of(row, "response")
    ]
    if not lines:
        return None
    if theirs is None:
        return Table(head, lines)
    shown = theirs.response_s and REPORTED in {row["strategy"].removesuffix(PAPER) for row in rows}
    reported = {REPORTED: (theirs.response_s, RESPONSE)} if shown else {}
    reported[PEOPLE] = (theirs.people.response_s, theirs.people.source)
    lines += [
        Line(f"{name}, {OUTPUTS[output]}", _first(mean_s, len(head)), theirs=True)
        for name, (means_s, _) in reported.items()
        for output, mean_s in means_s.items()
    ]
    return Table(head, lines, not_ours([f"{name}: {source}" for name, (_, source) in reported.items()]))


def settled_s(row: Row, output: str = "both") -> float | None:
    """Return the mean time since when an output stays right, seconds."""
    number: float | None = ((row.get("response") or {}).get(output) or {}).get("settled_mean_s")
    return number


def _own(row: Row, output: str, onset: bool) -> list[Cell]:
    found = row["response"][output]
    seconds = [found[key] for key in ("mean_s", "median_s", "settled_mean_s", "settled_median_s")]
    cells = [Cell(count(found["clips"])), *(Cell(decimals(number)) for number in seconds)]
    return [*cells, _since((row.get("onset") or {}).get(output))] if onset else cells


def _since(found: Row | None) -> Cell:
    """Return the median delay, and below it the middle half of the clips."""
    own = found or {}
    low, high = own.get("low_s"), own.get("high_s")
    between = f"{decimals(low)} to {decimals(high)}" if known(low) and known(high) else DASH
    return Cell(decimals(own.get("median_s")), between)


def _first(mean_s: float, columns: int) -> list[Cell]:
    """Return a mean of first right answers; nothing else is published."""
    return [Cell(DASH), Cell(decimals(mean_s)), *[Cell(DASH)] * (columns - 2)]
