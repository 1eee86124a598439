"""The other scores of a benchmark's strategies: what is folded away behind the main table."""

from __future__ import annotations

from math import sqrt

from aver.report.cells import headline, scored, value
from aver.report.grid import Grid
from aver.report.inputs import Inputs, Row
from aver.report.words import DASH, count, counts, interval, known, percent, spread

#: A score and its interval.
ENDS = ("mean", "low", "high")


def more(inputs: Inputs, benchmark: str) -> Grid:
    """Return the other scores: one row each, a column for every strategy."""
    cells = scored(headline(inputs, benchmark))
    columns = [_more(cell) for cell in cells]
    top = f"top-{inputs.params.evaluation.top_k} accuracy"
    spreads = (" ± folds", " ± seeds", ": due to folds / seeds")
    titles = [f"{metric}{what}" for metric in ("UAR", "accuracy") for what in spreads]
    titles += ["macro-F1", top, "calibration error"]
    titles += ["accuracy per window", "UAR per window", "clips", "unscored", "parameters"]
    by_row = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in titles]
    return Grid([cell["strategy"] for cell in cells], list(zip(titles, by_row, strict=True)))


def _more(cell: Row) -> list[str]:
    missing = sum(cell["unscored"].values())
    return [
        *(text for metric in ("uar", "accuracy") for text in _spreads(cell, metric)),
        *(_with_interval(*(value(cell, metric, key) for key in ENDS)) for metric in ("f1", "top_k", "ece")),
        percent(value(cell, "accuracy", level="window")),
        percent(value(cell, "uar", level="window")),
        count(cell["clips"]),
        f"{count(missing)} ({counts(cell['unscored'])})" if missing else "0",
        count(cell.get("parameters")),
    ]


def _spreads(cell: Row, metric: str) -> list[str]:
    """Return the score with the deviation over folds and over seeds, and what folds and seeds each contribute to it."""
    parts = cell.get("variance", {}).get(metric, {})
    alone = [percent(sqrt(parts[key])) if known(parts.get(key)) else DASH for key in ("folds", "seeds")]
    deviations = (value(cell, metric, key) for key in ("deviation", "seed_deviation"))
    return [*(spread(value(cell, metric), deviation) for deviation in deviations), " / ".join(alone)]


def _with_interval(mean: float | None, low: float | None, high: float | None) -> str:
    between = interval(low, high)
    return percent(mean) + (f" ({between})" if between != DASH else "")


def folds(inputs: Inputs, benchmark: str) -> Grid:
    """Return the UAR of every fold."""
    cells = scored(headline(inputs, benchmark))
    by_fold = [{fold["fold"]: fold["uar"] for fold in cell["per_fold"]} for cell in cells]
    numbers = sorted(set().union(*by_fold))
    return Grid(
        [cell["strategy"] for cell in cells],
        [(str(number), [percent(uar.get(number)) for uar in by_fold]) for number in numbers],
    )


def corpora(inputs: Inputs, benchmark: str) -> Grid | None:
    """Return every strategy on each tested corpus, folds taken together; None where one corpus is all."""
    cells = scored(headline(inputs, benchmark))
    if not cells or len(cells[0]["corpora"]) < 2:
        return None
    names = sorted(set().union(*(cell["per_corpus"] for cell in cells)))
    rows = [
        (f"{name} · {cell['strategy']}", _own(cell["per_corpus"].get(name)))  # a corpus may lack what a strategy needs
        for name in names
        for cell in cells
    ]
    return Grid(["clips", "speakers", "accuracy", "UAR"], rows)


def _own(own: Row | None) -> list[str]:
    if own is None:
        return [DASH] * 4
    uar = _with_interval(*(own["uar"][key] for key in ("value", "low", "high")))
    return [count(own["clips"]), count(own["speakers"]), percent(own["accuracy"]["value"]), uar]
