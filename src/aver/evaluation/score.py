"""Score one cell of the comparison: one strategy on one benchmark under one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.evaluation.answers import Answers
from aver.evaluation.calibration import calibration_table
from aver.evaluation.intervals import speaker_intervals
from aver.evaluation.metrics import METRICS, metrics
from aver.evaluation.spread import components, deviation, known_mean
from aver.evaluation.sums import Sums, sums_of
from aver.params.blocks import Evaluation

Number = float | None


@dataclass(frozen=True)
class Score:
    """What the report says about one cell; None stands for a number that does not exist.

    Args:
        clip: per metric the `mean` over seeds of its value over all clips, folds taken together; its `deviation` over
            folds (of each fold's mean over seeds) and its `seed_deviation` (of the value over all clips); the
            speaker-level interval `low`, `high`.  Folds are taken together because a fold may lack a label, and because
            F1 and the calibration error of small folds are biased (Forman & Scholz 2010), so value, interval, recalls
            and paired differences all speak of the same clips.
        window: the same without an interval, every sequence counted on its own.
        variance: per metric what folds and seeds contribute to it, see `aver.evaluation.spread.components`.
        per_fold: per fold the metrics of its clips, averaged over seeds.
        per_corpus: per tested corpus its clips and speakers, and per metric the `value` over all its clips with the
            speaker-level interval `low`, `high`.
        per_speaker: per tested person clips, accuracy and UAR, averaged over seeds.
        confusion: counts of clips, row = actual, averaged over seeds, [L, L].
        recall: per label; None where no clip of the label was tested.
        calibration: `bins` of confidence, all seeds together, see `aver.evaluation.calibration`.
    """

    clip: dict[str, dict[str, Number]]
    window: dict[str, dict[str, Number]]
    variance: dict[str, dict[str, Number]]
    per_fold: list[dict[str, Number]]
    per_corpus: dict[str, dict[str, Any]]
    per_speaker: list[dict[str, Any]]
    confusion: list[list[float]]
    recall: dict[str, Number]
    calibration: dict[str, list[dict[str, Any]]]


def score(sequences: Answers, clips: Answers, params: Evaluation) -> Score:
    """Score the answers of one cell.

    Args:
        sequences: answers to sequences.
        clips: the same by clip (`aver.evaluation.answers.by_clip`).
        params: intervals, top-k and bins.
    """
    folds, whole = _fold_sums(clips, params), _whole(clips, params)
    total = folds.total(axis=1)
    confusion = total.confusion.mean(axis=0)
    return Score(
        clip={
            name: {**own, "low": whole[name]["low"], "high": whole[name]["high"]}
            for name, own in _spread(folds).items()
        },
        window=_spread(_fold_sums(sequences, params)),
        variance={name: components(values) for name, values in metrics(folds).items()},
        per_fold=_per_fold(folds, np.unique(clips.fold)),
        per_corpus=_per_corpus(clips, whole, params),
        per_speaker=_per_speaker(clips, params),
        confusion=confusion.tolist(),
        recall={
            label: float(row[k] / row.sum()) if row.sum() else None
            for k, (label, row) in enumerate(zip(clips.labels, confusion, strict=True))
        },
        calibration={"bins": calibration_table(total.bins)},
    )


def _fold_sums(answers: Answers, params: Evaluation) -> Sums:
    folds, fold = np.unique(answers.fold, return_inverse=True)
    return sums_of(answers, fold, len(folds), params.top_k, params.calibration_bins)


def _speaker_sums(clips: Answers, params: Evaluation) -> Sums:
    return sums_of(clips, clips.person[clips.clip], len(clips.people), params.top_k, params.calibration_bins)


def _whole(clips: Answers, params: Evaluation) -> dict[str, dict[str, Number]]:
    """Return per metric the value over all clips and its interval; no interval where a clip does not say who speaks."""
    named = bool((clips.person >= 0).all())
    sums = _speaker_sums(clips, params) if named else _fold_sums(clips, params)
    intervals = speaker_intervals(sums, params) if named else {}
    found = {}
    for name, values in metrics(sums.total(axis=1)).items():
        low, high = intervals.get(name) or (None, None)
        found[name] = {"value": number(known_mean(values, axis=0)), "low": low, "high": high}
    return found


def _spread(folds: Sums) -> dict[str, dict[str, Number]]:
    values, whole = metrics(folds), metrics(folds.total(axis=1))
    return {
        name: {
            "mean": number(known_mean(whole[name], axis=0)),
            "deviation": deviation(known_mean(values[name], axis=0)),
            "seed_deviation": deviation(whole[name]),
        }
        for name in METRICS
    }


def _per_fold(folds: Sums, numbers: NDArray[np.int64]) -> list[dict[str, Number]]:
    means = {name: known_mean(values, axis=0) for name, values in metrics(folds).items()}
    return [{"fold": int(fold), **{name: number(means[name][k]) for name in METRICS}} for k, fold in enumerate(numbers)]


def _per_corpus(clips: Answers, whole: dict[str, dict[str, Number]], params: Evaluation) -> dict[str, dict[str, Any]]:
    corpora = sorted(set(clips.clips["corpus"]))
    found = {}
    for corpus in corpora:
        own = clips.where((clips.clips["corpus"] == corpus).to_numpy()) if len(corpora) > 1 else clips
        scores = _whole(own, params) if len(corpora) > 1 else whole
        found[str(corpus)] = {"clips": len(own.clips), "speakers": len(own.people), **scores}
    return found


def _per_speaker(clips: Answers, params: Evaluation) -> list[dict[str, Any]]:
    means = {name: known_mean(values, axis=0) for name, values in metrics(_speaker_sums(clips, params)).items()}
    tested = np.bincount(clips.person[clips.person >= 0])
    return [
        {
            "people": people,
            "speaker": speaker,
            "clips": int(tested[k]),
            **{name: number(means[name][k]) for name in ("accuracy", "uar")},
        }
        for k, (people, speaker) in enumerate(clips.people)
    ]


def number(value: NDArray[np.float64] | np.float64) -> Number:
    """Return a number, None for NaN."""
    return float(value) if np.isfinite(value) else None
