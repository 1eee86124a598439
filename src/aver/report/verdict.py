"""Which strategy wins, and whether the difference is real: in words, one verdict per benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aver.report.cells import LEAKY, best, headline, is_fusion, scored
from aver.report.inputs import Inputs, Row
from aver.report.pairs import between
from aver.report.words import confidence, interval, known, listed, p_value, percent, points


@dataclass(frozen=True)
class Verdict:
    """What can be said about one benchmark.

    Args:
        benchmark: its name.
        kind: `better` or `worse` (fusion than the best single modality), `open` (not settled), `few` (too few speakers
            to tell) or `none` (nothing to compare).
        head: the verdict in one sentence.
        numbers: the numbers behind it.
        meaning: what these numbers say to somebody who does not read p-values.
        winner: who has the highest UAR, and from whom it cannot be told apart.
        warning: what the protocol does to the verdict; empty for an honest one.
    """

    benchmark: str
    kind: str
    head: str
    numbers: str = ""
    meaning: str = ""
    winner: str = ""
    warning: str = ""


def verdict(inputs: Inputs, benchmark: str) -> Verdict:
    """Return the verdict on the best fusion against the best single modality, headline protocol."""
    cells = headline(inputs, benchmark)
    found = _verdict(inputs, benchmark, cells)
    protocol = cells[0]["protocol"]
    if protocol not in LEAKY:
        return found
    warning = f"The protocol {protocol} is leaky: this says nothing about speakers that were not met in training."
    return replace(found, warning=warning)


def _verdict(inputs: Inputs, benchmark: str, cells: Sequence[Row]) -> Verdict:
    many = best([cell for cell in cells if is_fusion(cell)])
    one = best([cell for cell in cells if not is_fusion(cell)])
    winner = _winner(inputs, benchmark, cells)
    if many is None or one is None:
        lacking = listed([what for what, cell in (("fusion", many), ("single modality", one)) if cell is None], "or")
        return Verdict(benchmark, "none", f"Nothing to compare: no {lacking} has scores.", winner=winner)
    pair = between(inputs, benchmark, many["strategy"], one["strategy"])
    if pair is None or not known(pair["difference"]):
        why = (pair or {}).get("remark") or "no paired comparison was made"
        head = f"Cannot be told whether fusion helps: {why}."
        return Verdict(benchmark, "few" if pair else "none", head, _scores(many, one), winner=winner)
    kind = _kind(pair)
    numbers = f"{_scores(many, one)} {_difference(inputs, pair)}"
    return Verdict(benchmark, kind, _head(kind, pair), numbers, _meaning(kind, pair, inputs), winner)


def _kind(pair: Row) -> str:
    if pair["settled"]:
        return "better" if pair["difference"] > 0 else "worse"
    return "few" if pair["remark"] else "open"


def _head(kind: str, pair: Row) -> str:
    fusion, single = pair["one"], pair["other"]
    return {
        "better": f"Fusion helps: {fusion} beats the best single modality, {single}.",
        "worse": f"Fusion does not help: the best single modality, {single}, beats the best fusion, {fusion}.",
        "open": f"Not settled: {fusion} and {single} may be equally good.",
        "few": f"Cannot be told: {pair['remark'].partition(': ')[0]}.",
    }[kind]


def _scores(many: Row, one: Row) -> str:
    fused, single = (f"{cell['strategy']}, {percent(cell['clip']['uar']['mean'])} %" for cell in (many, one))
    return f"UAR of the best fusion, {fused}; of the best single modality, {single}."


def _difference(inputs: Inputs, pair: Row) -> str:
    bounds = interval(pair["low"], pair["high"])
    said = [f"{confidence(inputs.params)} interval {bounds}"] if known(pair["low"]) else []
    said.append(f"corrected p {_p(pair['p_corrected'])}" if known(pair["p_corrected"]) else "no test")
    said.append(f"{pair['speakers']} speaker{'' if pair['speakers'] == 1 else 's'}")
    return f"Speaker by speaker, the difference is {points(pair['difference'])} points ({'; '.join(said)})."


def _p(value: float | None) -> str:
    written = p_value(value)
    return written if written.startswith("<") else f"= {written}"


def _meaning(kind: str, pair: Row, inputs: Inputs) -> str:
    if kind == "few":
        why = pair["remark"].partition(": ")[2]
        return f"{why[:1].upper()}{why[1:]}." if why else ""
    if kind == "open":
        return "Such a difference may be due to who happened to be recorded."
    often = f"{100 * (1 - inputs.params.evaluation.confidence):.3g} times in 100"
    return (
        f"The difference is real: if both were equally good, one as large as this would come about less than {often}."
    )


def _winner(inputs: Inputs, benchmark: str, cells: Sequence[Row]) -> str:
    first, found = best(cells), scored(cells)
    if first is None or len(found) < 2:
        return ""
    name = first["strategy"]
    others = [cell["strategy"] for cell in found if cell is not first]
    pairs = {other: between(inputs, benchmark, name, other) for other in others}
    open_ = [other for other, pair in pairs.items() if pair is None or not pair["settled"]]
    if not open_:
        return f"{name} has the highest UAR of {len(found)} strategies, and beats every other one beyond chance."
    apart = "any other" if len(open_) == len(others) else listed(open_, "or")
    return f"{name} has the highest UAR of {len(found)} strategies, but cannot be told apart from {apart}."
