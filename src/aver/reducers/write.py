"""The reducers stage's out: the arrays of every fold, and what was kept, as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from aver.cache.objects import Arrays, pack
from aver.params.names import REDUCERS
from aver.reducers.build import Fitted
from aver.sequences.split import Fold
from aver.store.out import write_json, write_table

FOLD = [("protocol", pa.string()), ("fold", pa.int32())]
PCA = pa.schema([*FOLD, ("component", pa.int32()), ("explained", pa.float64()), ("visual", pa.float64())])
AUTOENCODER = pa.schema([*FOLD, ("epoch", pa.int32()), ("train_loss", pa.float64())])
DIGITS = 6


def write_reducers(folder: Path, fitted: Fitted) -> None:
    """Write `<reducer>/<protocol>-fold-<k>.npz`, `pca.parquet`, `autoencoder.parquet` and `summary.json`."""
    summary: dict[str, Any] = {name: {"gap": fitted.gaps[name], "folds": {}} for name in REDUCERS}
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in REDUCERS}
    for reducer in REDUCERS:
        (folder / reducer).mkdir()
        for fold in fitted.folds:
            if (reducer, fold.name) in fitted.objects:
                arrays = fitted.cache.load(fitted.objects[reducer, fold.name])
                (folder / reducer / f"{fold.name}.npz").write_bytes(pack(arrays))
                rows[reducer] += _rows(fold, arrays)
                summary[reducer]["folds"][fold.name] = _summary(arrays)
    write_table(folder / "pca.parquet", rows["pca"], PCA)
    write_table(folder / "autoencoder.parquet", rows["autoencoder"], AUTOENCODER)
    write_json(folder / "summary.json", summary)


def _rows(fold: Fold, arrays: Arrays) -> list[dict[str, Any]]:
    own = {"protocol": fold.protocol, "fold": fold.number}
    if "history" in arrays:
        return [{**own, "epoch": epoch, "train_loss": loss} for epoch, loss in enumerate(arrays["history"].tolist())]
    shares = zip(arrays["explained"].tolist(), arrays["visual"].tolist(), strict=True)
    return [{**own, "component": k, "explained": all_, "visual": visual} for k, (all_, visual) in enumerate(shares)]


def _summary(arrays: Arrays) -> dict[str, Any]:
    known: dict[str, Any] = {"rows": int(arrays["rows"]), "width": int(arrays["widths"].sum())}
    if "history" in arrays:
        layers = sum(name.startswith("weight.") for name in arrays)
        loss = round(float(arrays["history"][-1]), DIGITS)
        return known | {"kept": len(arrays[f"bias.{layers - 1}"]), "train_loss": loss}
    explained = round(float(arrays["explained"].sum()), DIGITS)
    return known | {"kept": len(arrays["explained"]), "explained": explained}
