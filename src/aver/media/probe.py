"""What a clip holds, found by decoding it once: container and header are not believed, frames are counted.

ffmpeg's `framecrc` output lists every decoded frame and block of samples with its time stamp in its stream's time
base, for the default video and the default audio stream (ffmpeg's own choice: the stream flagged default, then most
pixels, most channels).  Times count from the earliest start of any stream, so the offset between sound and picture is
kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from aver.clock import ticks_to_seconds
from aver.media.ffmpeg import clip_input, run
from aver.outcome import Unusable

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
#: A file counts as truncated when ffmpeg complains and this much of the declared duration is missing.
MISSING_S = 0.5
MISSING_FRACTION = 0.05


@dataclass(frozen=True)
class ProbeParams:
    """Longest decoding of one clip, seconds."""

    timeout_s: float


@dataclass(frozen=True)
class _Stream:
    kind: str
    time_base: Fraction
    width: int
    height: int
    rate_hz: int
    ticks: NDArray[np.int64]
    durations: NDArray[np.int64]
    source: int
    codec: str

    @property
    def times_s(self) -> NDArray[np.float64]:
        return ticks_to_seconds(self.ticks, self.time_base)

    @property
    def end_s(self) -> float:
        return float(ticks_to_seconds((self.ticks + self.durations)[-1:], self.time_base)[0])


def probe(params: ProbeParams, clip: Path) -> Arrays:
    """Decode a clip once and describe it.

    Args:
        params: see `ProbeParams`.
        clip: the file.

    Returns:
        `frame_times_s` [N] float64, presentation time of every frame, ascending (N = 0: no picture);
        `picture_end_s` [] float64; `pixels` [2] int64 width, height as shown (rotation applied);
        `sound_start_s`, `sound_end_s` [] float64 and `sound_rate_hz` [] int64 (0: no sound); `streams` [2] int64, the
        file's stream numbers of picture and sound (-1: none); `codecs` [2] str;
        `complaints` [] int64: error lines that ffmpeg wrote while it decoded.

    Raises:
        Unusable: missing, unreadable, empty, git_lfs_pointer, not_media, no_streams, damaged, truncated, too_long.
    """
    _first_look(clip)
    node = ffmpeg.output(
        clip_input(clip),
        "pipe:1",
        format="framecrc",
        fps_mode="passthrough",
        enc_time_base="demux",
        sn=None,
        dn=None,
        vcodec="wrapped_avframe",  # frames are counted, not copied
    )
    done = run(node, params.timeout_s)
    words = done.stderr.decode("utf-8", "replace")
    complaints = re.findall(r"\[(?:error|fatal)\] (.*)", words)
    streams = _streams(done.stdout.decode("ascii", "replace"), words)
    picture, sound = streams.get("video"), streams.get("audio")
    if picture is None and sound is None:
        raise _nothing_decoded(clip, words, complaints)
    for kind, stream in (("Video", picture), ("Audio", sound)):
        if stream is None and complaints and _declares(words, kind):
            raise Unusable("damaged", f"the {'picture' if kind == 'Video' else 'sound'} cannot be decoded")
    end_s = max(stream.end_s for stream in streams.values())
    _check_whole(clip, words, complaints, end_s)
    times = picture.times_s if picture else np.zeros(0)
    return {
        # Decoders give frames in presentation order; equal or missing stamps must not run backwards.
        "frame_times_s": np.maximum.accumulate(times) if len(times) else times,
        "picture_end_s": np.float64(picture.end_s if picture else 0.0),
        "pixels": np.array([picture.width, picture.height] if picture else [0, 0], np.int64),
        "sound_start_s": np.float64(sound.times_s[0] if sound else 0.0),
        "sound_end_s": np.float64(sound.end_s if sound else 0.0),
        "sound_rate_hz": np.int64(sound.rate_hz if sound else 0),
        "streams": np.array([picture.source if picture else -1, sound.source if sound else -1], np.int64),
        "codecs": np.array([picture.codec if picture else "", sound.codec if sound else ""]),
        "complaints": np.int64(len(complaints)),
    }


def _first_look(clip: Path) -> None:
    try:
        with clip.open("rb") as file:
            start = file.read(len(LFS_POINTER))
    except FileNotFoundError:
        raise Unusable("missing", "the file does not exist", lasting=False) from None
    except OSError as exc:
        raise Unusable("unreadable", exc.strerror or type(exc).__name__, lasting=False) from None
    if not start:
        raise Unusable("empty", "0 bytes")
    if start == LFS_POINTER:
        raise Unusable("git_lfs_pointer", "the content is a git-lfs pointer text")


def _declares(words: str, kind: str) -> bool:
    """Tell whether the input's description names a stream of a kind, cover pictures left out."""
    lines = re.findall(rf"Stream #0:\d+.*: {kind}: .*", words.partition("Stream mapping:")[0])
    return any("(attached pic)" not in line for line in lines)


