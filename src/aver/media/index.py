"""The media stage's work: probe every clip, decode its sound, write one row per clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from aver.cache.cache import Cache, Done, Failed, Source, Step, Stored
from aver.cache.carried import write_recipes
from aver.cache.objects import Arrays
from aver.cache.recipe import Recipe, recipe_of
from aver.clock import kept_frames
from aver.ledger import Failure, gate, write_ledger
from aver.media import ffmpeg
from aver.media.probe import ProbeParams, probe
from aver.media.sound import SoundParams, note, sound
from aver.parallel import Runner, Task, run_tasks
from aver.params import blocks
from aver.store.out import write_table

MEDIA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("has_picture", pa.bool_()),
        ("has_sound", pa.bool_()),
        ("video_codec", pa.string()),
        ("audio_codec", pa.string()),
        ("video_stream", pa.int32()),
        ("audio_stream", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("picture_start_s", pa.float64()),
        ("picture_end_s", pa.float64()),
        ("frame_times_s", pa.list_(pa.float64())),
        ("kept", pa.list_(pa.int32())),
        ("sound_start_s", pa.float64()),
        ("sound_end_s", pa.float64()),
        ("source_rate_hz", pa.int32()),
        ("sample_rate_hz", pa.int32()),
        ("sound_silence_s", pa.float64()),
        ("sound_left_out_s", pa.float64()),
        ("samples", pa.int64()),
        ("complaints", pa.int32()),
        ("probe", pa.string()),
        ("sound", pa.string()),
    ]
)


@dataclass(frozen=True)
class Media:
    """Rows of `media.parquet` (schema `MEDIA`), sorted by clip id, the clips that failed, and the objects' recipes."""

    rows: list[dict[str, Any]]
    failures: list[Failure]
    recipes: list[tuple[str, Recipe | None]]


def probe_params(block: blocks.Media) -> ProbeParams:
    """Return what the media block says of the probe."""
    return ProbeParams(block.timeout_s, block.max_duration_s, block.max_megapixels)


def index_media(
    name: str, clips: Sequence[Mapping[str, Any]], root: Path, params: blocks.Params, run: Runner = run_tasks
) -> Media:
    """Probe clips and decode their sound through the clip cache.

    Args:
        name: the corpus, for the progress line.
        clips: rows of `clips.parquet`.
        root: the corpus root.
        params: all params; `media` and `parallel` are used.
        run: `look_up` leaves out clips that would have to be computed.
    """
    cache = Cache()
    files = {clip["clip_id"]: Source(clip["sha256"], root / clip["path"], checked=True) for clip in clips}
    step = Step("probe", probe, probe_params(params.media), ffmpeg.runtime())
    tasks = [Task(clip_id, step, {"clip": file}) for clip_id, file in files.items()]
    failures: list[Failure] = []
    recipes: list[tuple[str, Recipe | None]] = []
    found: dict[str, str] = {}
    outcomes = run(tasks, f"media {name} probe", params.parallel, cache).outcomes
    for task, outcome in zip(tasks, outcomes, strict=True):
        if isinstance(outcome, Failed):
            failures.append(Failure(task.name, "media", outcome.reason, outcome.detail))
        elif isinstance(outcome, Done):
            found[task.name] = outcome.digest
            recipes.append((outcome.digest, recipe_of(task.step, task.inputs, root)))
    rows = {clip_id: _row(clip_id, digest, cache.load(digest), params) for clip_id, digest in found.items()}
    wanted = SoundParams(params.media.sample_rate_hz, params.media.timeout_s)
    step = Step("sound", sound, wanted, ffmpeg.runtime(), evictable=True, note=note)
    tasks = [
        Task(clip_id, step, {"clip": files[clip_id], "probe": Stored(found[clip_id])})
        for clip_id, row in rows.items()
        if row["has_sound"]
    ]
    outcomes = run(tasks, f"media {name} sound", params.parallel, cache).outcomes
    for task, outcome in zip(tasks, outcomes, strict=True):
        if isinstance(outcome, Done):
            rows[task.name]["sound"] = outcome.digest
            rows[task.name]["samples"] = outcome.note["samples"]
            recipes.append((outcome.digest, recipe_of(task.step, task.inputs, root)))
            continue
        if isinstance(outcome, Failed):
            failures.append(Failure(task.name, "media", outcome.reason, outcome.detail))
        del rows[task.name]
    return Media(list(rows.values()), failures, recipes)


def _row(clip_id: str, digest: str, found: Arrays, params: blocks.Params) -> dict[str, Any]:
    times = found["frame_times_s"]
    has_sound = int(found["sound_rate_hz"]) > 0
    return {
        "clip_id": clip_id,
        "has_picture": bool(len(times)),
        "has_sound": has_sound,
        "video_codec": str(found["codecs"][0]),
        "audio_codec": str(found["codecs"][1]),
        "video_stream": int(found["streams"][0]),
        "audio_stream": int(found["streams"][1]),
        "width": int(found["pixels"][0]),
        "height": int(found["pixels"][1]),
        "picture_start_s": float(times[0]) if len(times) else None,
        "picture_end_s": float(found["picture_end_s"]) if len(times) else None,
        "frame_times_s": times.tolist(),
        "kept": kept_frames(len(times), params.media.keep_every).tolist(),
        "sound_start_s": float(found["sound_start_s"]) if has_sound else None,
        "sound_end_s": float(found["sound_end_s"]) if has_sound else None,
        "sound_silence_s": float(found["sound_silence_s"]),
        "sound_left_out_s": float(found["sound_left_out_s"]),
        "source_rate_hz": int(found["sound_rate_hz"]),
        "sample_rate_hz": params.media.sample_rate_hz if has_sound else 0,
        "samples": 0,
        "complaints": int(found["complaints"]),
        "probe": digest,
        "sound": "",
    }


def write_media(folder: Path, media: Media, max_failed_fraction: float) -> None:
    """Write `media.parquet`, `recipes.parquet`, `failures.parquet` and `summary.json`.

    Raises:
        ClipsError: too many failures.
    """
    clips = len(media.rows) + len(media.failures)
    gate(media.failures, clips, max_failed_fraction)
    write_table(folder / "media.parquet", media.rows, MEDIA)
    write_recipes(folder, media.recipes)
    pictures = [row for row in media.rows if row["has_picture"]]
    seconds = sum(max(row["picture_end_s"] or 0, row["sound_end_s"] or 0) for row in media.rows)
    summary = {
        "clips": clips,
        "with_picture": len(pictures),
        "with_sound": sum(row["has_sound"] for row in media.rows),
        "absent": {
            "no_picture": len(media.rows) - len(pictures),
            "no_sound": sum(not row["has_sound"] for row in media.rows),
        },
        "seconds": round(float(seconds), 3),
        "frames": sum(len(row["frame_times_s"]) for row in pictures),
        "kept_frames": sum(len(row["kept"]) for row in pictures),
        "with_complaints": int(np.count_nonzero([row["complaints"] for row in media.rows])),
    }
    write_ledger(folder, media.failures, summary)
