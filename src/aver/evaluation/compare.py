"""The evaluation stage's work: score every cell of the grid, and compare the strategies of each benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from aver.evaluation import tables
from aver.evaluation.answers import Answers
from aver.evaluation.cell import facts, scored
from aver.evaluation.complement import ACOUSTIC, VISUAL, complement
from aver.evaluation.gaps import gaps
from aver.evaluation.over_time.analyse import analysed, over_time
from aver.evaluation.pairs import pairs
from aver.evaluation.read import Split, read_split, read_trained
from aver.evaluation.rounding import rounded
from aver.evaluation.shared import share
from aver.params.blocks import Params
from aver.progress import track

Rows = list[dict[str, Any]]


@dataclass
class Evaluated:
    """All that the stage says; `None` stands for a number that does not exist.

    Args:
        fusion: the strategy that `fusion` names.
        cells: one per benchmark, protocol (the headline's first) and strategy.
        pairs: the paired comparisons under the headline protocols, on the clips that all strategies scored.
        complement: one row per benchmark where both picture and sound have scores, on the same clips.
        gaps: the scores under every protocol side by side.
        over_time: one row per benchmark and strategy of `evaluation.over_time`, see `aver.evaluation.over_time.rows`.
        curves: learning curves of every strategy under the headline protocol.
        confusions: what `fusion` took each clip for under the headline protocol.
    """

    fusion: str
    cells: Rows = field(default_factory=list)
    pairs: Rows = field(default_factory=list)
    complement: Rows = field(default_factory=list)
    gaps: Rows = field(default_factory=list)
    over_time: Rows = field(default_factory=list)
    curves: list[pd.DataFrame] = field(default_factory=list)
    confusions: list[pd.DataFrame] = field(default_factory=list)


def evaluate(data: Path, strategies: Sequence[str], params: Params) -> Evaluated:
    """Score and compare everything that was trained, and ask the trained models of `evaluation.over_time`.

    Args:
        data: the folder with `classifiers`, `corpora`, `features` and `folds`.
        strategies: the grid; the one named by `fusion` is added if it is not among them.
        params: all params.

    Raises:
        StoreError: a file of a stage before is missing or damaged.
        BenchmarkError: a trained model cannot be asked.
        CacheError: the clip cache cannot be written.
    """
    found, names = Evaluated(params.fusion), sorted({*strategies, params.fusion})
    for benchmark in track(sorted(params.benchmarks), "evaluation", "benchmark"):
        classifiers, folds = data / "classifiers" / benchmark, data / "folds" / benchmark
        _benchmark(found, benchmark, classifiers, read_split(folds), names, params)
    for benchmark in sorted(params.benchmarks):
        found.over_time += over_time(benchmark, analysed(params, names), data, params)
    found.gaps = gaps(found.cells)
    return found


def _benchmark(
    found: Evaluated, name: str, classifiers: Path, split: Split, strategies: list[str], params: Params
) -> None:
    benchmark, cells, answers = params.benchmarks[name], [], {}
    for strategy in strategies:
        trained = read_trained(classifiers / strategy)
        for protocol in benchmark.protocols:
            cell, clips = scored(facts(name, protocol, strategy, trained, split, params), trained, split, params)
            cells.append(cell)
            if cell["headline"] and clips is not None:
                answers[strategy] = clips
        history = trained.history[trained.history["protocol"] == benchmark.protocol]
        found.curves.append(tables.curves(name, strategy, history))
    found.cells += sorted(cells, key=lambda cell: benchmark.protocols.index(cell["protocol"]))
    _compare(found, name, answers, [cell for cell in cells if cell["strategy"] in answers and cell["headline"]], params)


def _compare(found: Evaluated, name: str, answers: dict[str, Answers], cells: Rows, params: Params) -> None:
    """Compare what has scores under the headline protocol: its answers and, in the same order, its cells."""
    shared = share(answers, params.evaluation)
    for cell in cells:
        cell["shared"] = {"clips": shared.clips, "uar": shared.uar[cell["strategy"]]}
    found.pairs += rounded(pairs(name, shared.answers, params.evaluation))
    single = {stream for cell in cells if cell["strategy"] in (VISUAL, ACOUSTIC) for stream in cell["streams"]}
    # Another system's fusion of other features says nothing about what fusing these two gains.
    fusions = [cell["strategy"] for cell in cells if len(cell["streams"]) > 1 and set(cell["streams"]) == single]
    row = complement(name, shared, fusions)
    if row is not None:
        found.complement.append(rounded(row))
    if params.fusion in answers:
        found.confusions.append(tables.confusion(name, answers[params.fusion]))
