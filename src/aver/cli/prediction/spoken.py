"""A sign of life while one long clip is worked on: the stages' own progress counts clips."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from aver.progress import LOG_EVERY_S, hidden

log = logging.getLogger(__name__)


@contextmanager
def alive(label: str, clips: int, told: str = "") -> Iterator[None]:
    """Say every ten seconds within the block how long it takes already; with several clips, leave it to the stages.

    Args:
        label: what is done.
        clips: how many are worked on.
        told: what is worked on, in words, where that is known.
    """
    started, over = time.perf_counter(), threading.Event()

    def speak() -> None:
        while not over.wait(LOG_EVERY_S):
            log.info("%s  %.0f s so far%s", label, time.perf_counter() - started, f" ({told})" if told else "")

    speaker = threading.Thread(target=speak, daemon=True)
    if clips == 1:
        speaker.start()
    try:
        with hidden() if clips == 1 else nullcontext():
            yield
    finally:
        over.set()
        if speaker.is_alive():
            speaker.join()
