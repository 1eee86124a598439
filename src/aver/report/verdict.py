"""Which strategy wins, and whether the difference is real: in words, one verdict per benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aver.report.cells import LEAKY, best, headline, is_fusion, other_streams, scored, shared_clips, shared_uar
from aver.report.inputs import Inputs, Row
from aver.report.pairs import between
from aver.report.words import confidence, count, interval, known, listed, number_of, p_value, percent, points


@dataclass(frozen=True)
class Verdict:
    """What can be said about one benchmark.

    Args:
        benchmark: its name.
        kind: `better` or `worse` (fusion than the best single modality), `open` (not settled), `few` (too few speakers
            to tell) or `none` (nothing to compare).
        head: the verdict in one sentence.
        numbers: the numbers behind it, and on which clips they rest where strategies did not score the same.
        meaning: what these numbers say to somebody who does not read p-values.
        winner: who has the highest UAR, who beats it all the same, and from whom it cannot be told apart.
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
    """Return the verdict on the best fusion against the best single modality that is a part of it, headline protocol.

    Fusions of other features, as of another system, say nothing about fusion where no part of theirs is compared alone.
    """
    cells = headline(inputs, benchmark)
    found = _verdict(inputs, benchmark, cells)
    protocol = cells[0]["protocol"]
    if protocol not in LEAKY:
        return found
    warning = f"The protocol {protocol} is leaky: this says nothing about speakers that were not met in training."
    return replace(found, warning=warning)


def _verdict(inputs: Inputs, benchmark: str, cells: Sequence[Row]) -> Verdict:
    fusions, singles = ([cell for cell in cells if is_fusion(cell) is fused] for fused in (True, False))
    comparable = _comparable(fusions, singles)
    many, clips = best(comparable), _clips(cells)
    one = best([cell for cell in singles if many and not other_streams(many, cell)])
    winner = _winner(inputs, benchmark, cells)
    if many is None or one is None:
        why = _lacking(fusions, singles, comparable)
        return Verdict(benchmark, "none", f"Nothing to compare: {why}.", clips if winner else "", winner=winner)
    uars = " ".join(filter(None, (clips, _left_out(fusions, comparable), _scores(many, one))))
    pair = between(inputs, benchmark, many["strategy"], one["strategy"])
    if pair is None or not known(pair["difference"]):
        why = (pair or {}).get("remark") or "no paired comparison was made"
        head = f"Cannot be told whether fusion helps: {why}."
        return Verdict(benchmark, "few" if pair else "none", head, uars, winner=winner)
    kind = _kind(pair)
    numbers = f"{uars} {_difference(inputs, pair)}{_against(many, one, pair)}"
    return Verdict(benchmark, kind, _head(kind, pair), numbers, _meaning(kind, pair, inputs), winner)


def _lacking(fusions: Sequence[Row], singles: Sequence[Row], comparable: Sequence[Row]) -> str:
    lacking = [what for what, own in (("fusion", fusions), ("single modality", singles)) if not scored(own)]
    if lacking:
        return f"no {listed(lacking, 'or')} has scores"
    return "no clip was scored by all strategies" if comparable else "no single modality is a part of a fusion here"


def _kind(pair: Row) -> str:
    if pair["settled"]:
        return "better" if pair["difference"] > 0 else "worse"
    return "few" if pair["remark"] else "open"


def _head(kind: str, pair: Row) -> str:
    fusion, single = pair["one"], pair["other"]
    return {
        "better": f"Fusion helps: {fusion} beats the best single modality, {single}.",
        "worse": f"Fusion does not help: the best single modality, {single}, beats the best fusion with it, {fusion}.",
        "open": f"Not settled: {fusion} and {single} may be equally good.",
        "few": f"Cannot be told: {pair['remark'].partition(': ')[0]}.",
    }[kind]


def _comparable(fusions: Sequence[Row], singles: Sequence[Row]) -> list[Row]:
    """Return the fusions of which a part is compared alone: beside other features they say nothing about fusion."""
    return [cell for cell in fusions if any(not other_streams(cell, part) for part in scored(singles))]


