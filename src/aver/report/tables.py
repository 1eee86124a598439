"""Scores → the rows of the comparison, one benchmark at a time, every number already written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aver.report.inputs import Inputs
from aver.report.words import DASH, count, counts, percent, spread

PROTOCOLS = {
    "subject": "speaker-disjoint folds: nobody is in training and in test at once",
    "cross": "trained on some corpora, tested on others that share nobody with them",
}


@dataclass(frozen=True)
class StrategyRow:
    """One row of the summary table; `best` has the highest UAR of its benchmark, `named` is `fusion` in the params."""

    strategy: str
    streams: str
    accuracy: str
    uar: str
    f1: str
    interval: str
    window: str
    ceiling: str
    chance: str
    clips: str
    unscored: str
    best: bool
    named: bool


@dataclass(frozen=True)
class Confusion:
    """One strategy's confusions, rows in percent of the clips that carry the label."""

    strategy: str
    labels: list[str]
    rows: list[tuple[str, list[int]]]


@dataclass(frozen=True)
class Grid:
    """A small table: a head, and rows with a name in front."""

    head: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Benchmark:
    """All tables of one benchmark; `corpora` is None where one corpus both trains and tests."""

    name: str
    protocol: str
    facts: str
    rows: list[StrategyRow]
    gain: str
    confusions: list[Confusion]
    recall: Grid
    folds: Grid
    corpora: Grid | None


def benchmarks(inputs: Inputs) -> list[Benchmark]:
    """Return the tables of every benchmark, in the order of the comparison."""
    names = list(dict.fromkeys(row["benchmark"] for row in inputs.comparison))
    return [_benchmark(name, inputs) for name in names]


def cells_of(inputs: Inputs, benchmark: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return (row of the comparison, cell of the scores) for each strategy of a benchmark."""
    cells = {(cell["benchmark"], cell["strategy"]): cell for cell in inputs.scores}
    return [(row, cells[benchmark, row["strategy"]]) for row in inputs.comparison if row["benchmark"] == benchmark]


def gain(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """Return what the best strategy with several streams gains over the best with one; empty without both kinds."""
    single = [row for row, cell in pairs if len(cell["streams"]) == 1]
    fused = [row for row, cell in pairs if len(cell["streams"]) > 1]
    if not single or not fused:
        return ""
    one, many = max(single, key=lambda row: row["uar"]), max(fused, key=lambda row: row["uar"])
    points = many["uar"] - one["uar"]
    overlap = many["uar_low"] <= one["uar_high"] and one["uar_low"] <= many["uar_high"]
    settled = "overlap, so they alone do not settle which is better" if overlap else "do not overlap"
    return (
        f"The best fusion, {many['strategy']}, {'gains' if points >= 0 else 'loses'} {percent(abs(points))} points of "
        f"UAR {'over' if points >= 0 else 'against'} the best single modality, {one['strategy']} "
        f"({percent(many['uar'])} % and {percent(one['uar'])} %). Their intervals {settled}."
    )


def _benchmark(name: str, inputs: Inputs) -> Benchmark:
    pairs = cells_of(inputs, name)
    best = max(pairs, key=lambda pair: pair[0]["uar"])[0]["strategy"]
    first = pairs[0][1]
    labels = list(dict.fromkeys(label for _, cell in pairs for label in cell["labels"]))
    strategies = [cell["strategy"] for _, cell in pairs]
    kind = "perceived labels" if first["label"] == "perceived" else "labels"
    return Benchmark(
        name=name,
        protocol=f"{first['protocol']} ({PROTOCOLS.get(first['protocol'], 'see the documentation')})",
        facts=f"{_corpora_used(first)}; {first['speakers']} speakers; {first['folds']} folds; "
        f"{first['seeds']} seeds; {len(labels)} {kind}, label set {first['label_set']}",
        rows=[_row(row, cell, best, inputs.params.fusion) for row, cell in pairs],
        gain=gain(pairs),
        confusions=[_confusion(cell) for _, cell in pairs],
        recall=Grid(
            strategies, [(label, [percent(cell["recall"].get(label)) for _, cell in pairs]) for label in labels]
        ),
        folds=_folds([cell for _, cell in pairs]),
        corpora=_corpora([cell for _, cell in pairs]) if len(first["corpora"]) > 1 else None,
    )


def _corpora_used(cell: dict[str, Any]) -> str:
    tested = cell["test_corpora"]
    if not tested:
        return f"corpora {', '.join(cell['corpora'])}"
    trained = [corpus for corpus in cell["corpora"] if corpus not in tested]
    return f"trained on {', '.join(trained)}; tested on {', '.join(tested)}"


def _corpora(cells: Sequence[dict[str, Any]]) -> Grid:
    """Return accuracy and UAR of the clips of each tested corpus, folds taken together, UAR with its interval."""
    head = ["tested clips", "speakers"]
    head += [f"{cell['strategy']}: {title}" for cell in cells for title in ("accuracy", "UAR")]
    rows = []
    for corpus in sorted(set().union(*(cell["per_corpus"] for cell in cells))):
        found = [cell["per_corpus"].get(corpus) for cell in cells]  # a corpus may lack what a strategy needs
        held = [own for own in found if own]
        values = [count(max(own["clips"] for own in held)), count(max(own["speakers"] for own in held))]
        for own in found:
            if own is None:
                values += [DASH, DASH]
            else:
                uar = own["uar"]
                interval = f"({percent(uar['low'])} to {percent(uar['high'])})"
                values += [percent(own["accuracy"]["value"]), f"{percent(uar['value'])} {interval}"]
        rows.append((corpus, values))
    return Grid(head, rows)


def _folds(cells: Sequence[dict[str, Any]]) -> Grid:
    by_fold = [{fold["fold"]: fold["uar"] for fold in cell["per_fold"]} for cell in cells]
    rows = [(str(fold), [percent(uar.get(fold)) for uar in by_fold]) for fold in sorted(set().union(*by_fold))]
    rows.append(("± over seeds", [percent(cell["clip"]["uar"]["seed_deviation"]) for cell in cells]))
    return Grid([cell["strategy"] for cell in cells], rows)


def _row(row: dict[str, Any], cell: dict[str, Any], best: str, fusion: str) -> StrategyRow:
    missing = sum(cell["unscored"].values())
    return StrategyRow(
        strategy=row["strategy"],
        streams=" + ".join(cell["streams"]),
        accuracy=spread(row["accuracy"], row["accuracy_deviation"]),
        uar=spread(row["uar"], row["uar_deviation"]),
        f1=spread(row["f1"], row["f1_deviation"]),
        interval=f"{percent(row['uar_low'])} to {percent(row['uar_high'])}",
        window=f"{percent(row['window_accuracy'])} / {percent(row['window_uar'])}",
        ceiling=percent(row["ceiling"]),
        chance=percent(cell["chance"]),
        clips=f"{row['clips']:,}",
        unscored=f"{missing:,} ({counts(cell['unscored'])})" if missing else "0",
        best=row["strategy"] == best,
        named=row["strategy"] == fusion,
    )


def _confusion(cell: dict[str, Any]) -> Confusion:
    rows = []
    for label, values in zip(cell["labels"], cell["confusion"], strict=True):
        total = sum(values)
        rows.append((label, [round(100 * value / total) if total else 0 for value in values]))
    return Confusion(cell["strategy"], cell["labels"], rows)
