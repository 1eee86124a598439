"""The share of attention that each window of one clip receives, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from aver.report.figures import INK, blank

#: Shares are written into at most so many cells of a map, and beside each other; more would be too small to read.
MOST_CELLS, MOST_BESIDE = 64, 16


def attention_figure(modalities: Mapping[str, Sequence[Sequence[float | None]]], edges_s: Sequence[float]) -> Figure:
    """Return a map of layers × windows for each modality, on one scale: none to twice an even share, or the most.

    Args:
        modalities: by name, from the top; [layer][window], each layer's shares sum to 1, None where there is none.  At
            least one modality.
        edges_s: where each of the T windows begins, and where the last one ends, [T + 1] seconds.
    """
    maps = {name: 100 * np.array(shares, dtype=np.float64) for name, shares in modalities.items()}
    tallest = max(len(shares) for shares in maps.values())
    figure = blank(4.8, 1.0 + len(modalities) * (0.5 + 0.26 * tallest))
    panels = figure.subplots(len(modalities), 1, sharex=True, squeeze=False)[:, 0]
    # Else attention that hardly differs would look like the most there can be.
    twice = 200 / (len(edges_s) - 1)
    top = min(100, max(twice, *(np.nanmax(shares) for shares in maps.values())))
    for axes, (name, shares) in zip(panels, maps.items(), strict=True):
        layers = np.arange(len(shares) + 1) + 0.5
        mesh = axes.pcolormesh(edges_s, layers, shares, cmap="Blues", vmin=0, vmax=top, edgecolors="white", linewidth=1)
        if shares.size <= MOST_CELLS and shares.shape[1] <= MOST_BESIDE:
            _write(axes, shares, edges_s, top)
        axes.set_title(name, fontsize=9, loc="left", pad=3)
        axes.set(yticks=np.arange(1, len(shares) + 1), ylabel="layer")
        axes.invert_yaxis()  # the first layer at the top, as in the table
        axes.tick_params(length=0)
    panels[-1].set(xlabel="seconds of the clip")
    figure.colorbar(mesh, ax=panels.tolist(), label="share of attention, %")
    return figure


def _write(axes: Axes, shares: NDArray[np.float64], edges_s: Sequence[float], top: float) -> None:
    """Write each share into its cell, in whole percent; light where the cell is dark."""
    middles = (np.array(edges_s[:-1]) + np.array(edges_s[1:])) / 2
    for (layer, window), share in np.ndenumerate(shares):
        if np.isfinite(share):
            colour = "white" if share > 0.6 * top else INK
            axes.text(middles[window], layer + 1, f"{share:.0f}", ha="center", va="center", fontsize=8, color=colour)
