"""What is taken for what: confusion matrices, and the recall of each emotion."""

from __future__ import annotations

from dataclasses import dataclass

from aver.report.cells import headline, labels_of, scored
from aver.report.grid import Grid
from aver.report.inputs import Inputs
from aver.report.words import percent


@dataclass(frozen=True)
class Confusion:
    """One strategy's confusions, rows in percent of the clips that carry the label; None: no clip of it was tested."""

    strategy: str
    labels: list[str]
    rows: list[tuple[str, list[int] | None]]


def confusions(inputs: Inputs, benchmark: str) -> list[Confusion]:
    """Return the confusions of every strategy."""
    found = []
    for cell in scored(headline(inputs, benchmark)):
        rows = [(label, _shares(row)) for label, row in zip(cell["labels"], cell["confusion"], strict=True)]
        found.append(Confusion(cell["strategy"], cell["labels"], rows))
    return found


def _shares(row: list[float]) -> list[int] | None:
    total = sum(row)
    return [round(100 * value / total) for value in row] if total else None


def recall(inputs: Inputs, benchmark: str) -> Grid:
    """Return the recall of each emotion by strategy, a dash where no clip of it was tested."""
    cells = scored(headline(inputs, benchmark))
    rows = [(label, [percent(cell["recall"].get(label)) for cell in cells]) for label in labels_of(cells)]
    return Grid([cell["strategy"] for cell in cells], rows)
