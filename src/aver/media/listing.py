"""ffmpeg's `framecrc` listing: one line per decoded frame or block of samples, with its time stamp and duration."""

from __future__ import annotations

import io
from array import array
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from aver.clock import ticks_to_seconds
from aver.outcome import Unusable

#: Columns of a line: when a packet is decoded, when a frame or block is shown.
DECODING, SHOWING = 1, 2
#: ffmpeg's word for "no time stamp".
NO_STAMP = -(1 << 63)
#: More frames or blocks than this per second of `max_duration_s` are no recording of a face or a voice.
MAX_PER_SECOND = 1000
#: ffmpeg writes lines of some 60 bytes, and longer ones only for side data, which stands at their end.
LINE_BYTES = 4096


@dataclass
class Listed:
    """One decoded stream; it may hold nothing.

    Args:
        time_base: seconds per tick.
        width, height: pixels as shown (rotation applied) of the first frame; 0 for sound.
        rate_hz: of the samples; 0 for a picture.
    """

    time_base: Fraction = Fraction(1)
    width: int = 0
    height: int = 0
    rate_hz: int = 0
    _stamps: array[int] = field(default_factory=lambda: array("q"))
    _durations: array[int] = field(default_factory=lambda: array("q"))
    _total: int = 0

    @property
    def ticks(self) -> NDArray[np.int64]:
        """Time stamps [N] in ticks, one per frame or block, as ffmpeg wrote them."""
        return np.frombuffer(self._stamps, np.int64)

    @property
    def durations(self) -> NDArray[np.int64]:
        """Durations [N] in ticks; of a block of sound its number of samples."""
        return np.frombuffer(self._durations, np.int64)

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Time stamps [N] in seconds."""
        return ticks_to_seconds(self.ticks, self.time_base)

    @property
    def start(self) -> Fraction:
        """Time stamp of the first frame or block, seconds."""
        return int(self._stamps[0]) * self.time_base

    @property
    def end(self) -> Fraction:
        """Latest end of a frame or block, seconds."""
        return int((self.ticks + self.durations).max()) * self.time_base

    def exceeds(self, max_duration_s: float) -> bool:
        """Tell whether its samples last longer, or time goes on behind the limit; one stamp may be wrong."""
        before, now = self._stamps[-2:] if len(self) > 1 else self._stamps * 2
        lasts = max(self._total if self.rate_hz else 0, before - self._stamps[0] if now > before else 0)
        return lasts * self.time_base.numerator / self.time_base.denominator > max_duration_s

    def __len__(self) -> int:
        return len(self._stamps)

    def head(self, key: str, value: str) -> None:
        """Take a header line of the listing."""
        if key == "tb":
            self.time_base = Fraction(value)
        elif key == "dimensions":
            width, _, height = value.partition("x")
            self.width, self.height = int(width), int(height)
        elif key == "sample_rate":
            self.rate_hz = int(value)

    def dated(self, ticks: NDArray[np.int64]) -> Listed:
        """Return the same stream with other time stamps [N]."""
        return replace(self, _stamps=array("q", ticks.tolist()))

    def add(self, stamp: int, duration: int) -> None:
        """Take one frame or block; without a time stamp it follows the one before."""
        if stamp == NO_STAMP:
            stamp = self._stamps[-1] + self._durations[-1] if self._stamps else 0
        self._stamps.append(stamp)
        self._durations.append(duration)
        self._total += duration


def read_listing(stream: io.FileIO, max_duration_s: float, column: int = SHOWING) -> Listed:
    """Read a listing of one stream to its end.

    Args:
        stream: ffmpeg's stdout.
        max_duration_s: longest time between the first and the last time stamp, and most sound, seconds.
        column: which time stamps to take, `SHOWING` or `DECODING`.

    Raises:
        Unusable: `too_large`, the media are longer, or are cut into absurdly many frames.
    """
    listed = Listed()
    most = int(max_duration_s * MAX_PER_SECOND)
    with io.BufferedReader(stream) as lines:
        while line := lines.readline(LINE_BYTES).decode("ascii", "replace"):
            if line.startswith("#"):
                name, _, value = line[1:].partition(":")
                listed.head(name.removesuffix(" 0"), value.strip())
                continue
            fields = [int(part) for part in line.split(",")[:4]]
            listed.add(fields[column], fields[3])
            if len(listed) > most:
                raise Unusable("too_large", f"more than {most} frames or blocks of sound ({MAX_PER_SECOND} per second)")
            if listed.exceeds(max_duration_s):
                raise Unusable("too_large", f"it lasts more than {max_duration_s:g} s")
    return listed
