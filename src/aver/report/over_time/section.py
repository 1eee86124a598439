"""Everything that the report shows of one benchmark over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aver.params.names import ABLATIONS, PAPER
from aver.report import reported
from aver.report.card_words import short
from aver.report.inputs import Inputs, Row
from aver.report.over_time import numbers
from aver.report.over_time.certainty import certainty
from aver.report.over_time.response import response, settled_s
from aver.report.over_time.rows import Table, analysed, of_benchmark
from aver.report.words import decimals, number_of, percent, setting

#: Characters of a clip's id that are shown.
ID = 12


@dataclass(frozen=True)
class OverTime:
    """One benchmark over time; None or empty where something is not known.

    Args:
        gaps: strategies without analyses, and why.
        facts: on what each strategy's numbers rest, in a sentence; strategies of the same facts share one.
        window_s: seconds between two looks, as written.
        chance: of guessing, percent.
        certainty: whole clips, see `aver.report.over_time.certainty`.
        response: response times.
        layers: by strategy, entropies layer by layer.
        time: by strategy, accuracy as time goes on.
        noise: by strategy, accuracy in noise.
        attention: by strategy, share of attention of each window.
        clips: by strategy, whose attention it is.
        brief: strategy, three accuracies, entropy difference, mean time since when it is right for good, two accuracies
            in full noise.
        late: strategies that answer no clip at the first look, and from when on they answer any, seconds.
        unseen: strategies whose attention is not shown, and the clip that was asked for.
    """

    gaps: list[tuple[str, str]]
    facts: list[str]
    window_s: str
    chance: str
    certainty: Table | None
    response: Table | None
    layers: dict[str, Table]
    time: dict[str, Table]
    noise: dict[str, Table]
    attention: dict[str, Table]
    clips: dict[str, str]
    brief: list[tuple[str, list[str]]]
    late: list[tuple[str, str]]
    unseen: list[tuple[str, str]]


def over_time(inputs: Inputs, benchmark: str) -> OverTime | None:
    """Return a benchmark's analyses over time; None where none was asked for."""
    every, rows = of_benchmark(inputs, benchmark), analysed(inputs, benchmark)
    if not every:
        return None
    theirs = reported.reported(inputs, benchmark)
    analyses = theirs.analyses if theirs else None
    return OverTime(
        gaps=[(row["strategy"], row["gap"]) for row in every if row.get("gap")],
        facts=_facts(rows),
        window_s=setting(rows[0]["window_s"] if rows else None),
        chance=percent(rows[0]["chance"] if rows else None),
        certainty=certainty(rows, analyses) if rows else None,
        response=response(rows, analyses),
        layers=_by_strategy(rows, numbers.layers),
        time=_by_strategy(rows, numbers.time),
        noise=_by_strategy(rows, numbers.noise),
        attention=_by_strategy(rows, numbers.attention),
        clips={row["strategy"]: clip_of(row) for row in rows if row.get("attention")},
        brief=[(row["strategy"], _brief(row)) for row in rows],
        late=_late(rows),
        unseen=_unseen(rows, inputs.params.evaluation.over_time.clip),
    )


def _by_strategy(rows: Sequence[Row], table_of: Callable[[Row], Table | None]) -> dict[str, Table]:
    """Return the tables that there are."""
    return {row["strategy"]: table for row in rows if (table := table_of(row))}


def clip_of(row: Row) -> str:
    """Return whose attention a strategy's is: label, corpus and the first digits of the clip's id."""
    own = row["attention"]
    return f"{short(own['label'], 24)}, {short(own['corpus'], 24)}, clip {short(own['clip_id'][:ID], ID)}"


def _facts(rows: Sequence[Row]) -> list[str]:
    """Return how many clips, speakers, folds and seeds the numbers rest on."""
    found: dict[str, list[str]] = {}
    for row in rows:
        said = ", ".join(number_of(row[f"{noun}s"], noun) for noun in ("clip", "speaker", "fold", "seed"))
        found.setdefault(said, []).append(row["strategy"])
    return [f"{', '.join(names)}: {said}" for said, names in found.items()]


def _late(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return when strategies answer a first clip, those only that answer none at their first look."""
    found = []
    for row in rows:
        looks = (row.get("time") or {}).get("both") or []
        answered = [look["t_s"] for look in looks if numbers.is_answered(look)]
        if answered and answered[0] > looks[0]["t_s"]:
            found.append((row["strategy"], setting(answered[0])))
    return found


def _unseen(rows: Sequence[Row], clip: str) -> list[tuple[str, str]]:
    """Return whose attention is not there, and why it would be: the network has layers, and lets windows attend."""
    lacking = [row["strategy"] for row in rows if row.get("layers") and not row.get("attention")]
    return [(name, clip or "the first tested clip") for name in lacking if _attends(name)]


def _attends(strategy: str) -> bool:
    """Whether attention is no part that an ablation switches off."""
    _, switched = ABLATIONS.get(strategy.removesuffix(PAPER), ("", {}))
    return switched.get("attention", True)


def _brief(row: Row) -> list[str]:
    outputs = row["outputs"]
    right = [percent(((outputs.get(output) or {}).get("accuracy") or {}).get("mean")) for output in numbers.PLACES]
    noisy = [percent(_full(row, place)) for place in ("acoustic", "visual")]
    return [*right, decimals(row.get("entropy_difference")), decimals(settled_s(row)), *noisy]


def _full(row: Row, place: str) -> float | None:
    """Return the accuracy of the strategy trained without noise where all steps of a modality are noise."""
    points = numbers.points(row, "clean", place)
    number: float | None = points[-1]["accuracy"]["mean"] if points else None
    return number
