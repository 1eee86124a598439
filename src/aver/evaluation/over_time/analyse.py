"""Analyses over time of the strategies of a benchmark: the models are asked, and what they say is summed up."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aver.evaluation.over_time.probed import BOTH, Probed
from aver.evaluation.over_time.read import chosen_clip, chosen_of, known_of, paths_of
from aver.evaluation.over_time.rows import gap_row, row
from aver.evaluation.over_time.tasks import ask
from aver.evaluation.read import read_trained
from aver.params.blocks import Params
from aver.store.out import read_rows

log = logging.getLogger(__name__)


def over_time(benchmark: str, strategies: Sequence[str], data: Path, params: Params) -> list[dict[str, Any]]:
    """Return the rows of `over_time.json` about one benchmark, under its own protocol.

    Args:
        benchmark: its name.
        strategies: those to analyse; one without scores, or wanted and not among them, is a row with its gap.
        data: the folder with `classifiers`, `corpora`, `features` and `folds`.
        params: all params.

    Raises:
        StoreError: a file is missing or damaged.
        BenchmarkError: a model cannot be asked.
        CacheError: the clip cache cannot be written.
    """
    if not strategies:
        return []
    block, wanted = params.benchmarks[benchmark], params.evaluation.over_time
    folds = read_rows(data / "folds" / benchmark / "folds.parquet")
    paths = paths_of(data / "corpora", folds)
    key = chosen_clip(params, benchmark, folds, paths)
    if key is None:
        log.warning(
            "evaluation.over_time.clip: %s tests no clip %s, so no attention is drawn; give the id of one of its clips "
            "(data/corpora/<corpus>/clips.parquet) or the end of its path, or leave it empty",
            benchmark,
            wanted.clip,
        )
    found = []
    for strategy in set(wanted.strategies) - set(strategies):
        why = "it is not trained: name it with `fusion`, or add it to the grid in dvc.yaml"
        found.append(gap_row(benchmark, strategy, why, wanted.window_s))
    for strategy in strategies:
        classifiers = data / "classifiers" / benchmark / strategy
        trained = read_trained(classifiers)
        if gap := trained.gap(block.protocol):
            found.append(gap_row(benchmark, strategy, gap, wanted.window_s))
            continue
        line, probed = ask(benchmark, strategy, folds, data / "features", classifiers, key, params)
        for one in (one for one in probed if one.noisy and not said_something(one)):
            log.warning("%s %s: training with noise in %s diverged (fold %d)", benchmark, strategy, one.noisy, one.fold)
        probed = [one for one in probed if said_something(one)]
        known = known_of(line, trained.labels, folds, paths, params)
        found.append(row(benchmark, strategy, probed, known, chosen_of(key, line), params.evaluation))
    return sorted(found, key=lambda one: str(one["strategy"]))


def analysed(params: Params, names: Sequence[str]) -> list[str]:
    """Return which of these strategies are analysed: those of `evaluation.over_time`, and the one named by `fusion`.

    An empty list there means no analyses at all.
    """
    wanted = params.evaluation.over_time.strategies
    return sorted(set(names) & {*wanted, params.fusion}) if wanted else []


def said_something(one: Probed) -> bool:
    """Tell whether a model says anything of its clips: one whose training diverged does not."""
    return bool(np.isfinite(one.said[BOTH][-1]).any())
