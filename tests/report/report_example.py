"""Builders of what the evaluation and reducers stages leave, with numbers that a test can check by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from aver.report.inputs import Inputs
from aver.store.out import write_json

LABELS = ("happy", "<b>sad</b>")


def spread(mean: float, low: float | None = None, high: float | None = None) -> dict[str, float]:
    return {
        "mean": mean,
        "deviation": 0.0312,
        "seed_deviation": 0.0234,
        "low": mean - 0.05 if low is None else low,
        "high": mean + 0.05 if high is None else high,
    }


def cell(
    strategy: str,
    uar: float,
    low: float,
    high: float,
    *,
    streams: Sequence[str],
    speakers: Mapping[str, float],
    **more: Any,
) -> dict[str, Any]:
    """Return a cell with scores: accuracy 70 %, two folds and seeds, one speaker per entry of `speakers`."""
    window = {key: {"mean": value, "deviation": 0.01, "seed_deviation": 0.01} for key, value in WINDOW.items()}
    return {
        **{"benchmark": "own", "protocol": "subject", "headline": True, "strategy": strategy, "streams": list(streams)},
        **{"corpora": ["clips"], "test_corpora": [], "label": "intended", "label_set": "native", "per_corpus": {}},
        **{
            "labels": list(LABELS),
            "folds": 2,
            "seeds": 2,
            "clips": 1101,
            "speakers": len(speakers),
            "parameters": 54321,
        },
        "shared": {"clips": 1101, "uar": uar},
        **{"unscored": {"no_sound": 133}, "chance": 0.5, "ceiling": None, "above_ceiling": None, "gap": ""},
        "clip": {
            "accuracy": {**spread(0.7, 0.65, 0.75), "deviation": 0.0101},
            "uar": spread(uar, low, high),
            "f1": spread(0.6601),
            "top_k": spread(0.9),
            "ece": spread(0.0444),
        },
        "window": window,
        "per_fold": [{"fold": 0, "accuracy": 0.6, "uar": 0.611, "f1": 0.6}, {"fold": 1, "accuracy": 0.7, "uar": 0.733}],
        "per_speaker": [
            {"people": "clips", "speaker": name, "clips": 12, "accuracy": accuracy, "uar": None}
            for name, accuracy in speakers.items()
        ],
        "confusion": [[30.0, 10.0], [0.0, 0.0]],
        "recall": {"happy": 0.75, "<b>sad</b>": None},
        "calibration": {
            "bins": [
                {"low": 0.0, "high": 0.5, "clips": 0, "confidence": None, "accuracy": None},
                {"low": 0.5, "high": 1.0, "clips": 40, "confidence": 0.8, "accuracy": 0.7},
            ]
        },
    } | more


WINDOW = {"accuracy": 0.5511, "uar": 0.5234, "f1": 0.5}


def gap(strategy: str, reason: str, **more: Any) -> dict[str, Any]:
    """Return a cell without scores."""
    kept = (
        "benchmark",
        "protocol",
        "headline",
        "strategy",
        "streams",
        "corpora",
        "test_corpora",
        "label",
        "label_set",
        "labels",
    )
    full = cell(strategy, 0.0, 0.0, 0.0, streams=("picture", "sound"), speakers={"a": 0.5})
    return {key: full[key] for key in kept} | {"gap": reason} | more


def pair(
    one: str, other: str, difference: float | None, p: float | None, *, settled: bool, remark: str = "", **more: Any
) -> dict[str, Any]:
    known = difference is not None
    return {
        **{"benchmark": "own", "one": one, "other": other, "metric": "uar", "difference": difference},
        **{"low": difference - 0.04 if known else None, "high": difference + 0.04 if known else None},
        **{"p": None if p is None else p / 2, "p_corrected": p, "speakers": 9, "method": "exact"},
        **{"smallest_p": 0.0039, "settled": settled, "remark": remark},
    } | more


def protocol(
    strategy: str,
    name: str,
    uar: float | None,
    *,
    headline: bool,
    ceiling: float | None = None,
    above: bool | None = None,
    clips: int = 1101,
) -> dict[str, Any]:
    """Return a row of `gaps.json`; interval ± 5 points, accuracy 2 points above UAR, per window 4 points below."""
    clip = dict.fromkeys(("accuracy", "uar", "uar_low", "uar_high"))
    window = dict.fromkeys(("accuracy", "uar"))
    if uar is not None:
        clip = {"accuracy": uar + 0.02, "uar": uar, "uar_low": uar - 0.05, "uar_high": uar + 0.05}
        window = {"accuracy": uar - 0.02, "uar": uar - 0.04}
    return {
        **{"benchmark": "own", "strategy": strategy, "protocol": name, "headline": headline},
        **{"clips": 0 if uar is None else clips, "seeds": 2 if headline else 1},
        **{"clip": clip, "window": window, "ceiling": ceiling, "above_ceiling": above},
    }


COMPLEMENT = {
    **{"benchmark": "own", "visual": "visual", "acoustic": "acoustic", "clips": 1000},
    **{"both": 0.3, "only_visual": 0.2, "only_acoustic": 0.15, "neither": 0.35, "oracle": 0.65},
    **{"agreement": 0.55, "kappa": -0.125, "best_single": {"strategy": "visual", "accuracy": 0.5}},
    **{"best_fusion": {"strategy": "concat", "accuracy": 0.56}, "share": 0.4},
}


def without_intervals(inputs: Inputs) -> Inputs:
    """Return the same report of too few speakers for an interval."""
    none = {"low": None, "high": None}
    scores = [
        {**cell, "clip": {name: own | none for name, own in cell["clip"].items()}} if "clip" in cell else cell
        for cell in inputs.scores
    ]
    gaps = [{**row, "clip": row["clip"] | {"uar_low": None, "uar_high": None}} for row in inputs.gaps]
    return replace(inputs, scores=scores, pairs=[pair | none for pair in inputs.pairs], gaps=gaps)


def write_evaluation(
    folder: Path,
    cells: Sequence[dict[str, Any]],
    pairs: Sequence[dict[str, Any]] = (),
    gaps: Sequence[dict[str, Any]] = (),
    complement: Sequence[dict[str, Any]] = (),
) -> None:
    """Write `data/evaluation`: three epochs of curves, the last one without a validation loss."""
    for name, content in (("scores", cells), ("pairs", pairs), ("gaps", gaps), ("complement", complement)):
        write_json(folder / f"{name}.json", list(content))
    curves = [
        {
            "benchmark": cell["benchmark"],
            "strategy": cell["strategy"],
            "epoch": epoch,
            "train_loss": 1 - 0.1 * epoch,
            "validation_loss": loss,
        }
        for cell in cells
        if cell["headline"] and not cell["gap"]
        for epoch, loss in enumerate((1.1, 0.9, None))
    ]
    pd.DataFrame(curves, columns=["benchmark", "strategy", "epoch", "train_loss", "validation_loss"]).to_parquet(
        folder / "curves.parquet", index=False
    )


def write_reducers(folder: Path) -> None:
    """Write `data/reducers/<benchmark>`: two folds of PCA with 3 and 2 components, two epochs of an autoencoder."""
    kept = {
        "subject-fold-0": {"kept": 3, "rows": 800, "width": 2560},
        "subject-fold-1": {"kept": 2, "rows": 801, "width": 2560},
    }
    write_json(folder / "summary.json", {"pca": {"gap": "", "folds": kept}, "autoencoder": {"gap": "", "folds": {}}})
    components = [(0, 0, 0.6, 0.9), (0, 1, 0.3, 0.5), (0, 2, 0.06, 0.1), (1, 0, 0.7, 0.8), (1, 1, 0.26, 0.2)]
    columns = ["fold", "component", "explained", "visual"]
    frame = pd.DataFrame(components, columns=columns).assign(protocol="subject")
    frame.to_parquet(folder / "pca.parquet", index=False)
    losses = [(fold, epoch, 0.5 / (1 + epoch)) for fold in (0, 1) for epoch in (0, 1)]
    frame = pd.DataFrame(losses, columns=["fold", "epoch", "train_loss"]).assign(protocol="subject")
    frame.to_parquet(folder / "autoencoder.parquet", index=False)
