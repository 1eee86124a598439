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

    `scores.json`, `pairs.json`, `complement.json` and `gaps.json` hold what `Evaluated` says; `curves.parquet` the
    learning curves of all strategies; `curves.csv`, `confusion.csv` (both of `fusion`), `calibration.csv` and
    `gaps.csv` what `dvc plots` draws.
    """
    for name in ("scores", "pairs", "complement", "gaps"):
        write_json(folder / f"{name}.json", getattr(found, "cells" if name == "scores" else name))
    curves = _whole(found.curves, CURVES)
    curves.to_parquet(folder / "curves.parquet", index=False)
    curves[curves["strategy"] == found.fusion].to_csv(folder / "curves.csv", index=False)
    _whole(found.confusions, CONFUSION).to_csv(folder / "confusion.csv", index=False)
    tables.calibration(found.cells).to_csv(folder / "calibration.csv", index=False)
    tables.protocols(found.gaps).to_csv(folder / "gaps.csv", index=False)


def _whole(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Return the tables as one; those without a row would decide the types of the others."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
