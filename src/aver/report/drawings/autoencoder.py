"""Loss of the autoencoder by epoch, one line per fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from aver.report.figures import DOT, canvas


def autoencoder_figure(folds: Sequence[Sequence[tuple[int, float | None]]], loss: str) -> Figure:
    """Return the training loss of every fold.

    Args:
        folds: per fold, per epoch from 0 in order: the epoch and its loss, None where it diverged.
        loss: its name in the params.
    """
    figure, axes = canvas(4.8, 2.4)
    for fold in folds:
        epochs = [epoch + 1 for epoch, _ in fold]
        axes.plot(
            epochs,
            np.array([reached for _, reached in fold], dtype=np.float64),
            "-o",
            color=DOT,
            linewidth=1.2,
            markersize=3,
            alpha=0.7,
        )
    axes.set(xlabel="epoch", ylabel=f"training loss ({loss})")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid()
    return figure
