"""The features stage's work: one stream of one corpus, through the clip cache, into a store."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aver.cache.cache import Cache, Done, Failed, Inline, Source, Step, Stored
from aver.cache.carried import read_recipes
from aver.cache.recipe import Recipe
from aver.cache.step import Input, key_of
from aver.device import resolve
from aver.features.encoder import Encoder
from aver.features.registry import get_encoder
from aver.ledger import Failure, gate, write_ledger
from aver.parallel import Runner, Task, run_tasks
from aver.params.blocks import Parallel, Params
from aver.params.names import ENCODERS
from aver.params.streams import settled
from aver.store.out import read_rows
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store
from aver.weights.build import WeightsFolder, read_weights

#: About how many rows are computed in one go, by class of device: enough for full batches, few enough that progress
#: shows.  Finished clips are kept one by one.
ROWS_TOGETHER = {"cpu": 256, "cuda": 8192}


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
class Extracted:
    """The entries of a stream's store, its header, and the clips that failed."""

    header: Header
    entries: list[ClipEntry]
    failures: list[Failure]


def extract(
    corpus: str, stream: str, before: Stages, weights: Path, params: Params, run: Runner = run_tasks
) -> Extracted:
    """Embed every clip of a corpus that has the stream's modality.

    Args:
        corpus: its name, for the progress line.
        stream: its name under `features`.
        before: rows of media, faces and windows.
        weights: the folder of all weights, with one folder per encoder.
        params: all params.
        run: `look_up` leaves out clips that would have to be computed.

    Raises:
        WeightsError: the encoder's weights are not there.
    """
    encoder, wanted = encoder_of(stream, params)
    about = ENCODERS[encoder.name]
    found = read_weights(about.weights, weights / about.weights)
    runtime = encoder.runtime(wanted)
    step = Step(f"embed-{encoder.name}", encoder.embed, wanted, runtime, together=encoder.embed_together)
    inputs, absent, rows = _inputs(about.reads, before, params.features[stream].window)
    source = Source(found.digest, found.folder)
    most = max(1, ROWS_TOGETHER[runtime["device"]] * len(inputs) // max(1, rows))
    tasks = [Task(clip_id, step, {**given, "weights": source}, most) for clip_id, given in inputs.items()]
    cache = Cache()
    cache.learn(before.recipes, Path(params.corpora[corpus].root).expanduser())
    outcomes = run(tasks, f"features {corpus} {stream}", _spread(params.parallel, step), cache).outcomes
    entries = [ClipEntry(clip_id, "absent", reason) for clip_id, reason in absent.items()]
    failures = []
    for task, outcome in zip(tasks, outcomes, strict=True):
        if isinstance(outcome, Failed):
            failures.append(Failure(task.name, f"features {stream}", outcome.reason, outcome.detail))
            entries.append(ClipEntry(task.name, "failed", outcome.reason))
        elif isinstance(outcome, Done):
            digest = outcome.digest
            entries.append(ClipEntry(task.name, "ok", "", digest, lambda digest=digest: _rows(cache, digest)))  # type: ignore[misc]
    return Extracted(_header(stream, encoder, step, found), entries, failures)


def encoder_of(stream: str, params: Params) -> tuple[Encoder, Any]:
    """Return a stream's encoder and its params, the defaults filled in."""
    block = params.features[stream]
    encoder = get_encoder(block.encoder)
    return encoder, encoder.params(settled(block, resolve(block.device)), params.windows.get(block.window))


def write_features(folder: Path, extracted: Extracted, params: Params) -> None:
    """Write the store, `failures.parquet` and `summary.json`.

    Raises:
        ClipsError: too many failures.
    """
    gate(extracted.failures, len(extracted.entries), params.max_failed_fraction)
    block = params.features[extracted.header.stream]
    rows = write_store(folder, extracted.header, extracted.entries, block.buckets, block.shards)
    status = Counter(entry.status for entry in extracted.entries)
    summary = {
        "clips": len(extracted.entries),
        "with_rows": status["ok"],
        "rows": rows,
        "absent": dict(sorted(Counter(e.reason for e in extracted.entries if e.status == "absent").items())),
        "encoder": extracted.header.encoder,
        "weights": extracted.header.weights_source,
        "weights_sha256": extracted.header.weights,
    }
    write_ledger(folder, extracted.failures, summary)


def _inputs(reads: str, before: Stages, window: str) -> tuple[dict[str, dict[str, Input]], dict[str, str], int]:
    """Return what each clip's embedding reads, for the other clips why the modality is absent, and how many rows."""
    if reads == "faces":
        absent = {row["clip_id"]: row["absent"] for row in before.faces if row["absent"]}
        faces = [row for row in before.faces if not row["absent"]]
        rows = sum(row["detected"] + row["interpolated"] for row in faces)
        return {row["clip_id"]: {"crops": Stored(row["crops"])} for row in faces}, absent, rows
    absent = {row["clip_id"]: "no_sound" for row in before.media if not row["has_sound"]}
    windows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in before.windows:
        if row["window"] == window:
            windows[row["clip_id"]].append(row)
    sounding = [row for row in before.media if row["has_sound"]]
    inputs: dict[str, dict[str, Input]] = {
        row["clip_id"]: {"sound": Stored(row["sound"]), "windows": _inline(windows[row["clip_id"]])} for row in sounding
    }
    return inputs, absent, sum(len(windows[row["clip_id"]]) for row in sounding)


def _inline(windows: list[Mapping[str, Any]]) -> Inline:
    return Inline(
        {
            "samples": np.array([[w["sample0"], w["sample1"]] for w in windows], np.int64).reshape(-1, 2),
            "times_s": np.array([[w["t0_s"], w["t1_s"]] for w in windows], np.float64).reshape(-1, 2),
            "status": np.array([w["status"] for w in windows], "U8"),
        }
    )


def _rows(cache: Cache, digest: str) -> Rows:
    arrays = cache.load(digest)
    return Rows(arrays["rows"], arrays["times_s"], arrays["status"].tolist())


def _spread(parallel: Parallel, step: Step) -> Parallel:
    """One process owns a GPU; several would each load the model and wait for each other."""
    return replace(parallel, jobs=1) if step.runtime.get("device") == "cuda" else parallel


def _header(stream: str, encoder: Encoder, step: Step, weights: WeightsFolder) -> Header:
    fingerprint = key_of({"params": step.fixed_parts["params"], "runtime": dict(step.runtime)})
    shape = encoder.row_shape(step.params)
    return Header(stream, encoder.name, shape, fingerprint, weights.digest, weights.source)
