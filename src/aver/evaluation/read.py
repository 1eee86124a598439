"""Read what the folds stage left about one benchmark, and the classifiers stage about one strategy on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from aver.errors import StoreError
from aver.folds.roles import TEST
from aver.store.out import read_json

#: Words that repeat in every row; read as categories they take a fraction of the time and the memory.
WORDS = ("protocol", "corpus", "people", "clip_id", "speaker", "label")

ClipKey = tuple[str, str]


@dataclass(frozen=True)
class Split:
    """The split of one benchmark.

    Args:
        summary: the content of `summary.json`.
        tested: protocol → (corpus, clip id) of every clip that has the role of a tested one in some fold; under
            `window` sequences have roles, and clips have none.
    """

    summary: dict[str, Any]
    tested: dict[str, set[ClipKey]]


@dataclass(frozen=True)
class Trained:
    """One strategy on one benchmark.

    Args:
        summary: the content of `summary.json`.
        predictions: one row per test sequence of every protocol, fold and seed.
        history: one row per epoch of every protocol, fold and seed.
    """

    summary: dict[str, Any]
    predictions: pd.DataFrame
    history: pd.DataFrame

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the probabilities."""
        return list(self.summary["labels"])

    def of(self, protocol: str) -> pd.DataFrame:
        """Return the predictions under one protocol."""
        return self.predictions[self.predictions["protocol"] == protocol]

    def gap(self, protocol: str) -> str:
        """Return why there are no scores under a protocol; empty if there are."""
        if self.summary["gap"]:
            return str(self.summary["gap"])
        own = self.of(protocol)
        if own.empty and protocol in self.summary.get("gaps", {}):
            return str(self.summary["gaps"][protocol])
        if own.empty:
            return f"no clip was tested under protocol {protocol}"
        broken = own[~np.isfinite(own[[f"p_{label}" for label in self.labels]].to_numpy()).all(axis=1)]
        if broken.empty:
            return ""
        fold, seed = broken[["fold", "seed"]].iloc[0]
        return (
            f"training diverged: {len(broken)} of {len(own)} predictions under protocol {protocol} are no numbers, "
            f"the first in fold {fold}, seed {seed}. Lower the learning rate (`classifiers` in params.yaml), or mend "
            "the features."
        )


def read_split(folder: Path) -> Split:
    """Read `summary.json` and `folds.parquet`.

    Args:
        folder: `data/folds/<benchmark>`.

    Raises:
        StoreError: a file is missing or damaged.
    """
    with _whole(folder):
        columns = ["protocol", "corpus", "clip_id"]
        rows = pq.read_table(folder / "folds.parquet", columns=columns, filters=[("role", "=", TEST)]).to_pylist()
        tested: dict[str, set[ClipKey]] = {}
        for row in rows:
            tested.setdefault(row["protocol"], set()).add((row["corpus"], row["clip_id"]))
        return Split(read_json(folder / "summary.json"), tested)


def read_trained(folder: Path) -> Trained:
    """Read `summary.json`, `predictions.parquet` and `history.parquet`.

    Args:
        folder: `data/classifiers/<benchmark>/<strategy>`.

    Raises:
        StoreError: a file is missing or damaged.
    """
    with _whole(folder):
        return Trained(
            read_json(folder / "summary.json"),
            pq.read_table(folder / "predictions.parquet", read_dictionary=list(WORDS)).to_pandas(),
            pq.read_table(folder / "history.parquet").to_pandas(),
        )


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Say what to do where a file is missing or damaged."""
    try:
        yield
    except FileNotFoundError as exc:
        raise StoreError(f"{exc.filename or exc} is missing. Run `dvc repro` again.") from None
    except pa.ArrowException as exc:
        raise StoreError(f"{folder} is damaged: {exc}. Run `aver doctor --repair`.") from exc
