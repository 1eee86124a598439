"""What the classifiers stage writes: predictions, learning curves, models, and all that is needed to run them again."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from aver.cache.objects import Arrays, pack
from aver.classifiers.grid import Grid
from aver.classifiers.prepare import Prepared
from aver.params.names import PAPER
from aver.store.out import write_json, write_table

CURVES = ("train_loss", "validation_loss", "validation_accuracy", "learning_rate")
HISTORY = pa.schema(
    [("protocol", pa.string()), ("fold", pa.int32()), ("seed", pa.int32()), ("epoch", pa.int32())]
    + [(name, pa.float64()) for name in CURVES]
    + [("best", pa.bool_())]
)
#: Params of a run that a model does not depend on, or that stand in its name.
RUN = ("device", "noisy", "seed")
#: What a row of predictions says about its clip, as `folds.parquet` has it.
CLIP = ("corpus", "people", "clip_id", "speaker", "label")


def write_grid(folder: Path, grid: Grid, folds: list[dict[str, Any]]) -> None:
    """Write `predictions.parquet`, `history.parquet`, `models/`, `noisy/`, `reducers/` and `summary.json`.

    Models that were trained with noise lie in `noisy/<modality>`, and are in none of the tables.

    A row of predictions is one test sequence: protocol, fold, seed, corpus, people, clip_id, speaker, label, sequence
    (its number within the clip), start and end in seconds, and the probability of every label as `p_<label>`.
    """
    predictions: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []
    if grid.reducers:
        (folder / "reducers").mkdir()
    for name, arrays in sorted(grid.reducers.items()):
        (folder / "reducers" / f"{name}.npz").write_bytes(pack(arrays))
    if grid.prepared is not None:
        known = {(row["corpus"], row["clip_id"]): row for row in folds}
        numbers = {fold.name: {"protocol": fold.protocol, "fold": fold.number} for fold in grid.prepared.layout.folds}
        for (name, seed, noisy), run in grid.runs.items():
            place = folder / model_file(name, seed, noisy)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(model_bytes(run))
            if noisy:
                continue
            about = {**numbers[name], "seed": seed}
            predictions += _predictions(grid.prepared, grid.labels, run, about, known)
            for epoch, values in enumerate(run["history"].tolist()):
                named = dict(zip(CURVES, values, strict=True))
                history.append({**about, "epoch": epoch, **named, "best": epoch == run["best_epoch"]})
    schema = pa.schema(
        [("protocol", pa.string()), ("fold", pa.int32()), ("seed", pa.int32())]
        + [(name, pa.string()) for name in CLIP]
        + [("sequence", pa.int32()), ("t0_s", pa.float64()), ("t1_s", pa.float64())]
        + [(f"p_{label}", pa.float32()) for label in grid.labels]
    )
    write_table(folder / "predictions.parquet", predictions, schema)
    write_table(folder / "history.parquet", history, HISTORY)
    write_json(folder / "summary.json", _summary(grid))


def model_file(fold: str, seed: int, noisy: str) -> Path:
    """Return where a model lies in the stage's out."""
    return Path("noisy", noisy, f"{fold}-seed-{seed}.npz") if noisy else Path("models", f"{fold}-seed-{seed}.npz")


def model_bytes(run: Arrays) -> bytes:
    """Return the file of a model: its weights and scalers, without what it said."""
    return pack({key: value for key, value in run.items() if key.startswith(("model.", "scaler."))})


def _predictions(
    ready: Prepared, labels: list[str], run: Any, about: dict[str, Any], known: dict[tuple[str, str], dict[str, Any]]
) -> list[dict[str, Any]]:
    line, found = ready.layout.line, []
    for number, chances in zip(run["test"].tolist(), run["probabilities"].tolist(), strict=True):
        clip = known[line.clips[line.owner[number]]]
        first, last = line.steps[number][0], line.steps[number][line.lengths[number] - 1]
        found.append(
            {
                **about,
                **{name: clip[name] for name in CLIP},
                "sequence": int(line.number[number]),
                "t0_s": float(line.times[first, 0]),
                "t1_s": float(line.times[last, 1]),
                **{f"p_{label}": p for label, p in zip(labels, chances, strict=True)},
            }
        )
    return found


def _summary(grid: Grid) -> dict[str, Any]:
    ready = grid.prepared
    gaps = ready.layout.gaps if ready else {}
    summary: dict[str, Any] = {"labels": grid.labels, "gap": grid.gap, "gaps": gaps, "runs": _counted(grid)}
    if ready is None or not grid.runs:
        return summary | {"clips": 0, "unscored": {}, "sequences": 0, "parameters": 0, "model": None}
    line, plan, first = ready.layout.line, ready.layout.plan, next(iter(grid.runs.values()))
    return summary | {
        "clips": len(line.clips),
        "unscored": Counter(line.unscored.values()),
        "sequences": len(line.owner),
        "parameters": sum(int(value.size) for key, value in first.items() if key.startswith("model.")),
        "model": {
            "strategy": grid.name.removesuffix(PAPER),
            "roles": list(ready.strategy.roles),
            "streams": dict(plan.streams),
            "reducer": ready.strategy.reducer,
            "widths": {role: ready.layout.width(role) for role in ready.strategy.roles},
            "frames": line.steps.shape[1] if plan.windows else plan.frames,
            "sequence_stride": plan.stride,
            "max_sequences": plan.most,
            "windows": plan.windows,
            "span_s": {corpus: plan.span_s.get(corpus) for corpus in sorted({corpus for corpus, _ in line.clips})},
            "params": {name: value for name, value in asdict(ready.fit_params()).items() if name not in RUN},
        },
    }


def _counted(grid: Grid) -> int:
    """Return how many models there are without noise."""
    return sum(not noisy for _, _, noisy in grid.runs)
