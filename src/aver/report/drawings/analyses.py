"""The figures of a benchmark's analyses over time: which there are, and what they show in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from aver.report.drawings.attention import attention_figure
from aver.report.drawings.layers import layer_figure
from aver.report.drawings.lines import OUTPUT_STYLES, SECONDS, Score, style
from aver.report.drawings.noise import noise_figure
from aver.report.drawings.over_time import time_figure
from aver.report.drawings.plan import Plan
from aver.report.drawings.response import Times, response_figure
from aver.report.inputs import Inputs, Row
from aver.report.over_time.numbers import PLACES, entropies, is_answered, most_steps, points
from aver.report.over_time.rows import OUTPUTS, analysed, outputs_of
from aver.report.words import known

#: Kinds of figures.
TIME, LAYERS, APART, RESPONSE, ATTENTION = "over-time", "layers", "layers-difference", "response", "attention"


def noise_kind(place: str) -> str:
    """Return the kind of the figure of noise in one place."""
    return f"noise-{place}"


def plans(inputs: Inputs, benchmark: str) -> Iterator[Plan]:
    """Return the figures of a benchmark over time; what is not known has none."""
    rows = analysed(inputs, benchmark)
    if rows:
        yield from _layers(rows)
        yield from _time(rows)
        yield from _noise(rows)
    for row in rows:
        times = [_times(row, output) for output in outputs_of(row, "response")]
        if times:
            alt = f"response times of {row['strategy']}; means and medians are in the table"
            yield RESPONSE, row["strategy"], alt, partial(response_figure, times, row["window_s"])
    for row in rows:
        own = row.get("attention")
        if own:
            alt = f"attention of {row['strategy']} on one clip by layer and window; the numbers are in the table"
            shares = {OUTPUTS[output]: own["share"][output] for output in outputs_of(own, "share")}
            draw = partial(attention_figure, shares, [*own["t0_s"], own["t1_s"][-1]])
            yield ATTENTION, row["strategy"], alt, draw


def _layers(rows: Sequence[Row]) -> Iterator[Plan]:
    found = [(row["strategy"], style(number), entropies(row)) for number, row in enumerate(rows)]
    limits = _limits([own for _, _, own in found])
    for strategy, _, own in found:
        lines = [(name, OUTPUT_STYLES[output], own[name]) for output, name in OUTPUTS.items() if name in own]
        if lines and limits:
            alt = f"entropy of the embeddings of {strategy} behind each layer; the numbers are in the table"
            yield LAYERS, strategy, alt, partial(layer_figure, lines, "entropy, nats", limits)
    apart = [(strategy, look, own["difference"]) for strategy, look, own in found if "difference" in own]
    if apart:
        alt = "how far the entropies of sound and picture lie apart behind each layer; the numbers are in the table"
        yield APART, "", alt, partial(layer_figure, apart, "difference, nats", (0, None))


def _limits(found: Sequence[Mapping[str, Sequence[float | None]]]) -> tuple[float, float] | None:
    """Return the ends of an axis that holds the entropies of all strategies; None where there are none."""
    kept = [own[name] for own in found for name in OUTPUTS.values() if name in own]
    values = [value for levels in kept for value in levels if known(value)]
    if not values:
        return None
    margin = 0.06 * (max(values) - min(values)) or 0.5
    return min(values) - margin, max(values) + margin


def _time(rows: Sequence[Row]) -> Iterator[Plan]:
    alt = f"accuracy of each strategy by the {SECONDS}, with chance; the numbers are in the table"
    lines = [
        (row["strategy"], style(number), looks) for number, row in enumerate(rows) if (looks := _looks(row, "both"))
    ]
    if lines:
        yield TIME, "", alt, partial(time_figure, lines, rows[0].get("chance"))
    for row in rows:
        own = [(OUTPUTS[output], OUTPUT_STYLES[output], _looks(row, output)) for output in outputs_of(row, "time")]
        own = [line for line in own if line[2]]
        if len(own) > 1:
            alt = f"accuracy of {row['strategy']} from sound, picture and both by the {SECONDS}"
            alt += "; the numbers are in the table"
            yield TIME, row["strategy"], alt, partial(time_figure, own, row.get("chance"))


def _noise(rows: Sequence[Row]) -> Iterator[Plan]:
    for place, title in PLACES.items():
        kinds = [{kind: points(row, kind, place) for kind in ("clean", "trained")} for row in rows]
        lines = [
            (row["strategy"], _noisy(row, own["clean"]), _noisy(row, own["trained"]))
            for row, own in zip(rows, kinds, strict=True)
        ]
        if any(clean or trained for _, clean, trained in lines):
            alt = f"accuracy of each strategy by the share of its steps, {title}; the numbers are in the table"
            yield noise_kind(place), "", alt, partial(noise_figure, lines, rows[0].get("chance"))


def _noisy(row: Row, points: Sequence[Row]) -> list[Score]:
    """Return scores by steps of noise in percent of the longest sequence's."""
    return [replace(score, at=100 * score.at / most_steps(row)) for score in _scores(points, "windows")]


def _looks(row: Row, output: str) -> list[Score]:
    """Return scores from where something is answered; 0 % before that would look like wrong answers."""
    looks = (row.get("time") or {}).get(output) or []
    return _scores([look for look in looks if is_answered(look)], "t_s")


def _scores(points: Sequence[Row], at: str) -> list[Score]:
    return [Score(point[at], *(point["accuracy"].get(key) for key in ("mean", "low", "high"))) for point in points]


def _times(row: Row, output: str) -> Times:
    found = row["response"][output]
    first, settled = ([(bar["t_s"], bar["share"]) for bar in found[key]] for key in ("first", "settled"))
    return Times(OUTPUTS[output], OUTPUT_STYLES[output][0], first, settled, found["mean_s"])
