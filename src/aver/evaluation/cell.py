"""One cell of the comparison: facts about the strategy, the benchmark and the split, and the scores."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aver.classifiers.registry import get_strategy
from aver.evaluation.answers import Answers, by_clip, by_sequence
from aver.evaluation.ceiling import above, ceiling
from aver.evaluation.read import Trained
from aver.evaluation.rounding import rounded
from aver.evaluation.score import score
from aver.params.blocks import Params


def facts(
    name: str, protocol: str, strategy: str, trained: Trained, split: dict[str, Any], params: Params
) -> dict[str, Any]:
    """Return what is said of a cell whether it has scores or not.

    Args:
        name: the benchmark.
        protocol: one of its protocols.
        strategy: the strategy's name.
        trained: what the classifiers stage left about it.
        split: `summary.json` of the folds stage.
        params: all params.
    """
    benchmark, roles = params.benchmarks[name], get_strategy(strategy).roles
    return {
        "benchmark": name,
        "protocol": protocol,
        "headline": protocol == benchmark.protocol,
        "strategy": strategy,
        "streams": [getattr(params.classifiers, role) for role in roles],
        "corpora": split["corpora"],
        "test_corpora": split["test_corpora"],
        "label": split["label"],
        "label_set": split["label_set"],
        "labels": trained.labels,
        "folds": len(split["protocols"][protocol]["folds"]),
        "seeds": len(benchmark.seeds),
        "clips": 0,
        "speakers": split["speakers"],
        "unscored": trained.summary["unscored"],
        "parameters": trained.summary["parameters"],
        "chance": 1 / len(trained.labels),
        "ceiling": ceiling(split["corpora"], trained.labels, roles, params),
        "above_ceiling": None,
        "gap": trained.gap(protocol),
    }


def scored(cell: dict[str, Any], trained: Trained, params: Params) -> tuple[dict[str, Any], Answers | None]:
    """Return the cell with its scores, rounded, and the answers to clips behind them; without them if it has a gap.

    Args:
        cell: its `facts`.
        trained: what the classifiers stage left.
        params: all params.
    """
    if cell["gap"]:
        return rounded(cell), None
    sequences = by_sequence(trained.of(cell["protocol"]), trained.labels)
    clips = by_clip(sequences)
    scores = asdict(score(sequences, clips, params.evaluation))
    told = {"clips": len(clips.clips), "above_ceiling": above(scores["clip"]["accuracy"], cell["ceiling"])}
    return rounded({**cell, **told, **scores}), clips
