"""The faces stage's work: find the face of every clip that has a picture, write one row per clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aver.cache.cache import Cache, Done, Failed, Pending, Source, Step, Stored
from aver.cache.carried import write_recipes
from aver.cache.recipe import Recipe, recipe_of
from aver.faces import haar
from aver.faces.crop import faces, note
from aver.faces.follow import DETECTED, INTERPOLATED, MISSING
from aver.faces.params import CropParams
from aver.ledger import Failure, gate, write_ledger
from aver.media import ffmpeg
from aver.parallel import Runner, Task, run_tasks
from aver.params.blocks import Params
from aver.store.out import write_table

FACES = pa.schema(
    [
        ("clip_id", pa.string()),
        ("absent", pa.string()),
        ("frames", pa.int32()),
        ("detected", pa.int32()),
        ("interpolated", pa.int32()),
        ("missing", pa.int32()),
        ("status", pa.list_(pa.uint8())),
        ("boxes", pa.list_(pa.float32())),
        ("crops", pa.string()),
    ]
)


@dataclass(frozen=True)
class Faces:
    """Rows of `faces.parquet` (schema `FACES`), sorted by clip id, the clips that failed, and the objects' recipes."""

    rows: list[dict[str, Any]]
    failures: list[Failure]
    recipes: list[tuple[str, Recipe | None]]


def index_faces(
    name: str,
    clips: Sequence[Mapping[str, Any]],
    media: Sequence[Mapping[str, Any]],
    root: Path,
    params: Params,
    recipes: Sequence[tuple[str, Recipe]] = (),
    run: Runner = run_tasks,
) -> Faces:
    """Find and cut out the face of every clip through the clip cache.

    Args:
        name: the corpus, for the progress line.
        clips: rows of `clips.parquet`.
        media: rows of `media.parquet`.
        root: the corpus root.
        params: all params; `faces`, `media.keep_every` and `parallel` are used.
        recipes: of the media stage, should this host's clip cache not hold what its rows name.
        run: `look_up` leaves out clips that would have to be computed.
    """
    cache = Cache()
    cache.learn(recipes, root)
    files = {clip["clip_id"]: Source(clip["sha256"], root / clip["path"], checked=True) for clip in clips}
    wanted = CropParams(params.faces, params.media.keep_every)
    step = Step("faces", faces, wanted, {**ffmpeg.runtime(), **haar.runtime()}, evictable=True, note=note)
    tasks = [
        Task(row["clip_id"], step, {"clip": files[row["clip_id"]], "probe": Stored(row["probe"])})
        for row in media
        if row["has_picture"]
    ]
    outcomes = run(tasks, f"faces {name}", params.parallel, cache).outcomes
    found = {task.name: outcome for task, outcome in zip(tasks, outcomes, strict=True)}
    made = [
        (outcome.digest, recipe_of(task.step, task.inputs, root))
        for task, outcome in zip(tasks, outcomes, strict=True)
        if isinstance(outcome, Done)
    ]
    rows, failures = [], []
    for row in media:
        outcome = found.get(row["clip_id"])
        if isinstance(outcome, Pending):
            continue
        if isinstance(outcome, Failed):
            failures.append(Failure(row["clip_id"], "faces", outcome.reason, outcome.detail))
        elif outcome is None:
            rows.append(_row(row["clip_id"], "no_picture", "", np.zeros(0, np.uint8), []))
        else:
            status = np.array(outcome.note["status"], np.uint8)
            absent = "" if status.any() else "no_face"
            rows.append(_row(row["clip_id"], absent, outcome.digest, status, outcome.note["boxes"]))
    return Faces(rows, failures, made)


def _row(clip_id: str, absent: str, crops: str, status: NDArray[np.uint8], boxes: list[float]) -> dict[str, Any]:
    return {
        "clip_id": clip_id,
        "absent": absent,
        "frames": len(status),
        "detected": int((status == DETECTED).sum()),
        "interpolated": int((status == INTERPOLATED).sum()),
        "missing": int((status == MISSING).sum()),
        "status": status.tolist(),
        "boxes": boxes,
        "crops": crops,
    }


def write_faces(folder: Path, found: Faces, max_failed_fraction: float) -> None:
    """Write `faces.parquet`, `recipes.parquet`, `failures.parquet` and `summary.json`.

    Raises:
        ClipsError: too many failures.
    """
    clips = len(found.rows) + len(found.failures)
    gate(found.failures, clips, max_failed_fraction)
    write_table(folder / "faces.parquet", found.rows, FACES)
    write_recipes(folder, found.recipes)
    counts = {key: sum(row[key] for row in found.rows) for key in ("frames", "detected", "interpolated", "missing")}
    summary = {
        "clips": clips,
        **counts,
        "coverage": round((counts["frames"] - counts["missing"]) / max(counts["frames"], 1), 6),
        "absent": {why: sum(row["absent"] == why for row in found.rows) for why in ("no_picture", "no_face")},
    }
    write_ledger(folder, found.failures, summary)
