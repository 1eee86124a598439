"""What PCA keeps of each fold, and what its components draw from picture and sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from aver.report.figures import CEILING, DOT, INK, blank, legend


def pca_figure(folds: Sequence[Sequence[tuple[float, float]]]) -> Figure:
    """Return the variance kept by the first components (above) and where each component comes from (below).

    Args:
        folds: per fold, per component in order: share of the total variance, share drawn from the picture, 0 … 1.
    """
    figure = blank(4.8, 4.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    for fold in folds:
        kept = 100 * np.cumsum([explained for explained, _ in fold])
        above.plot(np.arange(1, len(kept) + 1), kept, color=INK, linewidth=1, alpha=0.7)
        above.plot(len(kept), kept[-1], "o", color=INK, markersize=4)
    above.set(ylim=(0, 102), ylabel="variance kept, %")
    above.grid()
    shares = 100 * _mean_by_component(folds)
    numbers = np.arange(1, len(shares) + 1)
    edges = np.append(numbers - 0.5, numbers[-1] + 0.5)
    below.stairs(shares, edges, fill=True, color=DOT, label="from picture")
    below.stairs(
        np.full(len(shares), 100.0), edges, baseline=shares, fill=True, color=CEILING, alpha=0.55, label="from sound"
    )
    below.set(
        ylim=(0, 100), xlim=(0.5, numbers[-1] + 0.5), xlabel="component, most variance first", ylabel="drawn from, %"
    )
    legend(figure, below, 2)
    return figure


def _mean_by_component(folds: Sequence[Sequence[tuple[float, float]]]) -> np.ndarray:
    """Return the mean share drawn from the picture of each component, over the folds that kept it."""
    longest = max(len(fold) for fold in folds)
    table = np.full((len(folds), longest), np.nan)
    for number, fold in enumerate(folds):
        table[number, : len(fold)] = [visual for _, visual in fold]
    mean: np.ndarray = np.nanmean(table, axis=0)
    return mean
