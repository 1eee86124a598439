"""The tables that `dvc plots` draws, and the learning curves of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from aver.evaluation.answers import Answers

CURVES = ("train_loss", "validation_loss", "validation_accuracy", "learning_rate")
DIGITS = 6


def curves(benchmark: str, strategy: str, history: pd.DataFrame) -> pd.DataFrame:
    """Return the learning curves of one strategy, averaged over folds and seeds, and how many runs an epoch has.

    Args:
        benchmark: its name.
        strategy: its name.
        history: rows of `history.parquet` under the headline protocol.
    """
    grouped = history.groupby("epoch", as_index=False)
    mean = grouped[list(CURVES)].mean().round(DIGITS)
    mean["runs"] = history.groupby("epoch").size().to_numpy(np.int64)
    mean.insert(0, "strategy", pd.Series(strategy, index=mean.index, dtype=str))
    mean.insert(0, "benchmark", pd.Series(benchmark, index=mean.index, dtype=str))
    return mean


def confusion(benchmark: str, answers: Answers) -> pd.DataFrame:
    """Return one row per seed and scored clip: benchmark, corpus, clip_id, seed, actual, predicted."""
    labels, clips = np.array(answers.labels, dtype=object), answers.clips.iloc[answers.clip].reset_index(drop=True)
    return pd.DataFrame(
        {
            "benchmark": benchmark,
            "corpus": clips["corpus"],
            "clip_id": clips["clip_id"],
            "seed": answers.seed,
            "actual": clips["label"],
            "predicted": labels[answers.predicted],
        }
    ).sort_values(["seed", "corpus", "clip_id"], ignore_index=True)


def calibration(cells: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the reliability of every strategy under the headline protocol, bins without clips left out."""
    rows = [
        {key: cell[key] for key in ("benchmark", "strategy")}
        | {key: each[key] for key in ("confidence", "accuracy", "clips")}
        for cell in cells
        if cell["headline"] and not cell["gap"]
        for each in cell["calibration"]["bins"]
        if each["clips"]
    ]
    return pd.DataFrame(rows, columns=["benchmark", "strategy", "confidence", "accuracy", "clips"])


def protocols(gaps: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the UAR of every strategy under every protocol, those without scores left out."""
    rows = [
        {**{key: row[key] for key in ("benchmark", "strategy", "protocol")}, "uar": row["clip"]["uar"]}
        for row in gaps
        if row["clip"]["uar"] is not None
    ]
    return pd.DataFrame(rows, columns=["benchmark", "strategy", "protocol", "uar"])
