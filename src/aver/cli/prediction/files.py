"""Answers as JSON and as CSV, and files that are written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aver.cache.objects import write_atomic
from aver.cli.prediction.answer import Answer, PredictError, Refused
from aver.cli.prediction.choose import Chosen
from aver.errors import REASONS

DIGITS = 6


def as_json(chosen: Chosen, notices: Sequence[str], answers: Sequence[Answer], refused: Sequence[Refused]) -> str:
    """Return everything as JSON text; docs/predict.md names the keys."""
    about = chosen.models.about
    content = {
        "benchmark": chosen.benchmark,
        "strategy": chosen.strategy,
        "protocol": chosen.protocol,
        "models": [model.name for model in chosen.models.members],
        "streams": chosen.models.streams,
        "frames": about["frames"],
        "labels": list(chosen.models.labels),
        "notices": list(notices),
        "clips": [_clip(answer) for answer in answers],
        "failed": [_failed(one) for one in refused],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(labels: Sequence[str], answers: Sequence[Answer]) -> str:
    """Return one row per clip (level `clip`) and one per step (level `step`) as CSV text."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["clip", "level", "t0_s", "t1_s", "since_s", "models", "answer", *(f"p_{one}" for one in labels)])
    for one in answers:
        start, end = _number(one.times_s[0, 0]), _number(one.times_s[-1, 1])
        writer.writerow([one.clip, "clip", start, end, start, len(one.models), one.label, *_numbers(one.whole)])
        for times, since, said in zip(one.times_s, one.since_s, one.steps, strict=True):
            label = labels[int(said.argmax())]
            numbers = [*_numbers(times), _number(since)]
            writer.writerow([one.clip, "step", *numbers, len(one.models), label, *_numbers(said)])
    return file.getvalue()


def write(path: Path, shown: Path, content: bytes) -> None:
    """Write a file whole.

    Args:
        path: where.
        shown: as the user named it.
        content: of the file.

    Raises:
        PredictError: it cannot be written.
    """
    try:
        write_atomic(path, content)
    except OSError as exc:
        raise PredictError(f"{shown} cannot be written: {exc.strerror or exc}. Name another file.") from exc


def _clip(answer: Answer) -> dict[str, Any]:
    seen = answer.faces
    return {
        "clip": answer.clip,
        "sha256": answer.sha256,
        "answer": answer.label,
        "probabilities": _named(answer, answer.whole),
        "deviation_over_models": _named(answer, answer.spread),
        "models_agree": answer.agree,
        "models": list(answer.models),
        "sequences": answer.sequences,
        "duration_s": _number(answer.duration_s),
        "face_coverage": None if seen is None or seen["coverage"] is None else _number(seen["coverage"]),
        "notes": list(answer.notes),
        "steps": [
            {
                "t0_s": _number(times[0]),
                "t1_s": _number(times[1]),
                "since_s": _number(since),
                "probabilities": _named(answer, said),
            }
            for times, since, said in zip(answer.times_s, answer.since_s, answer.steps, strict=True)
        ],
    }


def _failed(one: Refused) -> dict[str, Any]:
    remedy = REASONS[one.reason].remedy if one.reason else None
    return {"clip": one.clip, "why": one.why, "reason": one.reason or None, "remedy": remedy}


def _named(answer: Answer, values: Iterable[float]) -> dict[str, float]:
    return dict(zip(answer.labels, _numbers(values), strict=True))


def _numbers(values: Iterable[float]) -> list[float]:
    return [_number(value) for value in values]


def _number(value: float) -> float:
    return round(float(value), DIGITS)
