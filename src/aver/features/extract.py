"""The features stage's work: one stream of one corpus, through the clip cache, into a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aver.cache.cache import Cache, Done, Failed, Inline, Outcome, Source, Step, Stored
from aver.features.inputs import Stages, inputs_of, read_stages
from aver.features.steps import encoder_of, steps_of
from aver.ledger import Failure, gate, write_ledger
from aver.parallel import Runner, Task, run_tasks
from aver.params.blocks import Parallel, Params
from aver.params.names import ENCODERS
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store
from aver.weights.build import read_weights

#: About how many rows are computed in one go, by class of device: enough for full batches, few enough that progress
#: shows.  Finished clips are kept one by one.
ROWS_TOGETHER = {"cpu": 256, "cuda": 8192}


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
    steps = steps_of(stream, params)
    about = ENCODERS[steps.encoder.name]
    found = read_weights(about.weights, weights / about.weights)
    given = inputs_of(about.reads, before, params.features[stream].window)
    source = Source(found.digest, found.folder)
    most = max(1, ROWS_TOGETHER[steps.embed.runtime["device"]] * len(given.inputs) // max(1, given.rows))
    tasks = [Task(clip_id, steps.embed, {**own, "weights": source}, most) for clip_id, own in given.inputs.items()]
    cache, label = Cache(), f"features {corpus} {stream}"
    cache.learn(before.recipes, Path(params.corpora[corpus].root).expanduser())
    outcomes = _by_clip(tasks, run, label, _spread(params.parallel, steps.embed), cache)
    if steps.pool is not None:
        tasks = _pooling(steps.pool, outcomes, given.windows)
        outcomes |= _by_clip(tasks, run, f"{label} windows", params.parallel, cache)
    entries = [ClipEntry(clip_id, "absent", reason) for clip_id, reason in given.absent.items()]
    failures = []
    for clip_id, outcome in outcomes.items():
        if isinstance(outcome, Failed):
            failures.append(Failure(clip_id, f"features {stream}", outcome.reason, outcome.detail))
            entries.append(ClipEntry(clip_id, "failed", outcome.reason))
        elif isinstance(outcome, Done):
            entries.append(ClipEntry(clip_id, "ok", "", outcome.digest, partial(_rows, cache, outcome.digest)))
    header = Header(stream, steps.encoder.name, steps.row_shape, steps.fingerprint, found.digest, found.source)
    return Extracted(header, entries, failures)


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


def _by_clip(tasks: list[Task], run: Runner, label: str, parallel: Parallel, cache: Cache) -> dict[str, Outcome]:
    outcomes = run(tasks, label, parallel, cache).outcomes
    return {task.name: outcome for task, outcome in zip(tasks, outcomes, strict=True)}


def _pooling(pool: Step, embedded: Mapping[str, Outcome], windows: Mapping[str, Inline]) -> list[Task]:
    """Return the second task of every clip whose first one is done; the others stay failed, or pending."""
    return [
        Task(clip_id, pool, {"faces": Stored(outcome.digest), "windows": windows[clip_id]})
        for clip_id, outcome in embedded.items()
        if isinstance(outcome, Done)
    ]


def _rows(cache: Cache, digest: str) -> Rows:
    arrays = cache.load(digest)
    return Rows(arrays["rows"], arrays["times_s"], arrays["status"].tolist())


def _spread(parallel: Parallel, step: Step) -> Parallel:
    """One process owns a GPU; several would each load the model and wait for each other."""
    return replace(parallel, jobs=1) if step.runtime.get("device") == "cuda" else parallel


__all__ = ["Extracted", "Stages", "encoder_of", "extract", "read_stages", "write_features"]
