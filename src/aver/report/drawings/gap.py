"""The protocol gap: UAR of each strategy under every protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from aver.report.cells import LEAKY
from aver.report.figures import CEILING, DOT, GRID, INK, canvas, legend

#: Marker and colour by protocol: either alone tells them apart; a leaky one is hollow.
MARKS = {"window": ("s", INK), "clip": ("^", INK), "loso": ("D", DOT)}
HONEST = ("o", DOT)


def gap_figure(strategies: Sequence[tuple[str, Mapping[str, float], float | None]], protocols: Sequence[str]) -> Figure:
    """Return a row per strategy: its score under each protocol, and a line along the gap if one of them is leaky.

    Args:
        strategies: (name, UAR 0 … 1 by protocol, ceiling 0 … 1 or None).
        protocols: the leakiest first, the most honest one last, as in the legend.
    """
    figure, axes = canvas(4.8, 1.2 + 0.42 * len(strategies))
    places = list(range(len(strategies)))[::-1]
    for place, (_, scores, ceiling) in zip(places, strategies, strict=True):
        ends = [100 * scores[protocol] for protocol in (protocols[0], protocols[-1]) if protocol in scores]
        if protocols[0] in LEAKY and len(ends) == 2:
            axes.plot(ends, [place, place], color=GRID, linewidth=4, zorder=1, gid="gap")
        for protocol, score in scores.items():
            mark, colour = MARKS.get(protocol, HONEST)
            face = "white" if protocol in LEAKY else colour
            axes.plot(100 * score, place, mark, markerfacecolor=face, markeredgecolor=colour, markersize=7.5)
        if ceiling is not None:
            axes.plot([100 * ceiling] * 2, [place - 0.33, place + 0.33], color=CEILING, linewidth=2.5)
    for protocol in protocols:
        mark, colour = MARKS.get(protocol, HONEST)
        face = "white" if protocol in LEAKY else colour
        axes.plot([], [], mark, markerfacecolor=face, markeredgecolor=colour, markersize=7.5, label=protocol)
    if any(ceiling is not None for _, _, ceiling in strategies):
        axes.plot([], [], color=CEILING, linewidth=2.5, label="best possible")
    axes.set(xlim=(0, 102), ylim=(-0.6, len(strategies) - 0.4), xlabel="UAR, %")
    axes.set_yticks(places, [name for name, _, _ in strategies])
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    legend(figure, axes, 4)
    return figure
