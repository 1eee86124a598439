"""Means and deviations that know of values that do not exist."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def known_mean(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the mean of the values that are not NaN; NaN where there is none."""
    there = np.isfinite(values)
    counts = there.sum(axis=axis).astype(np.float64)
    total = np.where(there, values, 0.0).sum(axis=axis)
    return np.divide(total, counts, out=np.full_like(counts, np.nan), where=counts > 0)


def deviation(values: NDArray[np.float64]) -> float | None:
    """Return the standard deviation (n − 1) of the values that are not NaN; None of fewer than two."""
    there = values[np.isfinite(values)]
    return float(there.std(ddof=1)) if len(there) > 1 else None


def components(values: NDArray[np.float64]) -> dict[str, float | None]:
    """Return how much of the variance is due to folds and how much to seeds.

    The deviation of the folds' means holds both: a fold's mean over few seeds also varies with the seeds.  A seed says
    nothing from one fold to another (other data, other batches), so seeds are nested in folds and the one-way random
    effects model holds: value = mean + fold + seed within the fold.  Its variances by the method of moments (Searle,
    Casella & McCulloch 1992, section 3.6): `seeds` = mean of the variances within the folds, `folds` = variance of the
    folds' means − `seeds` / S, at least 0; S is the (harmonic mean) number of seeds.

    Args:
        values: of one metric, [S, F], NaN where there is none.

    Returns:
        `folds` and `seeds`; None where they do not exist: with one seed the two cannot be told apart.
    """
    there = np.isfinite(values)
    counts = there.sum(axis=0)
    several = counts > 1
    if not several.any():
        return {"folds": None, "seeds": None}
    means = known_mean(values, axis=0)
    squares = np.where(there, (values - means) ** 2, 0.0).sum(axis=0)
    seeds = float(squares[several].sum() / (counts[several] - 1).sum())
    folds = means[counts > 0]
    if len(folds) < 2:
        return {"folds": None, "seeds": seeds}
    per_fold = len(folds) / (1 / counts[counts > 0]).sum()
    return {"folds": max(0.0, float(folds.var(ddof=1)) - seeds / float(per_fold)), "seeds": seeds}