def _nothing_decoded(clip: Path, words: str, complaints: list[str]) -> Unusable:
    detail = (complaints or ["ffmpeg decoded no frame and no sample"])[-1][:200]
    detail = re.sub(r"file:\S.*?: ", "", detail)
    with clip.open("rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
    if is_mp4 and "moov atom not found" in words:
        return Unusable("truncated", "the mp4 index (moov) is missing")
    if not re.search(r"^\[info\] Input #0", words, re.MULTILINE):
        return Unusable("not_media", detail)
    if not re.search(r"Stream #0:\d+.*: (Video|Audio): ", words):
        return Unusable("no_streams", "neither a video nor an audio stream")
    return Unusable("damaged", detail)


def _check_whole(clip: Path, words: str, complaints: list[str], end_s: float) -> None:
    match = re.search(r"Duration: (\d+):(\d+):(\d+\.\d+)", words)
    declared = sum(float(part) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True)) if match else 0
    missing = declared - end_s
    if complaints and missing > max(MISSING_S, MISSING_FRACTION * declared):
        raise Unusable("truncated", f"declares {declared:.2f} s, decodes {end_s:.2f} s")
    promised = _riff_bytes(clip)
    if promised > clip.stat().st_size:
        raise Unusable("truncated", f"its RIFF header declares {promised} bytes, the file has {clip.stat().st_size}")


def _riff_bytes(clip: Path) -> int:
    """Return the file length that a WAV or AVI header declares; 0 if it declares none (streamed) or is no RIFF."""
    with clip.open("rb") as file:
        head = file.read(8)
    declared = int.from_bytes(head[4:8], "little")
    # 0 and 0xFFFFFFFF mean "not known when the header was written".
    return declared + 8 if head[:4] == b"RIFF" and 0 < declared < 0xFFFFFFFF else 0


def _streams(listing: str, words: str) -> dict[str, _Stream]:
    """Parse framecrc's listing: `#key stream: value` headers, then `stream, dts, pts, duration, bytes, crc` lines."""
    heads: dict[int, dict[str, str]] = {}
    stamps: dict[int, list[tuple[int, int]]] = {}
    for line in listing.splitlines():
        if line.startswith("#"):
            match = re.match(r"#(\w+) (\d+): (.*)", line)
            if match:
                heads.setdefault(int(match[2]), {})[match[1]] = match[3]
            continue
        parts = line.split(",")
        if len(parts) >= 5 and parts[2].strip().lstrip("-").isdigit():
            stamps.setdefault(int(parts[0]), []).append((int(parts[2]), int(parts[3])))
    # Only of the input: ffmpeg's description of its output repeats "(attached pic)" under other stream numbers.
    covers = set(re.findall(r"Stream #0:(\d+).*: Video: .*\(attached pic\)", words.partition("Stream mapping:")[0]))
    mapped = {out: (source, codec) for source, out, codec in re.findall(r"Stream #0:(\d+) -> #0:(\d+) \((\S+)", words)}
    streams: dict[str, _Stream] = {}
    for number, head in heads.items():
        source, codec = mapped.get(str(number), ("-1", ""))
        if number not in stamps or source in covers:
            continue
        ticks, durations = np.array(stamps[number], np.int64).T
        width, _, height = head.get("dimensions", "0x0").partition("x")
        streams[head["media_type"]] = _Stream(
            head["media_type"], Fraction(head["tb"]), int(width), int(height), int(head.get("sample_rate", 0)),
            ticks, durations, int(source), codec,
        )  # fmt: skip
    return streams
