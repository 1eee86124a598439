"""The strategies of a benchmark with their scores and intervals, beside what is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aver.params.names import PAPER
from aver.report.cells import best, headline, is_fusion, scored, shared_uar, value
from aver.report.grid import Grid
from aver.report.inputs import Inputs, Row
from aver.report.reported import of_strategy, reported
from aver.report.reported_score import Score
from aver.report.words import DASH, count, interval, percent


@dataclass(frozen=True)
class StrategyRow:
    """One row of the main table: scores per clip in percent.

    Args:
        clips: how many it scored.
        shared: its UAR on the clips that all strategies scored.
        best: it has the highest UAR of its benchmark, on the clips that all strategies scored.
        named: it is `fusion` in the params.
        paper: it is the variant as published.
        gap: why it has no scores; empty if it has.
        reported: accuracy / UAR that the authors print, a dash for what they do not.
        above: whether its interval lies above the best possible score.
    """

    strategy: str
    streams: str
    clips: str
    uar: str
    uar_interval: str
    shared: str
    accuracy: str
    accuracy_interval: str
    ceiling: str
    reported: str
    best: bool
    named: bool
    paper: bool
    gap: str
    above: bool


def rows(inputs: Inputs, benchmark: str) -> list[StrategyRow]:
    """Return the main table of a benchmark, headline protocol, single modalities first."""
    cells = headline(inputs, benchmark)
    first, theirs = best(cells), reported(inputs, benchmark)
    return [
        StrategyRow(
            strategy=cell["strategy"],
            streams=" + ".join(cell.get("streams", ())),
            clips=count(cell["clips"] if scored([cell]) else None),
            uar=percent(value(cell, "uar")),
            uar_interval=interval(value(cell, "uar", "low"), value(cell, "uar", "high")),
            shared=percent(shared_uar(cell)),
            accuracy=percent(value(cell, "accuracy")),
            accuracy_interval=interval(value(cell, "accuracy", "low"), value(cell, "accuracy", "high")),
            ceiling=percent(cell.get("ceiling")),
            reported=_reported(of_strategy(theirs, cell["strategy"])),
            best=cell is first and len(scored(cells)) > 1,
            named=cell["strategy"] == inputs.params.fusion,
            paper=cell["strategy"].endswith(PAPER),
            gap=cell.get("gap", ""),
            above=bool(cell.get("above_ceiling")),
        )
        for cell in cells
    ]


def _reported(score: Score | None) -> str:
    return score.words if score else DASH


def overview(inputs: Inputs, names: Sequence[str]) -> Grid:
    """Return strategies × benchmarks: UAR with its interval, and what is reported."""
    cells = {(name, cell["strategy"]): cell for name in names for cell in headline(inputs, name)}
    found = {strategy: cell for (_, strategy), cell in cells.items()}
    ordered = sorted(found, key=lambda strategy: (is_fusion(found[strategy]), strategy))
    rows = [
        (strategy, [_overview(inputs, name, cells.get((name, strategy))) for name in names]) for strategy in ordered
    ]
    return Grid(list(names), rows)


def _overview(inputs: Inputs, benchmark: str, cell: Row | None) -> str:
    theirs = of_strategy(reported(inputs, benchmark), cell["strategy"]) if cell else None
    own = DASH
    if cell and scored([cell]):
        own = f"{percent(value(cell, 'uar'))} ({interval(value(cell, 'uar', 'low'), value(cell, 'uar', 'high'))})"
    return f"{own}; reported* {theirs.uar:.2f}" if theirs and theirs.uar is not None else own
