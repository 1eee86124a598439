"""What a clip holds, found by decoding it once: container and header are not believed, frames are counted.

ffmpeg's `framecrc` output lists every decoded frame and block of samples with its time stamp, for the default video
and the default audio stream (ffmpeg's own choice: the stream flagged default, then most pixels, most channels; an
attached picture is never a picture).  Times count from the earliest start of the two, so the offset between sound and
picture is kept.  docs/media.md has the rules in the user's words.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aver.clock import samples_to_seconds
from aver.media.listing import Listed
from aver.media.outliers import in_step
from aver.media.pieces import JUMP_S, left_out, pieces_of, silence
from aver.media.streams import decode_streams, in_slots
from aver.media.verdict import check_holes, check_whole, first_look, nothing_decoded
from aver.outcome import Unusable

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: Sample rates that a recording of a voice can have: telephones have 8000, the finest studio formats 768,000.
LOWEST_HZ, HIGHEST_HZ = 1000, 1_000_000


@dataclass(frozen=True)
class ProbeParams:
    """What a clip may cost: decoding time in seconds, length in seconds, megapixels per frame."""

    timeout_s: float
    max_duration_s: float = 7200.0
    max_megapixels: float = 40.0

    @property
    def max_pixels(self) -> int:
        """Pixels per frame."""
        return int(self.max_megapixels * 1e6)


def probe(params: ProbeParams, clip: Path) -> Arrays:
    """Decode a clip once and describe it.

    Args:
        params: see `ProbeParams`.
        clip: the file.

    Returns:
        `frame_times_s` [N] float64, presentation time of every frame, ascending (N = 0: no picture);
        `picture_end_s` [] float64; `pixels` [2] int64 width, height as shown (rotation applied); `reconfigured` []
        bool: the picture or the sound changed its properties in mid-stream;
        `sound_start_s`, `sound_end_s` [] float64 and `sound_rate_hz` [] int64 (0: no sound); `sound_pieces` [P, 3]
        int64 in samples, see `aver.media.pieces`; `sound_decoded` [] int64 samples; `sound_silence_s` and
        `sound_left_out_s` [] float64, seconds of holes and of overlaps;
        `streams` [2] int64, the file's stream numbers of picture and sound (-1: none); `codecs` [2] str;
        `complaints` [] int64: 1 if ffmpeg reported errors while it decoded, else 0 (their number is
        not the same in every run: its threads write into each other's lines); `max_pixels` [] int64 as in `params`.

    Raises:
        Unusable: missing, unreadable, empty, git_lfs_pointer, not_media, no_streams, damaged, truncated, too_large,
            too_long.
    """
    first_look(clip)
    picture, sound, words = decode_streams(params, clip)
    if words.oversize and picture is None and words.declares("Video"):
        raise Unusable("too_large", f"a picture of {words.oversize} pixels")
    if picture is None and sound is None:
        raise nothing_decoded(clip, words)
    for kind, stream in (("Video", picture), ("Audio", sound)):
        if stream is None and words.complaints and words.declares(kind):
            raise Unusable("damaged", f"the {'picture' if kind == 'Video' else 'sound'} cannot be decoded")
    if picture and words.container == "avi":
        picture = in_slots(params, clip, picture)
    seen, heard = picture.listed if picture else None, sound.listed if sound else None
    origin = min(listed.start for listed in (seen, heard) if listed)
    described = {**_picture(seen, origin), **_sound(heard, origin)}
    end_s = max(float(described["picture_end_s"]), float(described["sound_end_s"]))
    if end_s > params.max_duration_s:
        raise Unusable("too_large", f"it lasts {end_s:g} s")
    check_whole(clip, words, end_s)
    check_holes(described, words)
    return {
        **described,
        "reconfigured": np.bool_(words.reconfigured),
        "streams": np.array([stream.source if stream else -1 for stream in (picture, sound)], np.int64),
        "codecs": np.array([stream.codec if stream else "" for stream in (picture, sound)]),
        "complaints": np.int64(words.complaints > 0),
        "max_pixels": np.int64(params.max_pixels),
    }


def _picture(listed: Listed | None, origin: Fraction) -> Arrays:
    if listed is None:
        return {"frame_times_s": np.zeros(0), "picture_end_s": np.float64(0), "pixels": np.zeros(2, np.int64)}
    steps = np.diff(listed.ticks)
    if (steps > 0).any():  # the typical step: what a container says of a frame's length is often a guess
        step = int(np.median(steps[steps > 0]))
        jump = int(JUMP_S / listed.time_base) + step
        listed = listed.dated(in_step(listed.ticks, np.full(len(listed), step), jump))
    held = np.count_nonzero(np.diff(listed.ticks) <= 0)
    if 2 * held > len(listed):
        raise Unusable("damaged", f"{held} of its {len(listed)} frames have no time of their own")
    return {
        # Decoders give frames in presentation order; equal or missing stamps must not run backwards.
        "frame_times_s": np.maximum.accumulate(listed.times_s) - float(origin),
        "picture_end_s": np.float64(listed.end - origin),
        "pixels": np.array([listed.width, listed.height], np.int64),
    }


def _sound(listed: Listed | None, origin: Fraction) -> Arrays:
    if listed is None:
        pieces, decoded, start, end, rate_hz = np.zeros((0, 3), np.int64), 0, Fraction(0), Fraction(0), 0
    else:
        start, rate_hz, decoded = listed.start - origin, listed.rate_hz, int(listed.durations.sum())
        if not LOWEST_HZ <= rate_hz <= HIGHEST_HZ:
            raise Unusable("damaged", f"its sound is declared to have {rate_hz} samples per second")
        ticks = in_step(listed.ticks, listed.durations, int(JUMP_S * rate_hz))
        pieces = pieces_of(ticks, listed.durations, rate_hz)
        if not len(pieces):
            raise Unusable("damaged", "its blocks of sound are empty")
        if 2 * left_out(pieces, decoded) > decoded:
            raise Unusable("damaged", "by its time stamps the sound is less than half as long as its samples last")
        end = start + Fraction(int(pieces[-1, 0] + pieces[-1, 2] - pieces[-1, 1]), rate_hz)
    return {
        "sound_start_s": np.float64(start),
        "sound_end_s": np.float64(end),
        "sound_rate_hz": np.int64(rate_hz),
        "sound_pieces": pieces,
        "sound_decoded": np.int64(decoded),
        "sound_silence_s": np.float64(samples_to_seconds(silence(pieces), rate_hz) if listed else 0),
        "sound_left_out_s": np.float64(samples_to_seconds(left_out(pieces, decoded), rate_hz) if listed else 0),
    }
