"""The models that the classifiers stage left of one strategy on one benchmark."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aver.cache.objects import Arrays, unpack
from aver.errors import BenchmarkError, StoreError
from aver.store.out import read_json

NAME = re.compile(r"(?P<protocol>[a-z]+)-fold-(?P<fold>\d+)-seed-(?P<seed>\d+)")


@dataclass(frozen=True)
class Model:
    """One trained model: its protocol, fold and seed, and its arrays as the classifiers stage wrote them."""

    protocol: str
    fold: int
    seed: int
    arrays: Arrays

    @property
    def name(self) -> str:
        """As its file is called: `subject-fold-0-seed-1`."""
        return f"{self.protocol}-fold-{self.fold}-seed-{self.seed}"


@dataclass(frozen=True)
class File:
    """The file of a trained model: its fold and seed, and where it lies."""

    fold: int
    seed: int
    path: Path


def model_files(folder: Path, protocol: str) -> list[File]:
    """Return the models of a protocol in a folder, by fold and seed.

    Args:
        folder: `models`, or `noisy/<modality>`, of what the classifiers stage wrote about a strategy.
        protocol: its name.
    """
    named = [(NAME.fullmatch(path.stem), path) for path in folder.glob("*.npz")]
    found = [
        File(int(name["fold"]), int(name["seed"]), path)
        for name, path in named
        if name is not None and name["protocol"] == protocol
    ]
    return sorted(found, key=lambda file: (file.fold, file.seed))


@dataclass(frozen=True)
class Models:
    """Models of one strategy on one benchmark under one protocol.

    Args:
        labels: in the order of the probabilities.
        about: `model` of the strategy's `summary.json`.
        members: by fold and seed.
        reducers: the fitted reducer of each fold, where the strategy has one.
    """

    labels: list[str]
    about: dict[str, Any]
    members: list[Model]
    reducers: dict[int, Arrays]

    @property
    def streams(self) -> dict[str, str]:
        """The stream of each role, in the strategy's order: the first one's rows are the steps."""
        return {role: self.about["streams"][role] for role in self.about["roles"]}

    def without(self, folds: set[int]) -> Models:
        """Return the models of the other folds."""
        return replace(self, members=[model for model in self.members if model.fold not in folds])


def read_models(folder: Path, protocol: str) -> Models:
    """Read the models of a strategy under one protocol.

    Args:
        folder: `data/classifiers/<benchmark>/<strategy>`.
        protocol: its name.

    Raises:
        BenchmarkError: nothing was trained there, under this protocol, or nothing that gives numbers.
        StoreError: a file is missing or damaged.
    """
    try:
        summary = read_json(folder / "summary.json")
    except FileNotFoundError:
        raise BenchmarkError(f"no trained model in {folder}") from None
    if "model" not in summary or (summary["model"] and "span_s" not in summary["model"]):
        raise BenchmarkError(f"{folder} was written by another version of AVER. Train it again with `dvc repro`.")
    if summary["model"] is None:
        why = summary["gap"] or "no run of it was trained"
        raise BenchmarkError(f"{folder} holds no model, because the strategy cannot be trained there: {why}")
    files = {path.stem: path for path in sorted((folder / "models").glob("*.npz"))}
    names = [match for name in files if (match := NAME.fullmatch(name))]
    if len(names) != summary["runs"]:
        raise StoreError(
            f"{folder / 'models'} holds {len(names)} models of {summary['runs']}. Restore it with `dvc checkout`, or "
            "fetch it with `dvc pull`."
        )
    own = [match for match in names if match["protocol"] == protocol]
    if not own:
        there = ", ".join(sorted({match["protocol"] for match in names}))
        raise BenchmarkError(
            f"{folder} holds no model of protocol {protocol}, only of {there}. Run `dvc repro` to train it."
        )
    members = [Model(protocol, int(one["fold"]), int(one["seed"]), _read(files[one[0]])) for one in own]
    members.sort(key=lambda model: (model.fold, model.seed))
    reducers = {}
    if summary["model"]["reducer"]:
        for fold in sorted({model.fold for model in members}):
            reducers[fold] = _read(folder / "reducers" / f"{protocol}-fold-{fold}.npz")
    return Models(summary["labels"], summary["model"], members, reducers)


def _read(path: Path) -> Arrays:
    try:
        arrays = unpack(path.read_bytes())
    except FileNotFoundError:
        raise StoreError(f"{path} is missing. Restore it with `dvc checkout`, or fetch it with `dvc pull`.") from None
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as exc:
        raise StoreError(f"{path} is damaged: {exc}. Delete it and restore it with `dvc checkout`.") from exc
    broken = [name for name, value in arrays.items() if not np.isfinite(value).all()]
    if broken:
        raise BenchmarkError(
            f"{path}: {broken[0]} holds values that are no numbers: its training diverged. Lower "
            "the learning rate (`classifiers` in params.yaml) and run `dvc repro`."
        )
    return arrays
