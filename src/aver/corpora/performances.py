"""Performances and their files: picture with sound and sound alone, in one format each.

Corpora whose names do not say the modality circulate in several formats side by side (CREMA-D's repository alone holds
`.flv`, `.wav` and `.mp3` of every clip).  One performance gives at most two clips: the one that shows and sounds it,
whose id is the performance's name, and `audio/<name>`, its sound alone.  So an id never depends on what else lies
there.  Of several formats of the same clip the one that the adapter prefers is taken; the others are listed as ignored:
they would count every performance twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from aver.corpora.clip import Clip, Reading
from aver.corpora.contents import is_pointer, not_pulled, size_of
from aver.corpora.files import SOUND

AUDIO = "audio/"


def modality_of(path: str) -> str:
    """Return `audio` for a sound file, `audiovisual` for any other: what the kind of file promises."""
    return "audio" if PurePosixPath(path).suffix.lower() in SOUND else "audiovisual"


def clip_of(path: str, name: str, **known: str) -> Clip:
    """Return the clip that is the file `path` of the performance `name`."""
    modality = modality_of(path)
    clip_id = AUDIO + name if modality == "audio" else name
    return Clip(clip_id=clip_id, path=path, take=name, modality=modality, channel="speech", **known)


def add_clips(reading: Reading, clips: Iterable[Clip], root: Path, preferred: Sequence[str]) -> None:
    """Add clips in their order, one format per clip; other formats are ignored, the same name twice is a failure.

    A git-lfs pointer beside another file of its clip is ignored, whatever its format.

    Args:
        reading: what is added to.
        clips: as `clip_of` makes them.
        root: the corpus root, where their files lie.
        preferred: file name endings, the best first; all others come after them.
    """
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.clip_id].append(clip)
    for group in groups.values():
        best = min(group, key=lambda clip: _rank(root / clip.path, preferred)) if len(group) > 1 else group[0]
        reading.add(best)
        for clip in group:
            if clip is best:
                continue
            if is_pointer(root / clip.path):
                reading.ignored.append(not_pulled(clip.path))
            elif _suffix(clip.path) == _suffix(best.path):
                reading.add(clip)
            else:
                reading.ignored.append(clip.path)


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _rank(file: Path, preferred: Sequence[str]) -> tuple[bool, int, str]:
    """Order the files of one clip: those without content last, then by format, then by path."""
    suffix = file.suffix.lower()
    place = preferred.index(suffix) if suffix in preferred else len(preferred)
    return size_of(file) == 0 or is_pointer(file), place, file.as_posix()
