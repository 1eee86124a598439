"""What the stages before left about a corpus, and what of it each clip's steps read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aver.cache.cache import Inline, Input, Stored
from aver.cache.carried import read_recipes
from aver.cache.recipe import Recipe
from aver.params.names import FRAMES
from aver.store.out import read_rows


@dataclass(frozen=True)
class Stages:
    """What the stages before left about one corpus: rows of their tables, with the columns that embedding needs.

    `recipes` say how the objects that the rows name are made, should this host's clip cache not hold them.
    """

    media: Sequence[Mapping[str, Any]]
    faces: Sequence[Mapping[str, Any]]
    windows: Sequence[Mapping[str, Any]]
    recipes: Sequence[tuple[str, Recipe]] = ()


def read_stages(media: Path, faces: Path, windows: Path) -> Stages:
    """Read the outs of the media, faces and windows stages of one corpus."""
    return Stages(
        media=read_rows(media / "media.parquet", ["clip_id", "has_sound", "sound"]),
        faces=read_rows(faces / "faces.parquet", ["clip_id", "absent", "detected", "interpolated", "crops"]),
        windows=read_rows(windows / "windows.parquet"),
        recipes=[*read_recipes(media), *read_recipes(faces)],
    )


@dataclass(frozen=True)
class Given:
    """What a stream's steps read.

    Args:
        inputs: of each clip, what its encoder reads beside the weights.
        absent: of each other clip, why it has no row: `no_picture | no_face | no_sound`.
        rows: how many rows the encoder makes of all of them.
        windows: of each clip, the windows that rows of frames become rows of: `times_s` [W, 2] float64, seconds.
            Empty where the encoder's rows are the stream's.
    """

    inputs: Mapping[str, dict[str, Input]]
    absent: Mapping[str, str]
    rows: int
    windows: Mapping[str, Inline] = field(default_factory=dict)


def inputs_of(reads: str, before: Stages, window: str) -> Given:
    """Return what the steps of a stream read.

    Args:
        reads: `faces` or `sound`.
        before: rows of media, faces and windows.
        window: a name under `windows`, or `frames`.
    """
    windows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in before.windows:
        if row["window"] == window:
            windows[row["clip_id"]].append(row)
    return _sound(before.media, windows) if reads == "sound" else _faces(before.faces, window, windows)


def _faces(faces: Sequence[Mapping[str, Any]], window: str, windows: Mapping[str, list[Mapping[str, Any]]]) -> Given:
    absent = {row["clip_id"]: row["absent"] for row in faces if row["absent"]}
    if window != FRAMES:  # windows divide what can be heard: a clip without sound has none
        absent = {row["clip_id"]: "no_sound" for row in faces if row["clip_id"] not in windows} | absent
    there = [row for row in faces if row["clip_id"] not in absent]
    return Given(
        {row["clip_id"]: {"crops": Stored(row["crops"])} for row in there},
        absent,
        sum(row["detected"] + row["interpolated"] for row in there),
        {} if window == FRAMES else {row["clip_id"]: Inline(_times(windows[row["clip_id"]])) for row in there},
    )


def _sound(media: Sequence[Mapping[str, Any]], windows: Mapping[str, list[Mapping[str, Any]]]) -> Given:
    there = [row for row in media if row["has_sound"]]
    return Given(
        {
            row["clip_id"]: {"sound": Stored(row["sound"]), "windows": Inline(_samples(windows[row["clip_id"]]))}
            for row in there
        },
        {row["clip_id"]: "no_sound" for row in media if not row["has_sound"]},
        sum(len(windows[row["clip_id"]]) for row in there),
    )


def _times(windows: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {"times_s": np.array([[w["t0_s"], w["t1_s"]] for w in windows], np.float64).reshape(-1, 2)}


def _samples(windows: list[Mapping[str, Any]]) -> dict[str, Any]:
    samples = np.array([[w["sample0"], w["sample1"]] for w in windows], np.int64).reshape(-1, 2)
    return {"samples": samples, **_times(windows), "status": np.array([w["status"] for w in windows], "U8")}
