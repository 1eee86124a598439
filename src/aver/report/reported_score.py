"""One number that the authors of a published system print, and where and how they came by it."""

from __future__ import annotations

from dataclasses import dataclass

from aver.report.words import DASH


@dataclass(frozen=True)
class Source:
    """A publication.

    Args:
        name: who, when and where in it.
        protocol: what was tested on whom, in words.
        like: AVER's protocol that comes nearest to it.
        digits: behind the point of the numbers it prints.
    """

    name: str
    protocol: str
    like: str
    digits: int


@dataclass(frozen=True)
class Score:
    """Accuracy and UAR of one strategy, percent as printed; `uar` is None where none is published."""

    accuracy: float
    uar: float | None
    source: Source

    @property
    def words(self) -> str:
        """Accuracy / UAR, a dash for what is not published."""
        pair = (self.accuracy, self.uar)
        return " / ".join(DASH if number is None else f"{number:.{self.source.digits}f}" for number in pair)
