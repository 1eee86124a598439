"""The kept frames of a clip as RGB pictures, streamed; short clips stay in memory so that two passes decode once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from aver.clock import kept_frames
from aver.media.ffmpeg import clip_input, decode, read_into, reading_all
from aver.outcome import Unusable

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: Decoded frames up to this many bytes are kept for the next pass (97 frames of 1280x720); beyond it they are decoded
#: again, so that an hour-long clip needs no more memory than a short one.
KEEP_BYTES = 256 << 20


class Frames:
    """Iterate over the kept frames of a clip, as often as needed, in presentation order.

    All have the size of the first frame: where a picture changes its size in mid-stream, the rest is scaled to it.

    Args:
        clip: the file.
        probe: what `aver.media.probe.probe` returned for it.
        keep_every: keep frames 0, keep_every, 2 * keep_every … (see `aver.clock.kept_frames`).
        timeout_s: longest time for one pass.
    """

    def __init__(self, clip: Path, probe: Arrays, keep_every: int, timeout_s: float) -> None:
        self.clip, self.keep_every, self.timeout_s = clip, keep_every, timeout_s
        self.width, self.height = (int(side) for side in probe["pixels"])
        self.stream, self.max_pixels = str(int(probe["streams"][0])), int(probe["max_pixels"])
        self.count = len(kept_frames(len(probe["frame_times_s"]), keep_every))
        # ffmpeg's filters start anew, and count frames anew, when a picture changes its properties.
        self.thin_here = bool(probe["reconfigured"]) and keep_every > 1
        self._kept: list[NDArray[np.uint8]] | None = None

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield [height, width, 3] uint8 RGB frames.

        Raises:
            Unusable: missing, unreadable, too_long; `inconsistent`, the number of frames is not the promised one.
        """
        if self._kept is not None:
            yield from self._kept
            return
        fits = self.count * self.width * self.height * 3 <= KEEP_BYTES
        kept: list[NDArray[np.uint8]] = []
        seen = 0
        for frame in self._thinned():
            seen += 1
            if seen > self.count:
                break
            if fits:
                kept.append(frame)
            yield frame
        if seen != self.count:
            found = seen if seen < self.count else "more"
            raise Unusable(
                "inconsistent", f"the probe promised {self.count} kept frames, decoding gave {found}", lasting=False
            )
        self._kept = kept if fits else None

    def _thinned(self) -> Iterator[NDArray[np.uint8]]:
        for number, frame in enumerate(self._decode()):
            if not self.thin_here or number % self.keep_every == 0:
                yield frame

    def _decode(self) -> Iterator[NDArray[np.uint8]]:
        # A plain filter: ffmpeg converts behind a complex one without `sws_flags`.
        thin = self.keep_every > 1 and not self.thin_here
        options = {"vf": rf"select=not(mod(n\,{self.keep_every}))"} if thin else {}
        source = clip_input(self.max_pixels)
        node = ffmpeg.output(
            source[self.stream], "pipe:1", format="rawvideo", pix_fmt="rgb24",
            fps_mode="passthrough", sws_flags="bitexact+bilinear", **options,
        )  # fmt: skip
        with decode(self.clip, reading_all(source, node), self.timeout_s) as (stdout, _):
            while True:
                frame = np.empty((self.height, self.width, 3), np.uint8)
                if read_into(stdout, frame.data.cast("B")) < frame.nbytes:
                    return
                yield frame
