"""What ffmpeg writes to stderr, read line by line: streams, declared duration, complaints.

Only what is asked for is kept, so a damaged file that makes ffmpeg complain a million times costs no memory.  Titles
and other words from inside a file reach these lines too, but never their beginning, which every pattern is tied to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

#: ffmpeg writes no longer lines of its own; what a file's metadata adds beyond it is read in pieces.
LINE_BYTES = 1 << 16
#: So many streams are remembered; a file that announces more is odd enough.
STREAMS = 1000

#: Error lines that say that ffmpeg stops, not why.
EMPTY_WORDS = (
    "Error opening input",
    "Error opening output",
    "Output file does not contain any stream",
    "Nothing was written into output file",
    "Terminating thread",
    "Task finished with error",
)

_CONTEXT = r"^(?:\[[^\]]* @ 0x[0-9a-f]+\] )*"


@dataclass
class Words:
    """What one run of ffmpeg said.

    Args:
        container: the demuxer's name, empty if the file was not recognised.
        declared: per stream number its kind, `Video` or `Audio`; attached pictures are left out.
        covers: stream numbers of attached pictures.
        chosen: the number and the codec of the stream that was decoded.
        duration_s: what the container declares; 0 if it declares nothing.
        guessed: that duration is ffmpeg's guess from the length of the file.
        complaints: number of error lines.
        last: the last complaint about the content.
        refused: ffmpeg knows the format, but it is none of `aver.media.containers`.
        no_index: the index of an mp4 is missing.
        reconfigured: the picture or the sound changed its properties in mid-stream.
        oversize: the picture that was refused because it has too many pixels, as `WxH`; empty if none was.
        status: ffmpeg's exit status, 0 before its end.
    """

    container: str = ""
    declared: dict[int, str] = field(default_factory=dict)
    covers: set[int] = field(default_factory=set)
    chosen: tuple[int, str] | None = None
    duration_s: float = 0.0
    guessed: bool = False
    complaints: int = 0
    last: str = ""
    refused: bool = False
    no_index: bool = False
    reconfigured: bool = False
    oversize: str = ""
    status: int = 0

    def listen(self, stream: IO[bytes]) -> None:
        """Read ffmpeg's stderr to its end."""
        while line := stream.readline(LINE_BYTES):
            self.take(line.decode("utf-8", "replace").rstrip("\n"))

    def take(self, line: str) -> None:
        """Understand one line."""
        for pattern, act in _PATTERNS:
            if match := pattern.search(line):
                act(self, match)

    def declares(self, kind: str) -> bool:
        """Tell whether the file announces a stream of a kind, `Video` or `Audio`."""
        return kind in self.declared.values()


def _input(words: Words, match: re.Match[str]) -> None:
    words.container = match[1]


def _guessed(words: Words, match: re.Match[str]) -> None:
    words.guessed = True


def _duration(words: Words, match: re.Match[str]) -> None:
    hours, minutes, seconds = (float(part) for part in match.groups())
    words.duration_s = words.duration_s or hours * 3600 + minutes * 60 + seconds


def _stream(words: Words, match: re.Match[str]) -> None:
    number = int(match[1])
    # ffmpeg describes its output in the same words as its input, after the lines that say what it chose.
    if (
        words.chosen
        or number in words.declared
        or number in words.covers
        or len(words.declared) + len(words.covers) >= STREAMS
    ):
        return
    if match[2] == "Video" and "(attached pic)" in match[3]:
        words.covers.add(number)
    else:
        words.declared[number] = match[2]


def _chosen(words: Words, match: re.Match[str]) -> None:
    words.chosen = (int(match[1]), match[2])


def _complaint(words: Words, match: re.Match[str]) -> None:
    if match[1] == "error" and not match[2].startswith(EMPTY_WORDS):
        words.last = match[2][:200]
    words.complaints += 1
    words.refused |= match[2].startswith("Format not on whitelist")
    words.no_index |= "moov atom not found" in match[2]
    if size := re.search(r"Picture size (\d+x\d+) exceeds specified max pixel count", match[2]):
        words.oversize = size[1]


def _changed(words: Words, match: re.Match[str]) -> None:
    words.reconfigured = True


_PATTERNS: list[tuple[re.Pattern[str], Callable[[Words, re.Match[str]], None]]] = [
    (re.compile(r"^\[info\] Input #0, (.*), from '"), _input),
    (re.compile(_CONTEXT + r"\[warning\] Estimating duration from bitrate"), _guessed),
    (re.compile(r"^\[info\]   Duration: (\d+):(\d+):(\d+\.\d+)"), _duration),
    (re.compile(r"^\[info\]   (?:  )?Stream #0:(\d+).*?: (Video|Audio): (.*)"), _stream),
    (re.compile(r"^\[info\]   Stream #0:(\d+) -> #0:0 \((\S+)"), _chosen),
    # The null output, which takes what is not decoded, dislikes time stamps that nobody reads.
    (re.compile(r"^(?!\[null @|\[out#1)" + _CONTEXT.lstrip("^") + r"\[(error|fatal|panic)\] (.*)"), _complaint),
    (re.compile(_CONTEXT + r"\[info\] Reconfiguring filter graph because (?:video|audio)"), _changed),
]
