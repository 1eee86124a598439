"""A small problem in real files: sixty clips, two labels, picture and sound that both tell them apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aver.cache.objects import Arrays
from aver.classifiers.embrace import EmbraceParams
from aver.classifiers.fit import FitParams
from aver.classifiers.head import TemporalParams
from aver.classifiers.mater import MaterParams
from aver.classifiers.strategy import Strategy
from aver.sequences.roles import TEST, TRAIN, VALIDATION

COMMON = {
    "classes": 2, "seed": 0, "epochs": 12, "patience": 12, "batch": 16, "learning_rate": 0.01,
    "learning_rate_min": 1e-5, "learning_rate_patience": 3, "weight_decay": 0.0, "dropout": 0.1,
    "class_weights": False, "device": "cpu", "scaling": "each", "published": False, "noisy": "",
}  # fmt: skip
UNITS = {"lstm_units": 8, "dense_units": 8}
PARAMS = TemporalParams(**COMMON, **UNITS)
EMBRACE = EmbraceParams(**COMMON, **UNITS, width=32, draws=0)
MATER = MaterParams(**COMMON, width=8, layers=2, heads=2, feed_forward=8)
CLIPS, STEPS = 60, 6


def params_for(strategy: Strategy) -> FitParams:
    """Return small params of a strategy's network."""
    own = {EmbraceParams: EMBRACE, MaterParams: MATER}.get(strategy.params, PARAMS)
    return replace(own, **strategy.fixed)


@dataclass(frozen=True)
class Problem:
    """A table without `link_reduced`, and the files of the rows; `reduced` holds both modalities side by side."""

    table: Arrays
    files: dict[str, Path]

    def inputs(self, strategy) -> dict[str, Path]:
        """Return the files that a strategy reads."""
        roles = ("reduced",) if strategy.reducer else strategy.roles
        return {role: self.files[role] for role in roles}


def make(folder: Path) -> Problem:
    """Write clips of 4-6 steps; the label shifts the first two of five visual dimensions, and the acoustic rows."""
    rng = np.random.default_rng(0)
    labels = np.arange(CLIPS) % 2
    lengths = 4 + np.arange(CLIPS) % 3
    picture, links, steps, sound = [], [], [], []
    for clip in range(CLIPS):
        steps.append(len(picture) + np.minimum(np.arange(STEPS), lengths[clip] - 1))
        links += [2 * clip + k * 2 // lengths[clip] for k in range(lengths[clip])]
        picture += list(rng.normal([6 * labels[clip] + 50, 3 * labels[clip], 0, 0, 0], 1, (lengths[clip], 5)))
        sound += list(rng.normal(4 * labels[clip], 1, (2, 3)))
    rows = {"visual": np.array(picture, np.float32), "acoustic": np.array(sound, np.float32)}
    rows["reduced"] = np.concatenate([rows["visual"], rows["acoustic"][links]], axis=1)
    for role, values in rows.items():
        np.save(folder / f"{role}.npy", values)
    roles = np.array([TRAIN, TRAIN, TRAIN, TRAIN, VALIDATION, TEST], np.int32)[np.arange(CLIPS) // 2 % 6]
    own = np.arange(len(picture), dtype=np.int32)
    table = {
        "steps": np.array(steps, np.int32), "lengths": lengths.astype(np.int32), "labels": labels.astype(np.int32),
        "roles": roles, "link_visual": own, "link_reduced": own, "link_acoustic": np.array(links, np.int32),
    }  # fmt: skip
    return Problem(table, {role: folder / f"{role}.npy" for role in rows})
