"""A clip's sound as 16 kHz mono, lossless: what every acoustic encoder starts from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ffmpeg
import numpy as np

from aver.media.ffmpeg import clip_input, run
from aver.outcome import Unusable

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


@dataclass(frozen=True)
class SoundParams:
    """Rate of the result, hertz, and longest decoding of one clip, seconds."""

    sample_rate_hz: int
    timeout_s: float


def sound(params: SoundParams, clip: Path, probe: Arrays) -> Arrays:
    """Decode the probed audio stream, mixed to one channel and resampled.

    Args:
        params: see `SoundParams`.
        clip: a file that the probe found sound in.
        probe: what `aver.media.probe.probe` returned for it.

    Returns:
        `samples` [S] int16 and `rate_hz` [] int64.  Sample 0 is heard at the probe's `sound_start_s`.

    Raises:
        Unusable: damaged, too_long.
    """
    stream = clip_input(clip)[str(int(probe["streams"][1]))]
    node = ffmpeg.output(stream, "pipe:1", format="s16le", ac=1, ar=params.sample_rate_hz)
    done = run(node, params.timeout_s)
    samples = np.frombuffer(done.stdout, np.int16)
    if not len(samples):
        raise Unusable("damaged", "no sample of the sound can be decoded")
    return {"samples": samples, "rate_hz": np.int64(params.sample_rate_hz)}


def note(arrays: Arrays) -> dict[str, int]:
    """Return what the media index needs when the samples themselves are evicted."""
    return {"samples": len(arrays["samples"])}
