"""Progress of a download in bytes: a bar with rate and ETA on a terminal, a line every ten seconds in a log."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from aver.progress import LOG_EVERY_S

log = logging.getLogger(__name__)


class Meter:
    """Counts bytes.

    Args:
        label: what is downloaded.
        total: its length in bytes, if that is known.
        held: bytes that came earlier; they took no time now.
    """

    def __init__(self, label: str, total: int | None, held: int) -> None:
        self.label, self.total, self.held, self.done = label, total, held, held
        self.started = self.spoken = time.perf_counter()
        self.bar = (
            tqdm(total=total, initial=held, desc=label, unit="B", unit_scale=True, file=sys.stderr)
            if sys.stderr.isatty()
            else None
        )

    def step(self, count: int) -> None:
        """Count bytes that have come."""
        self.done += count
        if self.bar is not None:
            self.bar.update(count)
        elif time.perf_counter() - self.spoken > LOG_EVERY_S:
            self.spoken = time.perf_counter()
            rate = (self.done - self.held) / (self.spoken - self.started)
            left = f", about {(self.total - self.done) / max(rate, 1e-9):.0f} s left" if self.total else ""
            of = f" of {amount(self.total)}" if self.total else ""
            log.info("%s  %s%s, %s/s%s", self.label, amount(self.done), of, amount(rate), left)

    def close(self) -> None:
        """End the bar."""
        if self.bar is not None:
            self.bar.close()

    def sum_up(self) -> None:
        """Say the last line."""
        log.info("%s  %s, %.1f s", self.label, amount(self.done - self.held), time.perf_counter() - self.started)


@contextmanager
def metered(label: str, total: int | None, held: int) -> Iterator[Meter]:
    """Yield a meter that ends with the block."""
    meter = Meter(label, total, held)
    try:
        yield meter
    finally:
        meter.close()
    meter.sum_up()


def amount(count: float) -> str:
    """Return bytes in megabytes (10^6 bytes): `12.3 MB`."""
    return f"{count / 1e6:.1f} MB"
