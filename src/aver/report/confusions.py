"""What is taken for what: confusion matrices, and the recall of each emotion."""

from __future__ import annotations

from dataclasses import dataclass

from aver.report.cells import headline, labels_of, scored
from aver.report.grid import Grid
from aver.report.inputs import Inputs
from aver.report.words import percent


@dataclass(frozen=True)
class Confusion:
    """One strategy's confusions, rows in percent of the clips that carry the label."""

    strategy: str
    labels: list[str]
    rows: list[tuple[str, list[int]]]


def confusions(inputs: Inputs, benchmark: str) -> list[Confusion]:
    """Return the confusions of every strategy; a label without a tested clip has zeros."""
    found = []
    for cell in scored(headline(inputs, benchmark)):
        rows = []
        for label, values in zip(cell["labels"], cell["confusion"], strict=True):
            total = sum(values)
            rows.append((label, [round(100 * value / total) if total else 0 for value in values]))
        found.append(Confusion(cell["strategy"], cell["labels"], rows))
    return found


def recall(inputs: Inputs, benchmark: str) -> Grid:
    """Return the recall of each emotion by strategy, a dash where no clip of it was tested."""
    cells = scored(headline(inputs, benchmark))
    rows = [(label, [percent(cell["recall"].get(label)) for cell in cells]) for label in labels_of(cells)]
    return Grid([cell["strategy"] for cell in cells], rows)
