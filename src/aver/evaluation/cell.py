"""One cell of the comparison: facts about the strategy, the benchmark and the split, and the scores."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from aver.classifiers.registry import get_strategy
from aver.evaluation.answers import Answers, by_clip, by_sequence
from aver.evaluation.ceiling import above, ceiling
from aver.evaluation.read import ClipKey, Split, Trained
from aver.evaluation.rounding import rounded
from aver.evaluation.score import score
from aver.params.blocks import Params
from aver.params.classifiers import system_of


def facts(name: str, protocol: str, strategy: str, trained: Trained, split: Split, params: Params) -> dict[str, Any]:
    """Return what is said of a cell whether it has scores or not; what is counted in its answers is 0.

    Args:
        name: the benchmark.
        protocol: one of its protocols.
        strategy: the strategy's name.
        trained: what the classifiers stage left about it.
        split: what the folds stage left.
        params: all params.
    """
    found, told = get_strategy(strategy), split.summary
    block = getattr(params.classifiers, system_of(strategy))
    return {
        "benchmark": name,
        "protocol": protocol,
        "headline": protocol == params.benchmarks[name].protocol,
        "strategy": strategy,
        "streams": [getattr(block, role) for role in found.roles],
        **{key: told[key] for key in ("corpora", "test_corpora", "label", "label_set")},
        "labels": trained.labels,
        "folds": len(told["protocols"][protocol]["folds"]),
        **{"seeds": 0, "clips": 0, "speakers": 0, "unscored": {}, "shared": None},
        "parameters": trained.summary["parameters"],
        "chance": 1 / len(trained.labels),
        "ceiling": ceiling(told["corpora"], trained.labels, found.roles, params),
        "above_ceiling": None,
        "gap": trained.gap(protocol),
    }


def scored(
    cell: dict[str, Any], trained: Trained, split: Split, params: Params
) -> tuple[dict[str, Any], Answers | None]:
    """Return the cell with its scores, rounded, and the answers to clips behind them; without them if it has a gap.

    Args:
        cell: its `facts`.
        trained: what the classifiers stage left.
        split: what the folds stage left.
        params: all params.
    """
    if cell["gap"]:
        return rounded(cell), None
    sequences = by_sequence(trained.of(cell["protocol"]), trained.labels)
    clips = by_clip(sequences)
    scores = asdict(score(sequences, clips, params.evaluation))
    told = {
        "seeds": len(np.unique(clips.seed)),
        "clips": len(clips.clips),
        "speakers": len(clips.people),
        "unscored": _unscored(trained, split.tested.get(cell["protocol"], set()), clips),
        "above_ceiling": above(scores["clip"]["accuracy"], cell["ceiling"]),
    }
    return rounded({**cell, **told, **scores}), clips


def _unscored(trained: Trained, tested: set[ClipKey], clips: Answers) -> dict[str, int]:
    """Return how many of the tested clips have no answer, by reason.

    The reasons that the classifiers stage counts are those of all clips of the benchmark, so where only some of these
    are on the test side, one number stands for all reasons.
    """
    reasons: dict[str, int] = trained.summary["unscored"]
    missing = len(tested.difference(zip(clips.clips["corpus"], clips.clips["clip_id"], strict=True)))
    if missing == sum(reasons.values()):
        return reasons
    return {" or ".join(sorted(reasons)): missing} if missing else {}
