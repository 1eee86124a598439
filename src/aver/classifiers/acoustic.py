"""`acoustic`: the sound alone, F(X_f, X_v) = X_v (Salas-Cáceres et al. 2024, §4.2)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aver.classifiers.fit import FitParams, fit
from aver.classifiers.only import only
from aver.classifiers.strategy import Strategy

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


def train(params: FitParams, table: Arrays, **rows: Path) -> Arrays:
    """Train on acoustic rows; see `aver.classifiers.fit.fit`."""
    return fit(only("acoustic"), params, table, rows)


STRATEGY = Strategy("acoustic", roles=("acoustic",), timeline="acoustic", train=train)
