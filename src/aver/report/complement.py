"""How picture and sound complement each other, and how much of that the best fusion uses."""

from __future__ import annotations

from dataclasses import dataclass

from aver.report.inputs import Inputs, Row
from aver.report.words import DASH, count, known, percent

#: Shares of the clips, with their names.
PARTS = (
    ("both", "both right"),
    ("only_visual", "only picture right"),
    ("only_acoustic", "only sound right"),
    ("neither", "neither right"),
)


@dataclass(frozen=True)
class Part:
    """A share of the clips: its key, its name, and the percent."""

    key: str
    name: str
    percent: str


@dataclass(frozen=True)
class Complement:
    """Picture and sound of one benchmark, side by side.

    Args:
        parts: of the bar.
        facts: (what, value).
        sentence: what fusion could gain at best, in words.
    """

    parts: list[Part]
    facts: list[tuple[str, str]]
    sentence: str


def complement(inputs: Inputs, benchmark: str) -> Complement | None:
    """Return the complementarity of a benchmark; None where it is not known."""
    row = next((row for row in inputs.complement if row["benchmark"] == benchmark), None)
    if row is None or not known(row.get("oracle")):
        return None
    kappa = row.get("kappa")
    facts = [
        ("strategies compared", f"{row['visual']} and {row['acoustic']}"),
        ("clips that all strategies scored", count(row["clips"])),
        ("they say the same, % of clips", percent(row["agreement"])),
        ("kappa: the same beyond chance", f"{kappa:.2f}".replace("-", "−") if known(kappa) else DASH),
        ("either right, % of clips", percent(row["oracle"])),
        *_named("best single modality", row.get("best_single")),
        *_named("best fusion", row.get("best_fusion")),
    ]
    parts = [Part(key, name, percent(row[key])) for key, name in PARTS]
    return Complement(parts, facts, _sentence(row))


def _named(what: str, cell: Row | None) -> list[tuple[str, str]]:
    return [(f"{what}, accuracy", f"{cell['strategy']} {percent(cell['accuracy'])}")] if cell else []


def _sentence(row: Row) -> str:
    single, fusion, share = row.get("best_single"), row.get("best_fusion"), row.get("share")
    if not single:
        return ""
    said = (
        f"Whoever always knew which of the two to trust would be right on {percent(row['oracle'])} % of the clips; the "
        f"best single modality, {single['strategy']}, is on {percent(single['accuracy'])} %."
    )
    if not fusion or not known(share):
        return said
    used = f"which is {percent(share, 0)} % of that gain" if share > 0 else "which is nothing of that gain"
    more = " (more than all of it: together they also tell what neither tells alone)" if share > 1 else ""
    return f"{said} The best fusion, {fusion['strategy']}, is on {percent(fusion['accuracy'])} %, {used}{more}."
