"""The protocol gap: what the same model scores where test speakers or clips were met in training, and where not."""

from __future__ import annotations

from dataclasses import dataclass

from aver.report.cells import LEAKY, PROTOCOLS, best, headline
from aver.report.inputs import Inputs, Row
from aver.report.words import DASH, known, percent, points


@dataclass(frozen=True)
class Score:
    """One strategy under one protocol, percent; `above`: more than is possible without leakage."""

    uar: str
    accuracy: str
    window: str
    above: bool


@dataclass(frozen=True)
class GapRow:
    """One strategy under every protocol.

    Args:
        scores: in the order of `GapTable.protocols`.
        ceiling: best possible on unknown speakers.
        gap: UAR under the leakiest protocol minus UAR under the headline one, points.
        reasons: why a score is missing.
    """

    strategy: str
    scores: list[Score]
    ceiling: str
    gap: str
    reasons: list[str]


@dataclass(frozen=True)
class GapTable:
    """The protocols of a benchmark side by side.

    Args:
        protocols: the leakiest first, the honest one last.
        rows: one of each strategy.
        sentence: what the gap means, in one sentence; empty where there is nothing to compare.
        above: whether any score lies above what is possible without leakage.
    """

    protocols: list[str]
    rows: list[GapRow]
    sentence: str
    above: bool


def gap_table(inputs: Inputs, benchmark: str) -> GapTable | None:
    """Return the protocols side by side; None where there is only one."""
    found = {(row["strategy"], row["protocol"]): row for row in inputs.gaps if row["benchmark"] == benchmark}
    there = {protocol for _, protocol in found}
    protocols = [*(name for name in PROTOCOLS if name in there), *sorted(there - set(PROTOCOLS))]
    if len(protocols) < 2:
        return None
    main = next((row["protocol"] for row in found.values() if row["headline"]), protocols[-1])
    protocols = [*(name for name in protocols if name != main), main]
    names = [cell["strategy"] for cell in headline(inputs, benchmark)]
    rows = [_row(inputs, benchmark, name, protocols, found) for name in names]
    above = any(score.above for row in rows for score in row.scores)
    return GapTable(protocols, rows, _sentence(inputs, benchmark, protocols, found), above)


def uar(row: Row | None) -> float | None:
    """Return the UAR per clip of a row of `gaps.json`."""
    number: float | None = ((row or {}).get("clip") or {}).get("uar")
    return number


def _row(
    inputs: Inputs, benchmark: str, strategy: str, protocols: list[str], found: dict[tuple[str, str], Row]
) -> GapRow:
    own = [found.get((strategy, protocol)) for protocol in protocols]
    first, last = uar(own[0]), uar(own[-1])
    reasons = {
        cell["protocol"]: cell["gap"]
        for cell in inputs.scores
        if (cell["benchmark"], cell["strategy"]) == (benchmark, strategy) and cell.get("gap")
    }
    return GapRow(
        strategy=strategy,
        scores=[_score(row) for row in own],
        ceiling=percent(next((row["ceiling"] for row in own if row and known(row["ceiling"])), None)),
        gap=points(first - last) if known(first) and known(last) else DASH,
        reasons=[f"{name}: {reasons[name]}" for name in protocols if name in reasons],
    )


def _score(row: Row | None) -> Score:
    clip, window = (row or {}).get("clip") or {}, (row or {}).get("window") or {}
    return Score(
        uar=percent(clip.get("uar")),
        accuracy=percent(clip.get("accuracy")),
        window=percent(window.get("uar")),
        above=bool(row and row["above_ceiling"]),
    )


def _sentence(inputs: Inputs, benchmark: str, protocols: list[str], found: dict[tuple[str, str], Row]) -> str:
    first = best(headline(inputs, benchmark))
    if first is None:
        return ""
    name, main = first["strategy"], protocols[-1]
    honest = uar(found.get((name, main)))
    leaky = {protocol: uar(found.get((name, protocol))) for protocol in protocols[:-1] if protocol in LEAKY}
    known_ones = {protocol: score for protocol, score in leaky.items() if known(score)}
    if not known_ones or not known(honest) or main in LEAKY:
        return ""
    most = max(known_ones, key=lambda protocol: known_ones[protocol])
    lost = known_ones[most] - honest
    if points(lost).startswith("+"):
        return (
            f"Under the protocol {most}, {name} seems to reach {percent(known_ones[most])} % UAR; on speakers it has "
            f"never met it reaches {percent(honest)} %. The {percent(lost)} points between them say how well a speaker "
            "or a clip is recognised again, not an emotion."
        )
    return f"Here a leaky split gives {name} no more than speakers it has never met: {percent(honest)} % UAR."
