"""Whether a file is worth decoding, and why it cannot be used when it is not."""

from __future__ import annotations

from pathlib import Path

from aver.media.ffmpeg import open_clip
from aver.media.words import Words
from aver.outcome import Unusable

LFS_POINTER = b"version https://git-lfs.github.com/spec/"
#: What an mp4 or mov file begins with, after four bytes of length.
MP4_ATOMS = (b"ftyp", b"mdat", b"wide", b"free", b"skip", b"moov")
#: A file counts as truncated when ffmpeg complains and this much of the declared duration is missing.
MISSING_S = 0.5
MISSING_FRACTION = 0.05


def first_look(clip: Path) -> None:
    """Refuse what can be told from its first bytes.

    Raises:
        Unusable: missing, unreadable, empty, git_lfs_pointer.
    """
    with open_clip(clip) as file:
        try:
            start = file.read(len(LFS_POINTER))
        except OSError as exc:
            raise Unusable("unreadable", exc.strerror or type(exc).__name__, lasting=False) from None
    if not start:
        raise Unusable("empty", "0 bytes")
    if start == LFS_POINTER:
        raise Unusable("git_lfs_pointer", "the content is a git-lfs pointer text")


def nothing_decoded(clip: Path, words: Words) -> Unusable:
    """Return why ffmpeg decoded neither a frame nor a sample: truncated, not_media, no_streams or damaged."""
    if not words.container and _mp4_without_index(clip, words):
        return Unusable("truncated", "the mp4 index (moov) is missing or ends with the file")
    if words.refused:
        return Unusable("not_media", "the content is a playlist, still picture, text or another format without clips")
    if not words.container:
        return Unusable("not_media", words.last or "the content has no format that ffmpeg knows")
    if not words.declared:
        return Unusable("no_streams", "neither a video nor an audio stream")
    return Unusable("damaged", words.last or "ffmpeg decoded no frame and no sample")


def check_whole(clip: Path, words: Words, end_s: float) -> None:
    """Compare what was decoded, up to `end_s`, with what the container declares.

    Raises:
        Unusable: truncated.
    """
    declared_s = 0.0 if words.guessed else words.duration_s
    if words.complaints and declared_s - end_s > max(MISSING_S, MISSING_FRACTION * declared_s):
        raise Unusable("truncated", f"declares {declared_s:.2f} s, decodes {end_s:.2f} s")
    promised, length = _riff_bytes(clip)
    if promised > length:
        raise Unusable("truncated", f"its RIFF header declares {promised} bytes, the file has {length}")


def _mp4_without_index(clip: Path, words: Words) -> bool:
    """Tell whether a file starts as an mp4 does, and has no index or ends inside one of its atoms."""
    with open_clip(clip) as file:
        length, at = file.seek(0, 2), 0
        while at < length:
            file.seek(at)
            head = file.read(16)
            if at == 0 and head[4:8] not in MP4_ATOMS:
                return False
            size = int.from_bytes(head[:4], "big")
            size = int.from_bytes(head[8:], "big") if size == 1 else size or length - at
            at += max(size, 8)
    return words.no_index or at > length


def _riff_bytes(clip: Path) -> tuple[int, int]:
    """Return the file length that a WAV or AVI header declares, 0 if none or if it is no RIFF; and the real one."""
    with open_clip(clip) as file:
        head, length = file.read(8), file.seek(0, 2)
    declared = int.from_bytes(head[4:8], "little")
    # 0 and 0xFFFFFFFF mean "not known when the header was written".
    return (declared + 8 if head[:4] == b"RIFF" and 0 < declared < 0xFFFFFFFF else 0), length
