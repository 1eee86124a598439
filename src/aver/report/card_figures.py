"""The plots of a corpus's card: clips per label and per speaker, durations, coverage of faces."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from aver.report.card import UNKNOWN, Card
from aver.report.card_words import short
from aver.report.figures import CEILING, CHANCE, DOT, canvas, legend, uri

#: Inches; four of them stand side by side where there is room.
WIDTH, HEIGHT = 4.2, 2.4
BINS = 24
#: More speakers than these are not named below their bars.
NAMED_SPEAKERS = 26
LONGEST = 16
LONG = 4
#: Colour and hatch by sex: either alone tells them apart.
SEXES = {"female": (DOT, ""), "male": (CEILING, "///")}
OTHER = (CHANCE, "...")


@dataclass(frozen=True)
class Plot:
    """A figure as `data:` URI, its title, and what it shows in words."""

    title: str
    uri: str
    alt: str


def plots(card: Card) -> list[Plot]:
    """Return the plots of a card; what is not known has none.  The same bytes for the same card."""
    found = []
    if "label" in card.counts:
        alt = "clips of each label; the numbers are in the tables"
        found.append(Plot("Clips per label", _drawn(lambda f, a: _labels(f, a, card)), alt))
    if card.speakers:
        alt = "clips of each speaker, by sex where it is known"
        found.append(Plot("Clips per speaker", _drawn(lambda f, a: _speakers(f, a, card)), alt))
    if card.media and card.media.durations_s:
        lasts = card.media.durations_s
        drawn = _drawn(lambda _, axes: _durations(axes, lasts))
        found.append(Plot("Durations", drawn, "histogram of the durations of the clips"))
    if card.faces and card.faces.coverages:
        covered = [100 * part for part in card.faces.coverages]
        drawn = _drawn(lambda _, axes: _coverage(axes, covered))
        found.append(Plot("Coverage of faces", drawn, "histogram of the share of kept frames that have a face"))
    return found


def _drawn(draw: Callable[[Figure, Axes], None]) -> str:
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a label may hold letters that the font lacks
        figure, axes = canvas(WIDTH, HEIGHT)
        draw(figure, axes)
        return uri(figure)


def published_labels(card: Card) -> Mapping[str, int]:
    """Return the published clips by label, of the parts that are here; empty unless these hold each clip once."""
    parts = [part for part in card.parts if part.here and "label" in part.values]
    if sum(part.clips.found for part in parts) != card.clips:
        return {}
    totals: dict[str, int] = {}
    for part in parts:
        for label, pair in part.values["label"].items():
            if pair.published is not None:
                totals[label] = totals.get(label, 0) + pair.published
    return totals


def _labels(figure: Figure, axes: Axes, card: Card) -> None:
    published = published_labels(card)
    labels = list(dict.fromkeys([*card.counts["label"], *sorted(published)]))
    places = np.arange(len(labels))
    axes.bar(places, [card.counts["label"].get(label, 0) for label in labels], color=DOT, width=0.7, label="found")
    for place, label in zip(places, labels, strict=True):
        if label in published:
            axes.plot([place - 0.45, place + 0.45], [published[label]] * 2, color=CEILING, linewidth=2.2)
    if published:
        axes.plot([], [], color=CEILING, linewidth=2.2, label="published")
        legend(figure, axes, 2)
    _named(axes, labels)


def _speakers(figure: Figure, axes: Axes, card: Card) -> None:
    names = list(card.speakers)
    for sex in sorted(set(card.speaker_sex.values()), key=lambda sex: (sex not in SEXES, sex)):
        colour, hatch = SEXES.get(sex, OTHER)
        own = [place for place, name in enumerate(names) if card.speaker_sex[name] == sex]
        heights = [card.speakers[names[place]] for place in own]
        axes.bar(own, heights, color=colour, hatch=hatch, edgecolor="white", linewidth=0, width=0.8, label=sex)
    if set(card.speaker_sex.values()) != {UNKNOWN}:
        legend(figure, axes, 3)
    if len(names) <= NAMED_SPEAKERS:
        _named(axes, names)
    else:
        axes.set(xticks=[], xlabel=f"{len(names)} speakers, in the order of their names", ylabel="clips")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))


def _named(axes: Axes, names: Sequence[str]) -> None:
    words = [short(name, LONGEST) for name in names]
    crowded = max(map(len, words)) * len(words) > 50
    axes.set_xticks(range(len(words)), words, rotation=90 if crowded else 0, fontsize=8)
    axes.set(ylabel="clips")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.tick_params(axis="x", length=0)


def _durations(axes: Axes, seconds: Sequence[float]) -> None:
    """Draw durations; those beyond `LONG` medians share the last bar, or one long clip would flatten all others."""
    most = LONG * float(np.median(seconds))
    beyond = max(seconds) > most > 0
    what = f"duration, seconds; last bar: {most:.3g} and longer" if beyond else "duration, seconds"
    _histogram(axes, seconds, what, (min(seconds), min(most, max(seconds))))


def _coverage(axes: Axes, percents: Sequence[float]) -> None:
    _histogram(axes, percents, "kept frames with a face, %", (0.0, 100.0))
    # Nearly all clips are covered whole, and the few that are not are what one looks for.
    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.set_ylim(bottom=0)


def _histogram(axes: Axes, values: Sequence[float], what: str, limits: tuple[float, float]) -> None:
    low, high = limits
    if low == high:
        low, high = low - 0.5, high + 0.5
    # Limits that carry a little rounding must not lose the clip that has exactly the largest value.
    axes.hist(np.clip(values, low, high), bins=np.linspace(low, high, BINS + 1).tolist(), color=DOT, rwidth=0.92)
    axes.set(xlabel=what, ylabel="clips")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
