"""Files that hold no clip, whatever their names say: empty ones, and git-lfs pointers that were not pulled."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from aver.corpora.clip import Clip, Reading
from aver.ledger import Failure
from aver.media.containers import LFS_POINTER

#: A git-lfs pointer has about 130 bytes; its specification allows fewer than this.
POINTER_BYTES = 1024


def size_of(file: Path) -> int | None:
    """Return a file's size in bytes; None if it cannot be looked at, which the catalogue reports."""
    try:
        return file.stat().st_size
    except OSError:
        return None


def is_pointer(file: Path) -> bool:
    """Tell whether a file is a git-lfs pointer, the text that stands for a file that was not pulled."""
    if (size_of(file) or POINTER_BYTES) >= POINTER_BYTES:
        return False
    try:
        return file.read_bytes().startswith(LFS_POINTER)
    except OSError:
        return False


def not_pulled(path: str) -> str:
    """Return a pointer's path as it is listed among the ignored files."""
    return f"{path} (git-lfs pointer, not pulled)"


def take_out_hollow(reading: Reading, root: Path) -> None:
    """Take the clips without content out of a reading.

    They are failures, but for pointers whose performance is there in another modality: whoever pulls only the sound
    of a corpus wants the sound.
    """
    hollow = {clip.clip_id: reason for clip in reading.clips if (reason := _hollow(root / clip.path))}
    pulled: dict[str, set[str]] = defaultdict(set)
    for clip in reading.clips:
        if clip.clip_id not in hollow:
            pulled[clip.take].add(clip.modality)
    for clip in reading.clips:
        if (reason := hollow.get(clip.clip_id, "")) == "git_lfs_pointer" and _elsewhere(clip, pulled[clip.take]):
            reading.ignored.append(not_pulled(clip.path))
        elif reason:
            reading.failures.append(Failure(clip.clip_id, "corpora", reason, clip.path))
    reading.clips = [clip for clip in reading.clips if clip.clip_id not in hollow]


def _hollow(file: Path) -> str:
    """Return why a file holds no clip, or an empty text."""
    if size_of(file) == 0:
        return "empty"
    return "git_lfs_pointer" if is_pointer(file) else ""


def _elsewhere(clip: Clip, modalities: set[str]) -> bool:
    return bool(clip.take and clip.modality and modalities - {clip.modality})
