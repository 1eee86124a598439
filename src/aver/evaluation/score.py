"""Score one cell of the comparison: one strategy on one benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aver.evaluation.intervals import speaker_intervals
from aver.evaluation.metrics import METRICS, confusion, metrics
from aver.params.blocks import Evaluation


@dataclass(frozen=True)
class Score:
    """What the report says about one cell.

    Args:
        clip: per metric `mean` over folds (of each fold's mean over seeds), `deviation` over folds, `seed_deviation`
            (of the mean over folds), and the speaker-level interval `low`, `high`.
        window: the same without an interval, every sequence counted on its own.
        per_fold: per fold the metrics of its clips, averaged over seeds.
        per_corpus: per tested corpus its clips and speakers, and per metric the `value` over all its clips, folds taken
            together (a fold may hold few clips of a corpus), with the speaker-level interval `low`, `high`.
        confusion: counts of clips, row = actual, averaged over seeds, [L, L].
        recall: per label; None where no clip of the label was tested.
    """

    clip: dict[str, dict[str, float]]
    window: dict[str, dict[str, float]]
    per_fold: list[dict[str, float]]
    per_corpus: dict[str, dict[str, Any]]
    confusion: list[list[float]]
    recall: dict[str, float | None]


def score(predictions: pd.DataFrame, labels: Sequence[str], params: Evaluation) -> Score:
    """Score predictions (the table of `aver.classifiers.grid.write_grid`).

    A clip's probabilities are the mean over its sequences; its prediction is the most probable label.
    """
    columns = [f"p_{label}" for label in labels]
    by_clip = ["fold", "seed", "corpus", "clip_id"]
    kept = {**dict.fromkeys(("people", "speaker", "label"), "first"), **dict.fromkeys(columns, "mean")}
    clips = predictions.groupby(by_clip, sort=True, as_index=False).agg(kept)
    clip_matrices = _matrices(clips, labels, ["fold", "seed"])
    seeds = clips["seed"].nunique()
    speakers = _by_speaker(clips, labels, seeds)
    intervals = _intervals(speakers, params)
    spread = _spread(clip_matrices)
    total = speakers.sum(axis=0)
    return Score(
        clip={name: {**spread[name], "low": intervals[name][0], "high": intervals[name][1]} for name in METRICS},
        window=_spread(_matrices(predictions, labels, ["fold", "seed"])),
        per_fold=_per_fold(clip_matrices),
        per_corpus={
            str(corpus): _corpus(_by_speaker(own, labels, seeds), own, params)
            for corpus, own in clips.groupby("corpus", sort=True)
        },
        confusion=total.round(4).tolist(),
        recall={
            label: float(total[k, k] / total[k].sum()) if total[k].sum() else None for k, label in enumerate(labels)
        },
    )


def predicted_labels(predictions: pd.DataFrame, labels: Sequence[str]) -> pd.Series[str]:
    """Return the most probable label of each row."""
    columns = [f"p_{label}" for label in labels]
    return pd.Series(np.array(labels)[predictions[columns].to_numpy().argmax(axis=1)], index=predictions.index)


def _by_speaker(clips: pd.DataFrame, labels: Sequence[str], seeds: int) -> NDArray[np.float64]:
    """Return one confusion matrix per person, averaged over seeds, [P, L, L]: one person may be in two corpora."""
    return np.stack(list(_matrices(clips, labels, ["people", "speaker"]).values())) / seeds


def _intervals(speakers: NDArray[np.float64], params: Evaluation) -> dict[str, tuple[float, float]]:
    return speaker_intervals(speakers, params.bootstrap_draws, params.confidence, params.bootstrap_seed)


def _corpus(speakers: NDArray[np.float64], clips: pd.DataFrame, params: Evaluation) -> dict[str, Any]:
    values, intervals = metrics(speakers.sum(axis=0)), _intervals(speakers, params)
    scores = {
        name: {"value": float(values[name]), "low": intervals[name][0], "high": intervals[name][1]} for name in METRICS
    }
    return {"clips": int(clips["clip_id"].nunique()), "speakers": len(speakers), **scores}


def _matrices(frame: pd.DataFrame, labels: Sequence[str], by: list[str]) -> dict[Any, NDArray[np.float64]]:
    number = {label: k for k, label in enumerate(labels)}
    actual = frame["label"].map(number).to_numpy(np.int64)
    predicted = frame[[f"p_{label}" for label in labels]].to_numpy().argmax(axis=1).astype(np.int64)
    groups = frame.groupby(by, sort=True).indices
    return {key: confusion(actual[rows], predicted[rows], len(labels)) for key, rows in sorted(groups.items())}


def _spread(matrices: dict[tuple[int, int], NDArray[np.float64]]) -> dict[str, dict[str, float]]:
    folds, seeds = sorted({fold for fold, _ in matrices}), sorted({seed for _, seed in matrices})
    found = metrics(np.stack([np.stack([matrices[fold, seed] for seed in seeds]) for fold in folds]))
    return {
        name: {
            "mean": float(values.mean()),
            "deviation": float(values.mean(axis=1).std(ddof=1)) if len(folds) > 1 else 0.0,
            "seed_deviation": float(values.mean(axis=0).std(ddof=1)) if len(seeds) > 1 else 0.0,
        }
        for name, values in found.items()
    }


def _per_fold(matrices: dict[tuple[int, int], NDArray[np.float64]]) -> list[dict[str, float]]:
    folds, seeds = sorted({fold for fold, _ in matrices}), sorted({seed for _, seed in matrices})
    found = [metrics(np.stack([matrices[fold, seed] for seed in seeds])) for fold in folds]
    return [{"fold": fold, **{k: float(v.mean()) for k, v in m.items()}} for fold, m in zip(folds, found, strict=True)]
