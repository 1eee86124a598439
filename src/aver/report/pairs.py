"""Paired comparisons of strategies: the difference, its interval, and whether it is settled."""

from __future__ import annotations

from dataclasses import dataclass

from aver.report.cells import best, headline
from aver.report.inputs import Inputs, Row
from aver.report.words import DASH, interval, known, p_value, points

#: More pairs than these make no readable figure; then those with the best strategy stand first.
MOST_PAIRS = 28


@dataclass(frozen=True)
class PairRow:
    """One row of the pairwise table.

    The strategy named first is the better one; `lead`: one of the two has the highest UAR of all.
    """

    one: str
    other: str
    difference: str
    interval: str
    p: str
    corrected: str
    speakers: str
    verdict: str
    settled: bool
    remark: str
    lead: bool


def of_benchmark(inputs: Inputs, benchmark: str) -> list[Row]:
    """Return the comparisons of a benchmark, none with a negative difference, the largest first."""
    own = [pair for pair in inputs.pairs if pair["benchmark"] == benchmark]
    found = [turned(pair) if (pair["difference"] or 0) < 0 else pair for pair in own]
    return sorted(found, key=lambda pair: (-(pair["difference"] or 0), pair["one"], pair["other"]))


def between(inputs: Inputs, benchmark: str, one: str, other: str) -> Row | None:
    """Return the comparison of two strategies, its difference `one` minus `other`; None: they were not compared."""
    for pair in inputs.pairs:
        if pair["benchmark"] == benchmark and {pair["one"], pair["other"]} == {one, other}:
            return pair if pair["one"] == one else turned(pair)
    return None


def turned(pair: Row) -> Row:
    """Return the same comparison seen from the other strategy."""
    low, high = pair["low"], pair["high"]
    return {
        **pair,
        "one": pair["other"],
        "other": pair["one"],
        "difference": _minus(pair["difference"]),
        "low": _minus(high),
        "high": _minus(low),
    }


def _minus(value: float | None) -> float | None:
    return -value if known(value) else None


def rows(inputs: Inputs, benchmark: str) -> list[PairRow]:
    """Return the pairwise table, the largest difference first."""
    first = best(headline(inputs, benchmark))
    return [
        PairRow(
            one=pair["one"],
            other=pair["other"],
            difference=points(pair["difference"]),
            interval=interval(pair["low"], pair["high"]),
            p=p_value(pair["p"]),
            corrected=p_value(pair["p_corrected"]),
            speakers=str(pair["speakers"]) if known(pair["speakers"]) else DASH,
            verdict=word(pair),
            settled=bool(pair["settled"]),
            remark=pair["remark"],
            lead=first is not None and first["strategy"] in (pair["one"], pair["other"]),
        )
        for pair in of_benchmark(inputs, benchmark)
    ]


def word(pair: Row) -> str:
    """Return whether a difference is settled, in a word or two."""
    if pair["settled"]:
        return "real"
    return "cannot be told" if pair["remark"] else "not settled"
