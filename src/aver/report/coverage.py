"""What was there to look at: coverage, absences and failures per corpus and stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aver.report.inputs import Inputs, Record
from aver.report.words import DASH, count, counts, percent, plain

#: Failures shown on the page; the rest is in the stages' `failures.parquet`.
SHOWN = 200

NUMBERS = (
    ("clips", "corpora", "clips"),
    ("with picture", "media", "with_picture"),
    ("with sound", "media", "with_sound"),
    ("frames kept", "media", "kept_frames"),
    ("face detected", "faces", "detected"),
    ("face interpolated", "faces", "interpolated"),
    ("face missing", "faces", "missing"),
)


@dataclass(frozen=True)
class Coverage:
    """One corpus: (what, how many) pairs, a dash where the stage has not run."""

    corpus: str
    numbers: list[tuple[str, str]]


@dataclass(frozen=True)
class Tally:
    """Absences and failures of one stage on one corpus, by reason."""

    corpus: str
    stage: str
    absent: str
    failed: str


@dataclass(frozen=True)
class FailedClip:
    """One row of the failures table."""

    corpus: str
    clip: str
    stage: str
    reason: str
    detail: str
    remedy: str


def coverage(inputs: Inputs) -> list[Coverage]:
    """Return the coverage of every corpus in `params.yaml`."""
    found = []
    for corpus in inputs.params.corpora:
        summaries = {record.stage: record.summary for record in inputs.records if record.corpus == corpus}
        numbers = [(title, count(summaries[stage].get(key))) for title, stage, key in NUMBERS]
        numbers.insert(4, ("face coverage, % of frames", percent(summaries["faces"].get("coverage"))))
        for window in inputs.params.windows:
            numbers.append((f"windows, {window}", _windows(summaries["windows"].get(window))))
        for stream in inputs.params.features:
            numbers.append((f"rows, {stream}", count(summaries[f"features/{stream}"].get("rows"))))
        found.append(Coverage(corpus, numbers))
    return found


def _windows(summary: dict[str, Any] | None) -> str:
    if not summary:
        return count(None)
    padded = {status: number for status, number in summary["status"].items() if status != "complete"}
    return count(summary["windows"]) + (f" ({counts(padded)})" if padded else "")


def tallies(inputs: Inputs) -> list[Tally]:
    """Return one row per corpus and stage that can lose clips; a dash where the stage has not run."""
    return [_tally(record) for record in inputs.records if record.stage != "windows"]


def _tally(record: Record) -> Tally:
    if not record.summary:
        return Tally(record.corpus, record.stage, DASH, DASH)
    absent, failed = record.summary.get("absent", {}), record.summary.get("failed_by_reason", {})
    return Tally(record.corpus, record.stage, counts(absent), counts(failed))


def failures(inputs: Inputs) -> list[FailedClip]:
    """Return every failed clip, sorted by corpus, stage and clip as the inputs are."""
    return [
        FailedClip(
            record.corpus, row["clip_id"], record.stage, plain(row["reason"]), row["detail"] or "", row["remedy"] or ""
        )
        for record in inputs.records
        for row in record.failures
    ]