def _left_out(fusions: Sequence[Row], comparable: Sequence[Row]) -> str:
    names = [cell["strategy"] for cell in scored(fusions) if cell not in comparable]
    if not names:
        return ""
    are, their = ("is", "its") if len(names) == 1 else ("are", "their")
    return f"{listed(names)} {are} left out here: {their} picture and sound are no strategies of {their} own."


def _clips(cells: Sequence[Row]) -> str:
    """Say which clips the comparison rests on, where strategies did not score the same ones."""
    common = shared_clips(cells)
    if common is None:
        return ""
    numbers = sorted({cell["clips"] for cell in scored(cells)})
    held = f"{count(numbers[0])} to {count(numbers[-1])}" if len(numbers) > 1 else f"{count(numbers[0])} each"
    return (
        f"The strategies did not all score the same clips ({held}), so they are compared on the "
        f"{number_of(common, 'clip')} that all of them scored."
    )


def _scores(many: Row, one: Row) -> str:
    fused, single = (f"{cell['strategy']}, {percent(shared_uar(cell))} %" for cell in (many, one))
    return f"UAR of the best fusion, {fused}; of the best single modality, {single}."


def _difference(inputs: Inputs, pair: Row) -> str:
    bounds = interval(pair["low"], pair["high"])
    said = [f"{confidence(inputs.params)} interval {bounds}"] if known(pair["low"]) else []
    said.append(f"corrected p {_p(pair['p_corrected'])}" if known(pair["p_corrected"]) else "no test")
    said.append(number_of(pair["speakers"], "speaker"))
    return f"Speaker by speaker, the difference is {points(pair['difference'])} points ({'; '.join(said)})."


def _against(many: Row, one: Row, pair: Row) -> str:
    """Say so where the mean over speakers and the UARs over all clips point in opposite directions."""
    if (many["shared"]["uar"] - one["shared"]["uar"]) * pair["difference"] >= 0:
        return ""
    return " Over all clips together it has the other sign: speakers do not have equally many clips of each emotion."


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
    name, others = first["strategy"], [cell["strategy"] for cell in found if cell is not first]
    pairs = {other: between(inputs, benchmark, name, other) for other in others}
    settled = {other: pair["difference"] for other, pair in pairs.items() if pair and pair["settled"]}
    open_ = [other for other in others if other not in settled]
    above = [other for other, difference in settled.items() if difference <= 0]
    said = f"{name} has the highest UAR of {len(found)} strategies"
    features = _features(first, found)
    if not open_ and not above:
        return f"{said}, and beats every other one beyond chance{features}."
    but = []
    if above:
        but.append(f"speaker by speaker {listed(above)} {'beats' if len(above) == 1 else 'beat'} it beyond chance")
    if open_:
        apart = "any other" if len(open_) == len(others) else listed(open_, "or")
        but.append(f"{'it ' if above else ''}cannot be told apart from {apart}")
    return f"{said}, but {', and '.join(but)}{features}."


def _features(first: Row, found: Sequence[Row]) -> str:
    """Say so where the best strategy reads other features than those it is compared with, as those of another system.

    A single modality beside another one, or beside a fusion that takes it too, is no such case.
    """
    others = [cell for cell in found if _other_system(first, cell)]
    if not others:
        return ""
    # Fusions first: theirs is the order in which streams are named elsewhere.
    ordered = sorted(others, key=lambda cell: -len(cell["streams"]))
    theirs = listed(list(dict.fromkeys(stream for cell in ordered for stream in cell["streams"])))
    whose = "strategy" if len(others) == 1 else "strategies"
    return (
        f". {first['strategy']} reads {listed(first['streams'])}, the {whose} of the other system {theirs}: a "
        "difference may be due to the features as much as to the fusion"
    )


def _other_system(one: Row, other: Row) -> bool:
    """Whether a fusion is compared with what is no part of it, and of which it is no part either."""
    return (is_fusion(one) or is_fusion(other)) and other_streams(one, other) and other_streams(other, one)
