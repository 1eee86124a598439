"""The protocol gap: what the same strategy scores where test speakers or clips were met in training, and where not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aver.report.cells import LEAKY, PROTOCOLS, best, headline
from aver.report.grid import Grid
from aver.report.inputs import Inputs, Row
from aver.report.words import DASH, count, interval, known, number_of, percent, points

#: What a leaky protocol recognises again, by itself and by the more honest one beside it.
#: A performance, since a strategy with one sequence per clip does not meet a tested clip under `window`, but may meet
#: another file of its take.
AGAIN = {"window": "a speaker or a performance", "clip": "a speaker"}
AGAIN_OF_KNOWN_SPEAKERS = "a performance"


@dataclass(frozen=True)
class Score:
    """One strategy under one protocol, percent.

    Args:
        uar: UAR per clip.
        interval: of this UAR.
        clips: how many were tested, empty where nothing was scored.
        window: UAR per window.
        above: more than is possible without leakage.
    """

    uar: str
    interval: str
    clips: str
    window: str
    above: bool


@dataclass(frozen=True)
class GapRow:
    """One strategy under every protocol.

    Args:
        scores: in the order of `GapTable.protocols`.
        ceiling: best possible on unknown speakers.
        gap: UAR under the first protocol minus UAR under the last one, points.
        shows: whether the gap is more than chance, see `shows`.
        reasons: why a score is missing.
    """

    strategy: str
    scores: list[Score]
    ceiling: str
    gap: str
    shows: bool
    reasons: list[str]


@dataclass(frozen=True)
class GapTable:
    """The protocols of a benchmark side by side.

    Args:
        protocols: the leakiest first, the most honest one last.
        rests: by protocol, how many seeds and tested clips its scores rest on.
        rows: one of each strategy.
        leaks: whether the first protocol is leaky; if not, differences between protocols are no gap.
        sentence: what the gap means, in words; empty where there is nothing to compare.
        above: whether any score lies above what is possible without leakage.
        windows: UAR per window of every strategy under each protocol.
    """

    protocols: list[str]
    rests: dict[str, str]
    rows: list[GapRow]
    leaks: bool
    sentence: str
    above: bool
    windows: Grid


def gap_table(inputs: Inputs, benchmark: str) -> GapTable | None:
    """Return the protocols side by side; None where there is only one."""
    found = {(row["strategy"], row["protocol"]): row for row in inputs.gaps if row["benchmark"] == benchmark}
    protocols = ordered(found.values())
    if len(protocols) < 2:
        return None
    cells = headline(inputs, benchmark)
    rows = [_row(inputs, benchmark, cell["strategy"], protocols, found) for cell in cells]
    first = best(cells)
    return GapTable(
        protocols=protocols,
        rests={
            protocol: _rests(row for row in found.values() if row["protocol"] == protocol) for protocol in protocols
        },
        rows=rows,
        leaks=protocols[0] in LEAKY,
        sentence=_sentence(first["strategy"], protocols, found) if first else "",
        above=any(score.above for row in rows for score in row.scores),
        windows=Grid(protocols, [(row.strategy, [score.window for score in row.scores]) for row in rows]),
    )


def ordered(rows: Iterable[Row]) -> list[str]:
    """Return the protocols of `gaps.json`, the leakiest first; of those without a leak the headline stands last."""
    headlines = {row["protocol"]: bool(row["headline"]) for row in rows}
    names = [*(name for name in PROTOCOLS if name in headlines), *sorted(headlines.keys() - PROTOCOLS.keys())]
    return sorted(names, key=lambda name: headlines[name] and name not in LEAKY)


def uar(row: Row | None) -> float | None:
    """Return the UAR per clip of a row of `gaps.json`."""
    number: float | None = _clip(row).get("uar")
    return number


def shows(leaky: Row | None, honest: Row | None) -> bool | None:
    """Return whether the leaky interval lies above the honest one; None without both intervals.

    Two intervals that do not overlap are a stricter test than the interval of the difference (Schenker & Gentleman
    2001).  The scores differ in tested clips and in seeds, not only in the leak, so the stricter one is taken.
    """
    low, high = _clip(leaky).get("uar_low"), _clip(honest).get("uar_high")
    return low > high if known(low) and known(high) else None


def _row(
    inputs: Inputs, benchmark: str, strategy: str, protocols: Sequence[str], found: Mapping[tuple[str, str], Row]
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
        shows=shows(own[0], own[-1]) is True,
        reasons=[f"{name}: {reasons[name]}" for name in protocols if name in reasons],
    )


def _score(row: Row | None) -> Score:
    window = (row or {}).get("window") or {}
    return Score(
        uar=percent(uar(row)),
        interval=_interval(row),
        clips=_number([row["clips"]], "clip") if row and known(uar(row)) else "",
        window=percent(window.get("uar")),
        above=bool(row and row["above_ceiling"]),
    )


def _rests(rows: Iterable[Row]) -> str:
    scored = [row for row in rows if known(uar(row))]
    return ", ".join(_number([row[f"{noun}s"] for row in scored], noun) for noun in ("seed", "clip")) if scored else ""


def _number(numbers: Sequence[int], noun: str) -> str:
    least, most = min(numbers), max(numbers)
    return (f"{count(least)} to " if least < most else "") + number_of(most, noun)


def _sentence(strategy: str, protocols: Sequence[str], found: Mapping[tuple[str, str], Row]) -> str:
    first, last = protocols[0], protocols[-1]
    leaky, honest = found.get((strategy, first)), found.get((strategy, last))
    reached, real = uar(leaky), uar(honest)
    if first not in LEAKY or not known(reached) or not known(real):
        return ""
    certain = shows(leaky, honest)
    whom = "new clips of speakers it has met" if last in LEAKY else "speakers it has never met"
    numbers = (
        f"Under the protocol {first}, {strategy} {'seems to reach' if certain else 'reaches'} {_uar(leaky)}; "
        f"on {whom} it reaches {_uar(honest)}."
    )
    if certain:
        again = AGAIN_OF_KNOWN_SPEAKERS if last in LEAKY else AGAIN[first]
        gap = percent(reached - real)
        return f"{numbers} The {gap} points between them say how well {again} is recognised again, not an emotion."
    if certain is None:
        return f"{numbers} There are no two intervals to tell whether the leak adds more than chance."
    return f"{numbers} The first interval does not lie above the second: a leak does not show here beyond chance."


def _uar(row: Row | None) -> str:
    between = _interval(row)
    return f"{percent(uar(row))} % UAR" + (f" ({between})" if between != DASH else "")


def _interval(row: Row | None) -> str:
    return interval(_clip(row).get("uar_low"), _clip(row).get("uar_high"))


def _clip(row: Row | None) -> Row:
    found: Row = (row or {}).get("clip") or {}
    return found
