"""Read everything the report shows; what a stage has not written is empty, never an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aver.cache.objects import file_digest
from aver.params.blocks import Params
from aver.report.card import Card, card_of
from aver.report.card_tables import read_tables
from aver.store.out import read_json, read_rows

Row = dict[str, Any]


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
    summary: Row
    failures: list[Row]


@dataclass(frozen=True)
class Reduced:
    """What the reducers stage left about one benchmark.

    Args:
        summary: per reducer its `gap` and, per fold, what it kept.
        pca: rows of `pca.parquet`: protocol, fold, component, explained, visual.
        autoencoder: rows of `autoencoder.parquet`: protocol, fold, epoch, train_loss.
    """

    summary: Row = field(default_factory=dict)
    pca: list[Row] = field(default_factory=list)
    autoencoder: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Inputs:
    """All that the report is made of.

    Args:
        scores: one cell per benchmark, protocol and strategy.
        pairs: the paired comparisons of strategies.
        complement: per benchmark what picture and sound could gain from each other.
        gaps: per benchmark, strategy and protocol the scores side by side.
        curves: rows of `curves.parquet`.
        over_time: per benchmark and strategy the analyses over time, in this order.
        reduced: of each benchmark.
        predictions: sha256 of `predictions.parquet` by (benchmark, strategy).
        records: what the extraction stages left.
        weights: the `weights.json` of each encoder, empty where there is none.
        cards: one of each corpus.
    """

    params: Params
    scores: list[Row]
    pairs: list[Row]
    complement: list[Row]
    gaps: list[Row]
    curves: list[Row]
    over_time: list[Row]
    reduced: dict[str, Reduced]
    predictions: dict[tuple[str, str], str]
    records: list[Record]
    weights: dict[str, Row]
    cards: list[Card]


def read_inputs(evaluation: Path, data: Path, params: Params) -> Inputs:
    """Read the inputs, corpora and streams in the order of `params.yaml`.

    Args:
        evaluation: the folder with `scores.json`, `pairs.json`, `complement.json`, `gaps.json`, `over_time.json` and
            `curves.parquet`.
        data: the folder with the outs of the other stages.
        params: all params.
    """
    scores = _list(evaluation / "scores.json")
    cells = sorted({(cell["benchmark"], cell["strategy"]) for cell in scores})
    return Inputs(
        params=params,
        scores=scores,
        pairs=_list(evaluation / "pairs.json"),
        complement=_list(evaluation / "complement.json"),
        gaps=_list(evaluation / "gaps.json"),
        curves=_rows(evaluation / "curves.parquet"),
        over_time=sorted(_list(evaluation / "over_time.json"), key=lambda row: (row["benchmark"], row["strategy"])),
        reduced={name: _reduced(data / "reducers" / name) for name in dict.fromkeys(name for name, _ in cells)},
        predictions=_digests(data / "classifiers", cells),
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


def _reduced(folder: Path) -> Reduced:
    return Reduced(_json(folder / "summary.json"), _rows(folder / "pca.parquet"), _rows(folder / "autoencoder.parquet"))


def _digests(classifiers: Path, cells: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    paths = {cell: classifiers.joinpath(*cell, "predictions.parquet") for cell in cells}
    return {cell: file_digest(path) for cell, path in paths.items() if path.is_file()}


def _json(path: Path) -> Row:
    content: Row = read_json(path) if path.is_file() else {}
    return content


def _list(path: Path) -> list[Row]:
    content: list[Row] = read_json(path) if path.is_file() else []
    return content


def _rows(path: Path) -> list[Row]:
    return read_rows(path) if path.is_file() else []
