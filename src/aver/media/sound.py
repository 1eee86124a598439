"""A clip's sound as 16 kHz mono, lossless: what every acoustic encoder starts from.

Channels are mixed as ffmpeg does it (libswresample): stereo is the mean of both; of surround, centre and back come in
3 dB below front and the bass channel is left out, and the sum is scaled so that it cannot clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from aver.clock import seconds_to_samples
from aver.media.ffmpeg import clip_input, decode, read_into, reading_all
from aver.outcome import Unusable

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: A resampler begins and ends a few samples beside what the arithmetic says, once more wherever the source's rate
#: changes; a sound that differs by more than this is not the one that was probed.
SLACK_S = Fraction(1, 20)
#: Samples that are left out are read in blocks of this many.
DROP_SAMPLES = 1 << 16


@dataclass(frozen=True)
class SoundParams:
    """Rate of the result, hertz, and longest decoding of one clip, seconds."""

    sample_rate_hz: int
    timeout_s: float


def sound(params: SoundParams, clip: Path, probe: Arrays) -> Arrays:
    """Decode the probed audio stream, mixed to one channel and resampled; holes in its time stamps are silent.

    Args:
        params: see `SoundParams`.
        clip: a file that the probe found sound in.
        probe: what `aver.media.probe.probe` returned for it.

    Returns:
        `samples` [S] int16 and `rate_hz` [] int64.  Sample k is heard at the probe's `sound_start_s` + k / `rate_hz`.

    Raises:
        Unusable: missing, unreadable, too_long; `damaged`, ffmpeg cannot mix or resample it;
            `inconsistent`, the number of samples is not the promised one.
    """
    source = clip_input(int(probe["max_pixels"]))
    stream = source[str(int(probe["streams"][1]))]
    # Mixed in floats: libswresample's sum of 16 bit channels can overflow from the loudest to its opposite.
    mono = f"aresample={params.sample_rate_hz}:out_chlayout=mono:out_sample_fmt=s16:internal_sample_fmt=fltp"
    node = ffmpeg.output(stream, "pipe:1", format="s16le", af=mono)
    rate_hz = int(probe["sound_rate_hz"])
    pieces = [
        [seconds_to_samples(Fraction(edge, rate_hz), params.sample_rate_hz) for edge in piece]
        for piece in probe["sound_pieces"].tolist()
    ]
    promised = seconds_to_samples(Fraction(int(probe["sound_decoded"]), rate_hz), params.sample_rate_hz)
    slack = seconds_to_samples(SLACK_S, params.sample_rate_hz)
    place, first, end = pieces[-1]
    samples = np.zeros(place + end - first, np.int16)
    with decode(clip, reading_all(source, node), params.timeout_s) as (stdout, words):
        decoded = _place(stdout, pieces, samples)
        decoded += _drop(stdout, promised - end)
        rest = np.empty(slack, np.int16)
        decoded += read_into(stdout, rest.data.cast("B")) // 2
        more = stdout.read(1)
    if not decoded and (words.status or promised <= slack):
        raise Unusable("damaged", f"its sound cannot be mixed and resampled ({words.last or 'it is empty'})")
    if more or decoded <= promised - slack:
        raise Unusable("inconsistent", f"the probe promised {promised} samples, decoding gave others", lasting=False)
    if end == promised:  # what the resampler gave too many or too few ends the last piece
        samples.resize(max(place, place + decoded - first), refcheck=False)
        samples[place + end - first :] = rest[: max(0, decoded - end)]
    if not len(samples):
        raise Unusable("damaged", f"its sound lasts less than one sample at {params.sample_rate_hz} Hz")
    return {"samples": samples, "rate_hz": np.int64(params.sample_rate_hz)}


def _place(stdout: FileIO, pieces: list[list[int]], samples: NDArray[np.int16]) -> int:
    """Read decoded samples into the places where they belong; return how many were read."""
    decoded = 0
    for place, first, end in pieces:
        decoded += _drop(stdout, first - decoded)
        decoded += read_into(stdout, samples[place : place + end - first].data.cast("B")) // 2
    return decoded


def _drop(stdout: FileIO, count: int) -> int:
    """Read samples that have no place, without holding them; return how many came."""
    block = np.empty(min(count, DROP_SAMPLES), np.int16)
    dropped = 0
    while dropped < count:
        came = read_into(stdout, block[: count - dropped].data.cast("B")) // 2
        dropped += came
        if came < len(block):
            break
    return dropped


def note(arrays: Arrays) -> dict[str, int]:
    """Return what the media index needs when the samples themselves are evicted."""
    return {"samples": len(arrays["samples"])}
