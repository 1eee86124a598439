"""The short files that git keeps: `metrics.json` and `reports/comparison.json`, scores rounded to 4 digits."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from aver.errors import BenchmarkError
from aver.evaluation.metrics import METRICS

log = logging.getLogger(__name__)
DIGITS = 4
#: What a row of the comparison says besides scores.
FACTS = ("benchmark", "protocol", "headline", "strategy", "seeds", "folds", "clips", "gap", "above_ceiling")
#: The metrics of `metrics.json`.
HEADLINE = ("accuracy", "uar", "f1")


def comparison(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the aggregated comparison: one flat row per cell, None where there is no score.

    `shared_uar` is the UAR on the `shared_clips` that all strategies scored under the headline protocol: it ranks them.
    """
    rows = []
    for cell in cells:
        row = {key: cell[key] for key in FACTS} | {"ceiling": _short(cell["ceiling"])}
        shared = cell["shared"] or {"clips": None, "uar": None}
        row |= {"shared_clips": shared["clips"], "shared_uar": _short(shared["uar"])}
        for name in METRICS:
            row[name] = _score(cell, "clip", name, "mean")
            row[f"window_{name}"] = _score(cell, "window", name, "mean")
            for key in ("deviation", "seed_deviation", "low", "high"):
                row[f"{name}_{key}"] = _score(cell, "clip", name, key)
        rows.append(row)
    return rows


def headline(cells: Sequence[dict[str, Any]], fusion: str) -> dict[str, Any]:
    """Return the content of `metrics.json`: per benchmark the headline scores of the strategy named by `fusion`.

    Few numbers on purpose: they are the columns of `dvc exp show` and the lines of `dvc metrics diff`.  A number that
    does not exist is left out, and so is a benchmark on which the strategy has no scores.

    Raises:
        BenchmarkError: the strategy has scores on no benchmark.
    """
    named = [cell for cell in cells if cell["headline"] and cell["strategy"] == fusion]
    reasons = {cell["benchmark"]: cell["gap"] for cell in named if cell["gap"]}
    if named and len(reasons) == len(named):
        told = "".join(f"\n  {benchmark}: {reason}" for benchmark, reason in reasons.items())
        raise BenchmarkError(
            f"fusion: {fusion!r} has scores on no benchmark, so metrics.json would be empty:{told}\n"
            "Mend what the reasons name, or choose another strategy: dvc exp run -S fusion=visual"
        )
    for benchmark, reason in reasons.items():
        log.warning("metrics.json: %s has no scores on %s, which is left out: %s", fusion, benchmark, reason)
    return {cell["benchmark"]: _headline(cell) for cell in named if not cell["gap"]}


def _headline(cell: dict[str, Any]) -> dict[str, float]:
    found = {name: _score(cell, "clip", name, "mean") for name in HEADLINE}
    found |= {f"uar_{key}": _score(cell, "clip", "uar", key) for key in ("deviation", "low", "high")}
    return {name: value for name, value in found.items() if value is not None}


def _score(cell: dict[str, Any], level: str, metric: str, key: str) -> float | None:
    return None if cell["gap"] else _short(cell[level][metric][key])


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
