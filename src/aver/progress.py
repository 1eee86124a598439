"""Progress of a stage: a bar with rate and ETA on a terminal, plain lines in a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

log = logging.getLogger(__name__)
LOG_EVERY_S = 10.0
Item = TypeVar("Item")


_SHOWN = [True]


@contextmanager
def hidden() -> Iterator[None]:
    """Show no progress within the block: for looking at many stages at once."""
    _SHOWN[0] = False
    try:
        yield
    finally:
        _SHOWN[0] = True


class Progress:
    """A bar with rate and ETA on a terminal, a line every ten seconds elsewhere, and a last line that sums up."""

    def __init__(self, label: str, total: int, unit: str = "clip") -> None:
        self.label, self.total, self.unit, self.done, self.cached = label, total, unit, 0, 0
        self.started = self.spoken = time.perf_counter()
        self.shown = _SHOWN[0]
        bar = self.shown and sys.stderr.isatty()
        self.bar = tqdm(total=total, desc=label, unit=unit, file=sys.stderr) if bar else None

    def step(self, *, cached: bool = False) -> None:
        """Count one finished item; `cached` if it was found and not computed."""
        self.done += 1
        self.cached += cached
        if self.bar is not None:
            self.bar.update()
        elif self.shown and time.perf_counter() - self.spoken > LOG_EVERY_S:
            self.spoken = time.perf_counter()
            # What was found in the cache took no time: only computed items tell how long the others will take.
            rate = max(self.done - self.cached, 1e-9) / (self.spoken - self.started)
            left = (self.total - self.done) / rate
            log.info("%s  %d/%d  %.1f/s  about %.0f s left", self.label, self.done, self.total, rate, left)

    def close(self, outcome: str = "") -> None:
        """End the bar and say the last line."""
        if self.bar is not None:
            self.bar.close()
        seconds = time.perf_counter() - self.started
        if not self.shown:
            return
        words = f"{self.done}/{self.total} {self.unit}s{outcome}"
        log.info("%s  %s, %.1f s", self.label, words, seconds)


def track(items: Sequence[Item], label: str, unit: str = "clip") -> Iterator[Item]:
    """Yield items and show how far their consumer has come."""
    progress = Progress(label, len(items), unit)
    try:
        for item in items:
            yield item
            progress.step()
    finally:
        progress.close()
