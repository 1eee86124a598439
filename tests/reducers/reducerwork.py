"""Rows and tables of folds for the tests of reducers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aver.reducers.steps import ROLES

#: Steps per row of sound in `make`.
SHARED = 3


def make(folder: Path, steps: int, visual: int = 6, acoustic: int = 4, seed: int = 0) -> dict[str, Path]:
    """Write correlated rows: one of the picture per step, one of the sound per `SHARED` steps."""
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((steps, 3))
    rows = {
        "visual": hidden @ rng.standard_normal((3, visual)) + 0.3 * rng.standard_normal((steps, visual)) + 5,
        "acoustic": hidden[::SHARED] @ rng.standard_normal((3, acoustic)) * 10
        + rng.standard_normal((len(hidden[::SHARED]), acoustic)),
    }
    return write(folder, rows)


def write(folder: Path, rows) -> dict[str, Path]:
    """Write each role's rows as float32."""
    folder.mkdir(parents=True, exist_ok=True)
    for role, values in rows.items():
        np.save(folder / f"{role}.npy", np.asarray(values, np.float32))
    return {role: folder / f"{role}.npy" for role in ROLES}


def table(used, atoms=None):
    """Return the table of a fold that trains on these steps; all of them are one atom unless told."""
    used = np.asarray(used)
    return {
        "links_visual": used.astype(np.int32),
        "links_acoustic": (used // SHARED).astype(np.int32),
        "atoms": np.zeros(len(used), np.int32) if atoms is None else np.asarray(atoms)[used].astype(np.int32),
    }


def joined(files, own):
    """Return the raw rows of a fold's steps, by role."""
    return {role: np.load(files[role])[own[f"links_{role}"]] for role in ROLES}
