"""All figures of a benchmark: which there are, what they show in words, and what their files are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby
from typing import Any

from aver.report import gaps, pairs
from aver.report.cells import best, headline, scored, value
from aver.report.drawings import analyses
from aver.report.drawings.autoencoder import autoencoder_figure
from aver.report.drawings.calibration import calibration_figure
from aver.report.drawings.curves import curve_figure
from aver.report.drawings.gap import gap_figure
from aver.report.drawings.pairs import pair_figure
from aver.report.drawings.pca import pca_figure
from aver.report.drawings.plan import Plan
from aver.report.drawings.scores import Bar, score_figure
from aver.report.drawings.speakers import speaker_figure
from aver.report.figures import data_uri, rendered
from aver.report.inputs import Inputs, Row
from aver.report.reported import of_strategy, reported
from aver.report.words import known


@dataclass(frozen=True)
class Drawing:
    """One figure.

    Args:
        kind: what it shows, e.g. `scores`.
        strategy: of which strategy, empty if of all.
        alt: what it shows, in words.
        png: the file's content.
    """

    kind: str
    strategy: str
    alt: str
    png: bytes

    @property
    def uri(self) -> str:
        """The figure as `data:` URI."""
        return data_uri(self.png)


def file_names(benchmarks: Sequence[str]) -> dict[str, str]:
    """Return how the file names of each benchmark's figures begin; no two are alike.

    Example:
        >>> file_names(["ravdess", "my clips", "my/clips"])
        {'ravdess': 'ravdess', 'my clips': 'my-clips', 'my/clips': 'my-clips-2'}
    """
    found: dict[str, str] = {}
    for name in benchmarks:
        plain = re.sub(r"[^\w.]+", "-", name).strip("-.") or "benchmark"
        tries = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
        found[name] = next(stem for stem in tries if stem not in found.values())
    return found


def drawings(inputs: Inputs, benchmark: str) -> list[Drawing]:
    """Return the figures of a benchmark; what is not known has none.  The same bytes for the same numbers."""
    return [Drawing(kind, strategy, alt, rendered(draw)) for kind, strategy, alt, draw in _plans(inputs, benchmark)]


def _plans(inputs: Inputs, benchmark: str) -> Iterator[Plan]:
    cells = scored(headline(inputs, benchmark))
    if not cells:
        return
    alt = "UAR of each strategy with its interval, the best possible score and chance; the numbers are in the table"
    yield "scores", "", alt, partial(score_figure, _bars(inputs, benchmark, cells), cells[0]["chance"])
    compared = pairs_drawn(inputs, benchmark, cells)
    if compared:
        alt = "difference of UAR of each pair of strategies with its interval; the numbers are in the table"
        yield "pairs", "", alt, partial(pair_figure, compared)
    table = gaps.gap_table(inputs, benchmark)
    if table:
        alt = "UAR of each strategy under each protocol; the numbers are in the table"
        yield "gap", "", alt, partial(gap_figure, _lines(inputs, benchmark, cells), table.protocols)
    spoken = [(cell["strategy"], _accuracies(cell)) for cell in cells if _accuracies(cell)]
    if spoken:
        yield "speakers", "", "accuracy of every speaker, by strategy", partial(speaker_figure, spoken)
    yield from analyses.plans(inputs, benchmark)
    yield from _by_strategy(inputs, benchmark, cells)
    yield from _reducers(inputs, benchmark)


def _by_strategy(inputs: Inputs, benchmark: str, cells: Sequence[Row]) -> Iterator[Plan]:
    for cell in cells:
        bins = cell.get("calibration", {}).get("bins", [])
        if any(known(part["accuracy"]) for part in bins):
            alt = f"how often {cell['strategy']} is right, by how sure it is"
            yield "calibration", cell["strategy"], alt, partial(calibration_figure, bins)
    curves = [row for row in inputs.curves if row["benchmark"] == benchmark]
    # A run that diverged leaves no number behind.
    losses = [row[key] for row in curves for key in ("train_loss", "validation_loss") if known(row[key])]
    top = 1.05 * max(losses, default=1.0)
    for cell in cells:
        rows = [row for row in curves if row["strategy"] == cell["strategy"]]
        if rows:
            alt = f"training and validation loss of {cell['strategy']} by epoch"
            yield "curves", cell["strategy"], alt, partial(curve_figure, rows, top)


def _reducers(inputs: Inputs, benchmark: str) -> Iterator[Plan]:
    reduced, block = inputs.reduced.get(benchmark), inputs.params.benchmarks.get(benchmark)
    if reduced is None or block is None:
        return
    components = _folds(reduced.pca, block.protocol, "component")
    if components:
        alt = "variance kept by PCA in each fold, and the share of each component that is drawn from the picture"
        shares = [[(row["explained"], row["visual"]) for row in fold] for fold in components]
        yield "pca", "", alt, partial(pca_figure, shares)
    epochs = _folds(reduced.autoencoder, block.protocol, "epoch")
    if epochs:
        losses = [[(row["epoch"], row["train_loss"]) for row in fold] for fold in epochs]
        name = inputs.params.reducers.autoencoder.loss
        yield "autoencoder", "", "training loss of the autoencoder by epoch", partial(autoencoder_figure, losses, name)


def _folds(rows: Sequence[Row], protocol: str, then: str) -> list[list[Row]]:
    own = sorted((row for row in rows if row["protocol"] == protocol), key=lambda row: (row["fold"], row[then]))
    return [list(fold) for _, fold in groupby(own, key=lambda row: row["fold"])]


def _bars(inputs: Inputs, benchmark: str, cells: Sequence[Row]) -> list[Bar]:
    theirs = reported(inputs, benchmark)
    found = []
    for cell in cells:
        score = of_strategy(theirs, cell["strategy"])
        beside = score.uar / 100 if score and score.uar is not None else None
        low, high = value(cell, "uar", "low"), value(cell, "uar", "high")
        uar = cell["clip"]["uar"]["mean"]
        found.append(Bar(cell["strategy"], uar, low, high, cell.get("ceiling"), beside))
    return found


def pairs_drawn(inputs: Inputs, benchmark: str, cells: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the comparisons that the figure shows, the largest difference first."""
    found = [pair for pair in pairs.of_benchmark(inputs, benchmark) if known(pair["difference"])]
    first = best(cells)
    if len(found) > pairs.MOST_PAIRS and first:
        found = [pair for pair in found if first["strategy"] in (pair["one"], pair["other"])]
    return found


def _lines(inputs: Inputs, benchmark: str, cells: Sequence[Row]) -> list[tuple[str, dict[str, float], float | None]]:
    rows = [row for row in inputs.gaps if row["benchmark"] == benchmark]
    found = []
    for cell in cells:
        scores = {row["protocol"]: gaps.uar(row) for row in rows if row["strategy"] == cell["strategy"]}
        reached = {protocol: score for protocol, score in scores.items() if known(score)}
        found.append((cell["strategy"], reached, cell.get("ceiling")))
    return found


def _accuracies(cell: Row) -> list[float]:
    return [speaker["accuracy"] for speaker in cell.get("per_speaker", ()) if known(speaker["accuracy"])]
