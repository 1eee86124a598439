"""The evaluation stage's work: score every cell of the grid, and single out the strategy that `fusion` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from aver.classifiers.registry import get_strategy
from aver.evaluation.metrics import METRICS
from aver.evaluation.score import predicted_labels, score
from aver.params.blocks import Params
from aver.progress import track
from aver.store.out import read_json, write_json

CURVES = ("train_loss", "validation_loss", "validation_accuracy", "learning_rate")


def evaluate(classifiers: Path, folds: Path, strategies: Sequence[str], params: Params) -> list[dict[str, Any]]:
    """Return one cell per benchmark and strategy, in that order, everything the report says about it.

    Args:
        classifiers: the folder with `<benchmark>/<strategy>`.
        folds: the folder with `<benchmark>`.
        strategies: the grid; the one named by `fusion` is added if it is not among them.
        params: all params.
    """
    cells = []
    grid = [(name, strategy) for name in sorted(params.benchmarks) for strategy in sorted({*strategies, params.fusion})]
    for name, strategy in track(grid, "evaluation", "cell"):
        benchmark = params.benchmarks[name]
        split = read_json(folds / name / "summary.json")
        folder = classifiers / name / strategy
        trained = read_json(folder / "summary.json")
        predictions = pd.read_parquet(folder / "predictions.parquet")
        scores = score(predictions, trained["labels"], params.evaluation)
        cells.append(
            {
                "benchmark": name,
                "protocol": benchmark.protocol,
                "strategy": strategy,
                "streams": [getattr(params.classifiers, role) for role in get_strategy(strategy).roles],
                "corpora": split["corpora"],
                "test_corpora": split["test_corpora"],
                "label": split["label"],
                "label_set": split["label_set"],
                "labels": trained["labels"],
                "folds": len(split["folds"]),
                "seeds": len(benchmark.seeds),
                "clips": sum(corpus["clips"] for corpus in scores.per_corpus.values()),
                "speakers": split["speakers"],
                "unscored": trained["unscored"],
                "parameters": trained["parameters"],
                "chance": 1 / len(trained["labels"]),
                "ceiling": _ceiling(split["corpora"], trained["labels"], strategy, params),
                **asdict(scores),
            }
        )
    return cells


def _ceiling(corpora: Sequence[str], labels: Sequence[str], strategy: str, params: Params) -> float | None:
    """Return the best possible accuracy where it is known: on the built-in corpus alone and with all its emotions."""
    if any((params.corpora[name].adapter or name) != "synthetic" for name in corpora):
        return None
    from aver.synthetic.displays import EMOTIONS, ceilings

    if set(labels) != set(EMOTIONS):
        return None
    known, roles = ceilings(), set(get_strategy(strategy).roles)
    if roles == {"visual", "acoustic"}:
        return known.both
    return known.visual if roles == {"visual"} else known.acoustic


def comparison(cells: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the aggregated comparison: one flat row per cell, scores in 0 … 1, rounded to 4 digits."""
    rows = []
    for cell in cells:
        row = {key: cell[key] for key in ("benchmark", "protocol", "strategy", "seeds", "folds", "clips")}
        for name in METRICS:
            row[name] = round(cell["clip"][name]["mean"], 4)
            row[f"{name}_deviation"] = round(cell["clip"][name]["deviation"], 4)
            row[f"window_{name}"] = round(cell["window"][name]["mean"], 4)
        row |= {"uar_low": round(cell["clip"]["uar"]["low"], 4), "uar_high": round(cell["clip"]["uar"]["high"], 4)}
        row["ceiling"] = None if cell["ceiling"] is None else round(cell["ceiling"], 4)
        rows.append(row)
    return rows


def headline(cells: Sequence[dict[str, Any]], fusion: str) -> dict[str, Any]:
    """Return the content of `metrics.json`: per benchmark the scores of the strategy named by `fusion`.

    Few numbers on purpose: they are the columns of `dvc exp show` and the lines of `dvc metrics diff`.
    """
    return {
        cell["benchmark"]: {
            **{name: round(cell["clip"][name]["mean"], 4) for name in METRICS},
            **{f"uar_{key}": round(cell["clip"]["uar"][key], 4) for key in ("deviation", "low", "high")},
        }
        for cell in cells
        if cell["strategy"] == fusion
    }


def write_evaluation(folder: Path, classifiers: Path, cells: Sequence[dict[str, Any]], fusion: str) -> None:
    """Write `scores.json`, and for the strategy named by `fusion` the tables that `dvc plots` draws.

    `curves.parquet` holds the learning curves of all cells, averaged over folds and seeds; `curves.csv` and
    `confusion.csv` (one row per scored clip) those of `fusion`.
    """
    write_json(folder / "scores.json", list(cells))
    curves, plotted, confusions = [], [], []
    for cell in cells:
        source = classifiers / cell["benchmark"] / cell["strategy"]
        history = pd.read_parquet(source / "history.parquet")
        mean = history.groupby("epoch", as_index=False)[list(CURVES)].mean().round(6)
        mean["runs"] = history.groupby("epoch").size().to_numpy()
        mean.insert(0, "strategy", cell["strategy"])
        mean.insert(0, "benchmark", cell["benchmark"])
        curves.append(mean)
        if cell["strategy"] == fusion:
            plotted.append(mean)
            predictions = pd.read_parquet(source / "predictions.parquet")
            columns = [f"p_{label}" for label in cell["labels"]]
            clips = predictions.groupby(["seed", "corpus", "clip_id", "label"], as_index=False)[columns].mean()
            clips["predicted"] = predicted_labels(clips, cell["labels"])
            clips["benchmark"] = cell["benchmark"]
            confusions.append(clips[["benchmark", "corpus", "clip_id", "seed", "label", "predicted"]])
    pd.concat(curves).to_parquet(folder / "curves.parquet", index=False)
    pd.concat(plotted).to_csv(folder / "curves.csv", index=False)
    pd.concat(confusions).rename(columns={"label": "actual"}).to_csv(folder / "confusion.csv", index=False)
