"""Write the out of the evaluation stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from aver.evaluation import tables
from aver.evaluation.compare import Evaluated
from aver.store.out import write_json

CONFUSION = ["benchmark", "corpus", "clip_id", "seed", "actual", "predicted"]
CURVES = ["benchmark", "strategy", "epoch", *tables.CURVES, "runs"]


def write_evaluation(folder: Path, found: Evaluated) -> None:
    """Write the files of `data/evaluation`.

    `scores.json`, `pairs.json`, `complement.json`, `gaps.json` and `over_time.json` hold what `Evaluated` says;
    `curves.parquet` the learning curves of all strategies; `curves.csv`, `confusion.csv`, `calibration.csv` (of
    `fusion`) and `gaps.csv` (of all strategies) what `dvc plots` draws, of the first benchmark by name on which
    `fusion` has scores: DVC's templates tell revisions apart, not strategies or benchmarks, and would draw several of
    them as one.
    """
    for name in ("scores", "pairs", "complement", "gaps", "over_time"):
        write_json(folder / f"{name}.json", getattr(found, "cells" if name == "scores" else name))
    curves = _whole(found.curves, CURVES)
    curves.to_parquet(folder / "curves.parquet", index=False)
    calibration, gaps = tables.calibration(found.cells), tables.protocols(found.gaps)
    plotted = {
        "curves": curves[curves["strategy"] == found.fusion],
        "confusion": _whole(found.confusions, CONFUSION),
        "calibration": calibration[calibration["strategy"] == found.fusion],
        "gaps": gaps.assign(strategy_protocol=gaps["strategy"] + " · " + gaps["protocol"]),
    }
    first = _first(found)
    for name, table in plotted.items():
        table[table["benchmark"] == first].to_csv(folder / f"{name}.csv", index=False)


def _first(found: Evaluated) -> str | None:
    named = (cell for cell in found.cells if cell["headline"] and cell["strategy"] == found.fusion)
    return next((cell["benchmark"] for cell in named if not cell["gap"]), None)


def _whole(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Return the tables as one; those without a row would decide the types of the others."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
