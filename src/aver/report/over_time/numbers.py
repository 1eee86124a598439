"""The numbers behind the figures over time, a table per strategy: over seconds, in noise, by layer, of attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import zip_longest

from aver.report.inputs import Row
from aver.report.over_time.rows import OUTPUTS, Cell, Line, Table, estimate, outputs_of
from aver.report.words import decimals, known, percent, setting

#: Where noise is put in, in the order of `OUTPUTS`.
PLACES = {"acoustic": "noise in the sound", "visual": "noise in the picture", "both": "noise in both"}
#: What a model was trained on, and what its column says of it.
KINDS = {"clean": "", "trained": ", trained with it"}
#: What there is no number of.
NONE = Cell(decimals(None))


def time(row: Row) -> Table | None:
    """Return the accuracy of what ended by each look, a column per output; None without any."""
    columns = {OUTPUTS[output]: row["time"][output] for output in outputs_of(row, "time")}
    by_look = {name: {look["t_s"]: _look(look) for look in looks} for name, looks in columns.items()}
    return _table(by_look, lambda t_s: f"{setting(t_s)} s")


def noise(row: Row) -> Table | None:
    """Return the accuracy by the number of noisy steps, a column per place and kind of model; None without any."""
    columns = {
        f"{place}{end}": {point["windows"]: estimate(point["accuracy"]) for point in own}
        for key, place in PLACES.items()
        for kind, end in KINDS.items()
        if (own := points(row, kind, key))
    }
    return _table(columns, lambda steps: f"{steps} of {most_steps(row)}")


def points(row: Row, kind: str, place: str) -> list[Row]:
    """Return the accuracies in noise of one of `KINDS` of models, by the number of steps (`windows`); maybe none."""
    found: list[Row] = ((row.get("noise") or {}).get(kind) or {}).get(place) or []
    return found


def most_steps(row: Row) -> int:
    """Return the steps of a strategy's longest sequence; 0 where nothing was asked in noise."""
    counts = (point["windows"] for kind in KINDS for place in PLACES for point in points(row, kind, place))
    return max(counts, default=0)


def layers(row: Row) -> Table | None:
    """Return the entropy of the embeddings behind every layer, 0 before the first; None without layers."""
    columns = entropies(row)
    lines = [
        Line(str(layer), [Cell(decimals(value)) for value in values])
        for layer, values in enumerate(zip_longest(*columns.values()))
    ]
    return Table(list(columns), lines) if lines else None


def entropies(row: Row) -> dict[str, list[float | None]]:
    """Return what is known of a network's layers by name: sound, picture, and the difference if it has both."""
    own = row.get("layers") or {}
    found = {OUTPUTS[output]: list(own[output]) for output in outputs_of(row, "layers")}
    if len(found) == 2:
        pairs = zip(*found.values(), strict=True)
        found["difference"] = [abs(one - other) if known(one) and known(other) else None for one, other in pairs]
    return found


def attention(row: Row) -> Table | None:
    """Return the share of attention of every window, layer by layer, percent; None without attention."""
    own = row.get("attention")
    if not own:
        return None
    lines = [
        Line(f"{OUTPUTS[output]}, layer {layer}", [Cell(percent(share)) for share in shares])
        for output in outputs_of(own, "share")
        for layer, shares in enumerate(own["share"][output], 1)
    ]
    return Table([f"from {setting(t0_s)} s" for t0_s in own["t0_s"]], lines)


def is_answered(look: Row) -> bool:
    """Whether any clip has an answer at a look; where nothing ended by then, nothing is known."""
    return look.get("answered") != 0


def _look(look: Row) -> Cell:
    """Return the accuracy at one look, and how many clips have an answer by then if these are not all."""
    answered = look.get("answered")
    return estimate(look["accuracy"], f"{percent(answered)} % answered" if known(answered) and answered < 1 else "")


def _table(columns: Mapping[str, Mapping[float, Cell]], named: Callable[[float], str]) -> Table | None:
    """Return columns side by side, a line for each place that one of them has; None without any."""
    places = sorted(set().union(*columns.values()))
    lines = [Line(named(place), [own.get(place, NONE) for own in columns.values()]) for place in places]
    return Table(list(columns), lines) if lines else None
