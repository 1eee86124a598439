"""Whether a file is worth decoding, and why it cannot be used when it is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aver.media.containers import LFS_POINTER, MAGIC_BYTES, MP4_ATOMS, container_of
from aver.media.ffmpeg import open_clip
from aver.media.words import Words
from aver.outcome import Unusable

#: A file counts as truncated when ffmpeg complains and this much of the declared duration is missing.
MISSING_S = 0.5
MISSING_FRACTION = 0.05
#: Holes in a sound that last longer than this, and than the sound itself, must be confirmed by something else.
HOLES_S = 60.0


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
    """Return why ffmpeg decoded neither a frame nor a sample: truncated, not_media, no_streams or damaged.

    Raises:
        Unusable: truncated.
    """
    if not words.declared and _mp4_without_index(clip, words):
        return Unusable("truncated", "the mp4 index (moov) is missing or ends with the file")
    if words.refused:
        return Unusable("not_media", "the content is a playlist, still picture, text or another format without clips")
    _check_length(clip)
    if not words.container and (promised := _promised_container(clip)):
        return Unusable("damaged", f"it begins as {promised} does, but: {words.last or 'its head cannot be read'}")
    if not words.container:
        return Unusable("not_media", words.last or "the content has no format that ffmpeg knows")
    if not words.declared:
        return Unusable("no_streams", "neither a video nor an audio stream")
    return Unusable("damaged", words.last or "ffmpeg decoded no frame and no sample")


def check_holes(described: Mapping[str, Any], words: Words) -> None:
    """Refuse a sound that is mostly hole, if neither the picture nor the container's own length reaches as far.

    Args:
        described: `picture_end_s`, `sound_start_s`, `sound_end_s` and `sound_silence_s` of the probe.
        words: what ffmpeg said of the clip.

    Raises:
        Unusable: damaged.
    """
    holes_s, end_s = float(described["sound_silence_s"]), float(described["sound_end_s"])
    sounds_s = end_s - float(described["sound_start_s"]) - holes_s
    reaches_s = max(float(described["picture_end_s"]), 0.0 if words.guessed else words.duration_s)
    if holes_s > max(HOLES_S, sounds_s) and reaches_s < end_s - HOLES_S:
        raise Unusable("damaged", f"by its time stamps {holes_s:.0f} s are missing between {sounds_s:.0f} s of sound")


def check_whole(clip: Path, words: Words, end_s: float) -> None:
    """Compare what was decoded, up to `end_s`, with what the container declares.

    Raises:
        Unusable: truncated.
    """
    declared_s = 0.0 if words.guessed else words.duration_s
    if words.complaints and declared_s - end_s > max(MISSING_S, MISSING_FRACTION * declared_s):
        raise Unusable("truncated", f"declares {declared_s:.2f} s, decodes {end_s:.2f} s")
    _check_length(clip)


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


def _promised_container(clip: Path) -> str:
    with open_clip(clip) as file:
        return container_of(file.read(MAGIC_BYTES))


def _check_length(clip: Path) -> None:
    """Refuse a WAV, AVI or AIFF that is shorter than its own header says; one byte may be a pad that was not written.

    Raises:
        Unusable: truncated.
    """
    with open_clip(clip) as file:
        head, length = file.read(8), file.seek(0, 2)
    declared = 0
    if head[:4] in {b"RIFF", b"FORM"}:
        declared = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big")
    # 0 and 0xFFFFFFFF mean "not known when the header was written".
    if 0 < declared < 0xFFFFFFFF and declared + 8 > length + 1:
        raise Unusable("truncated", f"its header declares {declared + 8} bytes, the file has {length}")
