"""Whole clips: how often sound, picture and both are right, and how sure they are (Ghaleb et al. 2022, Table 1)."""

from __future__ import annotations

from collections.abc import Sequence

from aver.params.names import PAPER
from aver.report.inputs import Row
from aver.report.over_time.rows import LETTERS, OUTPUTS, PEOPLE, Cell, Line, Table, estimate, not_ours
from aver.report.reported import cited
from aver.report.reported_mater import SOURCE, Analyses
from aver.report.words import count, decimals

HEAD = [f"{name} ({LETTERS[output]}), % right" for output, name in OUTPUTS.items()]
HEAD += ["entropy A", "entropy V", "difference", "KL (A‖V)", "KL (V‖A)"]
#: What nobody reports.
UNSAID = Cell(decimals(None))


def certainty(rows: Sequence[Row], theirs: Analyses | None) -> Table:
    """Return a line per strategy; below them those that authors report of the same strategies, and of people."""
    lines = [Line(row["strategy"], _own(row)) for row in rows]
    if theirs is None:
        return Table(HEAD, lines)
    names = dict.fromkeys(row["strategy"].removesuffix(PAPER) for row in rows)
    told = [Line(name, _told(theirs, name), theirs=True) for name in names if name in theirs.told]
    said = [f"strategies: {cited([SOURCE])}"] if told else []
    accuracy = [_printed(theirs.people.accuracy[output]) for output in OUTPUTS]
    people = Line(PEOPLE, [*accuracy, *[UNSAID] * (len(HEAD) - len(accuracy))], theirs=True)
    return Table(HEAD, [*lines, *told, people], not_ours([*said, f"{PEOPLE}: {theirs.people.source}"]))


def _own(row: Row) -> list[Cell]:
    outputs, kl = row["outputs"], row.get("kl") or {}
    sure = [_entropy(outputs.get("acoustic")), _entropy(outputs.get("visual")), row.get("entropy_difference")]
    sure += [kl.get("acoustic_visual"), kl.get("visual_acoustic")]
    return [*(_right(outputs.get(output), row) for output in OUTPUTS), *(Cell(decimals(number)) for number in sure)]


def _right(output: Row | None, row: Row) -> Cell:
    """Return the accuracy of an output, with the clips it is about where they are not all that were tested."""
    if not output:
        return UNSAID
    clips = output.get("clips", row["clips"])
    return estimate(output["accuracy"], "" if clips == row["clips"] else f"{count(clips)} clips")


def _entropy(output: Row | None) -> float | None:
    return output.get("entropy") if output else None


def _told(theirs: Analyses, name: str) -> list[Cell]:
    told = theirs.told[name]
    sure = [told.entropy["acoustic"], told.entropy["visual"], told.difference]
    cells = [*(_printed(told.accuracy[output]) for output in OUTPUTS), *(Cell(decimals(number)) for number in sure)]
    return [*cells, *[UNSAID] * (len(HEAD) - len(cells))]


def _printed(percent: float) -> Cell:
    return Cell(f"{percent:.1f}")
