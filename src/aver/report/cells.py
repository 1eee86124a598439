"""Which cells of the scores a question is about.

A *cell* is one strategy on one benchmark under one protocol.  The protocol named by the benchmark is its headline;
others stand beside it only to show what a leaky split would have reached.  A cell with a `gap` has no scores.
"""

from __future__ import annotations

from collections.abc import Sequence

from aver.report.inputs import Inputs, Row
from aver.report.words import known

PROTOCOLS = {
    "window": "random 80/20 split of the sequences: parts of one clip are in training and in test at once; where each "
    "clip is one sequence, as for mater, clips are split as under clip, but files of one take are not kept together",
    "clip": "random 80/20 split of the clips: the tested speakers also train",
    "subject": "folds of speakers: nobody is in training and in test at once",
    "loso": "one speaker is tested and all others train, each speaker in turn",
    "cross": "trained on some corpora, tested on others that share nobody with them",
}
#: Protocols under which a test speaker or a test clip was met in training.
LEAKY = ("window", "clip")


def benchmarks(inputs: Inputs) -> list[str]:
    """Return the names of the benchmarks, in the order of the scores."""
    return list(dict.fromkeys(cell["benchmark"] for cell in inputs.scores))


def headline(inputs: Inputs, benchmark: str) -> list[Row]:
    """Return the cells of a benchmark's own protocol, single modalities first; those without scores too."""
    own = [cell for cell in inputs.scores if cell["benchmark"] == benchmark and cell.get("headline", True)]
    return sorted(own, key=lambda cell: (is_fusion(cell), cell["strategy"]))


def scored(cells: Sequence[Row]) -> list[Row]:
    """Return the cells that have scores."""
    return [cell for cell in cells if known(value(cell, "uar"))]


def value(cell: Row, metric: str, key: str = "mean", level: str = "clip") -> float | None:
    """Return one number of a cell, None where there is none."""
    number: float | None = cell.get(level, {}).get(metric, {}).get(key)
    return number


def is_fusion(cell: Row) -> bool:
    """Whether the strategy takes more than one modality."""
    return len(cell.get("streams", ())) > 1


def other_streams(fusion: Row, *singles: Row) -> bool:
    """Whether a fusion lacks a stream that one of these takes, as one system lacks those of another."""
    return any(not set(cell["streams"]) <= set(fusion["streams"]) for cell in singles)


def best(cells: Sequence[Row]) -> Row | None:
    """Return the cell with the highest UAR on the clips that all scored, of several the first; None if none has one."""
    ranked = [(uar, cell) for cell in scored(cells) if known(uar := shared_uar(cell))]
    return max(ranked, key=lambda pair: pair[0], default=(0.0, None))[1]


def shared_uar(cell: Row) -> float | None:
    """Return the UAR on the clips that all strategies of the benchmark scored, None where there is none."""
    number: float | None = (cell.get("shared") or {}).get("uar")
    return number


def shared_clips(cells: Sequence[Row]) -> int | None:
    """Return how many clips all strategies scored; None where every strategy scored the same ones."""
    found = scored(cells)
    common: int | None = next((cell["shared"]["clips"] for cell in found if cell.get("shared")), None)
    return common if any(cell["clips"] != common for cell in found) else None


def labels_of(cells: Sequence[Row]) -> list[str]:
    """Return the labels of a benchmark."""
    return list(dict.fromkeys(label for cell in cells for label in cell.get("labels", ())))
