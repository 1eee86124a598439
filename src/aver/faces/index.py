"""The faces stage's work: find the face of every clip that has a picture, write one row per clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from aver.cache.cache import Cache, Done, Failed, Pending, Source, Step, Stored
from aver.cache.carried import write_recipes
from aver.cache.recipe import Recipe, recipe_of
from aver.faces.crop import note
from aver.faces.params import CropParams
from aver.faces.registry import get_detector
from aver.faces.settle import DETECTED, INTERPOLATED, MISSING
from aver.ledger import Failure, gate, write_ledger
from aver.media import ffmpeg
from aver.parallel import Runner, Task, run_tasks
from aver.params.blocks import Params
from aver.store.out import write_table

#: One row per clip.  `coverage` is the part of the kept frames that has a face; null without frames.  Per kept frame:
#: `status`, `faces_seen` and `boxes` (4 numbers each, zeros where missing).  `cut_frames` are kept frames that begin
#: after a cut; `others` are the detections of faces that were not chosen (5 numbers each: kept frame, left, top, width,
#: height).  `crops` names the object in the clip cache.
FACES = pa.schema(
    [
        ("clip_id", pa.string()),
        ("absent", pa.string()),
        ("frames", pa.int32()),
        ("detected", pa.int32()),
        ("interpolated", pa.int32()),
        ("missing", pa.int32()),
        ("coverage", pa.float64()),
        ("cuts", pa.int32()),
        ("tracks", pa.int32()),
        ("status", pa.list_(pa.uint8())),
        ("faces_seen", pa.list_(pa.uint8())),
        ("boxes", pa.list_(pa.float32())),
        ("cut_frames", pa.list_(pa.int32())),
        ("others", pa.list_(pa.float32())),
        ("crops", pa.string()),
    ]
)
#: The note of a clip without a picture.
NOTHING: dict[str, Any] = {"status": [], "boxes": [], "faces_seen": [], "cuts": [], "tracks": 0, "others": []}


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
    detector = get_detector(params.faces.detector)
    wanted = CropParams.of(params.faces, params.media.keep_every)
    runtime = {**ffmpeg.runtime(), **detector.runtime()}
    step = Step("faces", detector.faces, wanted, runtime, evictable=True, note=note)
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
            rows.append(_row(row["clip_id"], "no_picture", "", NOTHING))
        else:
            absent = "" if any(outcome.note["status"]) else "no_face"
            rows.append(_row(row["clip_id"], absent, outcome.digest, outcome.note))
    return Faces(rows, failures, made)


def _row(clip_id: str, absent: str, crops: str, told: Mapping[str, Any]) -> dict[str, Any]:
    status = np.array(told["status"], np.uint8)
    missing = int((status == MISSING).sum())
    return {
        "clip_id": clip_id,
        "absent": absent,
        "frames": len(status),
        "detected": int((status == DETECTED).sum()),
        "interpolated": int((status == INTERPOLATED).sum()),
        "missing": missing,
        "coverage": 1 - missing / len(status) if len(status) else None,
        "cuts": len(told["cuts"]),
        "tracks": told["tracks"],
        "status": told["status"],
        "faces_seen": told["faces_seen"],
        "boxes": told["boxes"],
        "cut_frames": told["cuts"],
        "others": told["others"],
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
        "several_faces": sum(row["tracks"] > 1 for row in found.rows),
        "with_cuts": sum(row["cuts"] > 0 for row in found.rows),
        "absent": {why: sum(row["absent"] == why for row in found.rows) for why in ("no_picture", "no_face")},
    }
    write_ledger(folder, found.failures, summary)
