"""Read everything the report shows; what a stage has not written for a corpus is empty, never an error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aver.params.blocks import Params
from aver.report.card import Card, card_of
from aver.report.card_tables import read_tables
from aver.store.out import read_json, read_rows


@dataclass(frozen=True)
class Record:
    """What one stage left about one corpus.

    Args:
        corpus: its name in `params.yaml`.
        stage: `corpora`, `media`, `faces`, `windows`, or `features/<stream>`.
        summary: the content of `summary.json`, empty where there is none.
        failures: the rows of `failures.parquet`.
    """

    corpus: str
    stage: str
    summary: dict[str, Any]
    failures: list[dict[str, Any]]


@dataclass(frozen=True)
class Inputs:
    """All that the report is made of.

    Args:
        weights: the `weights.json` of each encoder, empty where there is none.
        cards: one of each corpus.
    """

    params: Params
    scores: list[dict[str, Any]]
    comparison: list[dict[str, Any]]
    curves: list[dict[str, Any]]
    records: list[Record]
    weights: dict[str, dict[str, Any]]
    cards: list[Card]


def read_inputs(evaluation: Path, comparison: Path, data: Path, params: Params) -> Inputs:
    """Read the inputs, corpora and streams in the order of `params.yaml`.

    Args:
        evaluation: the folder with `scores.json` and `curves.parquet`.
        comparison: the flat rows of the comparison.
        data: the folder with `corpora`, `media`, `faces`, `windows`, `features` and `weights`.
        params: all params.
    """
    return Inputs(
        params=params,
        scores=read_json(evaluation / "scores.json"),
        comparison=read_json(comparison),
        curves=read_rows(evaluation / "curves.parquet"),
        records=[record for corpus in params.corpora for record in _records(data, corpus, params)],
        weights={name: _json(data / "weights" / name / "weights.json") for name in params.weights},
        cards=[card_of(read_tables(data, name, block.adapter or name)) for name, block in params.corpora.items()],
    )


def _records(data: Path, corpus: str, params: Params) -> list[Record]:
    folders = {stage: data / stage / corpus for stage in ("corpora", "media", "faces", "windows")}
    folders |= {f"features/{stream}": data / "features" / corpus / stream for stream in params.features}
    return [
        Record(corpus, stage, _json(folder / "summary.json"), _rows(folder / "failures.parquet"))
        for stage, folder in folders.items()
    ]


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_json(path) if path.is_file() else {}
    return content


def _rows(path: Path) -> list[dict[str, Any]]:
    return read_rows(path) if path.is_file() else []
