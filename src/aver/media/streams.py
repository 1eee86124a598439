"""Picture and sound of a clip, decoded and listed: one run of ffmpeg each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg
import numpy as np

from aver.media.ffmpeg import clip_input, decode, reading_all
from aver.media.listing import DECODING, Listed, read_listing
from aver.media.words import Words

if TYPE_CHECKING:
    from aver.media.probe import ProbeParams

#: Per kind of stream what lists it.  Each kind is decoded by a run of its own, as it is when its content is read: a
#: stream that cannot be decoded does not end the other one, and none waits, full of frames, for one that starts late.
#: Frames are counted, not copied, with the time stamps and the time base of their container.
LISTING: dict[str, dict[str, Any]] = {
    "Video": {"an": None, "vcodec": "wrapped_avframe", "fps_mode": "passthrough", "enc_time_base": "demux"},
    "Audio": {"vn": None},
}


@dataclass(frozen=True)
class Decoded:
    """A decoded stream: its number in the file, its codec, and what was listed of it."""

    source: int
    codec: str
    listed: Listed


def decode_streams(params: ProbeParams, clip: Path) -> tuple[Decoded | None, Decoded | None, Words]:
    """Decode picture and sound; return what was listed of each, and all that ffmpeg said."""
    picture, words = _list(params, clip, "Video")
    if not words.declares("Video"):  # there is perhaps a cover; what ffmpeg said is that there is nothing to do
        picture, words.complaints = None, 0
    if not words.declares("Audio"):
        return picture, None, words
    sound, more = _list(params, clip, "Audio")
    words.complaints += more.complaints
    words.last = words.last or more.last
    words.reconfigured |= more.reconfigured
    return picture, sound, words


def _list(params: ProbeParams, clip: Path, kind: str) -> tuple[Decoded | None, Words]:
    source = clip_input(params.max_pixels)
    listing = ffmpeg.output(source, "pipe:1", format="framecrc", sn=None, dn=None, **LISTING[kind])
    with decode(clip, reading_all(source, listing), params.timeout_s) as (stdout, words):
        listed = read_listing(stdout, params.max_duration_s)
    return (Decoded(*words.chosen, listed) if words.chosen and len(listed) else None), words


def in_slots(params: ProbeParams, clip: Path, picture: Decoded) -> Decoded:
    """Give the frames of an AVI the times of its slots, where that is certain.

    An AVI has no presentation times: its frames stand in decoding order in slots of equal length, and where frames are
    stored before others that are shown first (B-frames), ffmpeg dates all of them one or two slots late.  If as many
    frames were decoded as there are slots, and none of these is empty, the k-th shown frame belongs to the k-th slot.
    (Empty slots come from a picture that starts late or drops frames; how their writer counted cannot be known.)
    """
    source = clip_input(params.max_pixels)
    node = ffmpeg.output(source[str(picture.source)], "pipe:1", format="framecrc", codec="copy")
    with decode(clip, reading_all(source, node), params.timeout_s) as (stdout, _):
        stored = read_listing(stdout, params.max_duration_s, DECODING)
    slots = np.arange(len(picture.listed))
    certain = np.array_equal(stored.ticks, slots)
    return replace(picture, listed=picture.listed.dated(slots)) if certain else picture
