"""What the reducers kept of each fold, and what PCA's components draw from each modality."""

from __future__ import annotations

from collections.abc import Sequence

from aver.report.grid import Grid
from aver.report.inputs import Inputs, Row
from aver.report.reported import reported
from aver.report.words import DASH, count, percent


def kept(inputs: Inputs, benchmark: str) -> Grid | None:
    """Return per protocol and fold how many components PCA kept; None where it has not run."""
    reduced = inputs.reduced.get(benchmark)
    folds = reduced.summary.get("pca", {}).get("folds", {}) if reduced else {}
    if not reduced or not folds:
        return None
    components: dict[str, list[Row]] = {}
    for row in reduced.pca:
        components.setdefault(f"{row['protocol']}-fold-{row['fold']}", []).append(row)
    rows = []
    block = inputs.params.benchmarks.get(benchmark)
    for name in sorted(folds, key=lambda name: _order(name, block.protocol if block else "")):
        fold, own = folds[name], components.get(name, [])
        rows.append(
            (
                name.replace("-fold-", ", fold "),
                [
                    count(fold.get("kept")),
                    count(fold.get("width")),
                    count(fold.get("rows")),
                    percent(sum(row["explained"] for row in own)) if own else DASH,
                    percent(visual_share(own)),
                ],
            )
        )
    return Grid(["components kept", "of", "fitted on rows", "variance kept, %", "from picture, %"], rows)


def visual_share(components: Sequence[Row]) -> float | None:
    """Return the share of the kept variance that comes from the picture, None where nothing varies."""
    total = sum(row["explained"] for row in components)
    return sum(row["explained"] * row["visual"] for row in components) / total if total > 0 else None


def _order(name: str, main: str) -> tuple[bool, str, int]:
    """Put the headline protocol first."""
    protocol, _, fold = name.rpartition("-fold-")
    return protocol != main, protocol, int(fold)


def gaps(inputs: Inputs, benchmark: str) -> list[tuple[str, str]]:
    """Return the reducers that could not be fitted, and why."""
    reduced = inputs.reduced.get(benchmark)
    summary = reduced.summary if reduced else {}
    return [(name, content["gap"]) for name, content in sorted(summary.items()) if content.get("gap")]


def beside(inputs: Inputs, benchmark: str) -> str:
    """Return how many components the authors report, in a sentence; empty where the task is not theirs."""
    theirs = reported(inputs, benchmark)
    if theirs is None:
        return ""
    return (
        f"Reported for this corpus: {theirs.components} components keep 95 % of the variance "
        "(Salas-Cáceres et al. 2024, section 4)."
    )
