"""What the tables of the analyses share: which rows there are, what outputs are called, how a number is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aver.report.inputs import Inputs, Row
from aver.report.words import DASH, interval, percent

#: What one trained model says, in the order in which it is shown: the key and what it is called.
OUTPUTS = {"acoustic": "sound", "visual": "picture", "both": "together"}
#: The published letters of these.
LETTERS = {"acoustic": "A", "visual": "V", "both": "AV"}


@dataclass(frozen=True)
class Cell:
    """A value, and below it what belongs to it."""

    value: str
    below: str = ""


@dataclass(frozen=True)
class Line:
    """One row of a table; `theirs`: somebody reports it, nothing here computed it."""

    name: str
    cells: list[Cell]
    theirs: bool = False


@dataclass(frozen=True)
class Table:
    """A head, and rows with a name in front; every value is already written out.

    Args:
        note: who reports the rows that are not computed here; empty without such rows.
    """

    head: list[str]
    lines: list[Line]
    note: str = ""


def of_benchmark(inputs: Inputs, benchmark: str) -> list[Row]:
    """Return the strategies of a benchmark whose analyses were asked for, those without any too."""
    return [row for row in inputs.over_time if row["benchmark"] == benchmark]


def analysed(inputs: Inputs, benchmark: str) -> list[Row]:
    """Return the strategies of a benchmark that were analysed."""
    return [row for row in of_benchmark(inputs, benchmark) if not row.get("gap")]


def outputs_of(row: Row, key: str) -> list[str]:
    """Return the outputs of which an analysis holds something, in the order of `OUTPUTS`."""
    found = row.get(key) or {}
    return [output for output in OUTPUTS if found.get(output)]


#: How the human raters are called.
PEOPLE = "human raters"


def not_ours(said: Sequence[str]) -> str:
    """Return the note below rows that are not computed here.

    Args:
        said: who reports what.
    """
    return f"not computed here, on the same corpus but not on the same split: {'; '.join(said)}."


def estimate(score: Row | None, more: str = "") -> Cell:
    """Return a share of clips in percent; below it its interval, where there is one, and what more there is to say."""
    own = score or {}
    between = interval(own.get("low"), own.get("high"))
    return Cell(percent(own.get("mean")), "; ".join(said for said in (between, more) if said not in ("", DASH)))
