"""One clip of a corpus: what its name and the corpus's own lists say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from aver.ledger import Failure

#: File name endings that ffmpeg is asked about; anything else in a corpus folder is listed as ignored.
VIDEO = (
    ".mp4",
    ".m4v",
    ".mov",
    ".avi",
    ".mkv",
    ".webm",
    ".flv",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".ogv",
    ".3gp",
    ".ts",
    ".mts",
)
SOUND = (".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".wma", ".aif", ".aiff")
MEDIA_SUFFIXES = frozenset(VIDEO + SOUND)


@dataclass(frozen=True)
class Clip:
    """One row of `clips.parquet`; an empty text means that it is not known.

    Args:
        clip_id: unique within the corpus.
        path: relative to the corpus root, with forward slashes.
        label: emotion; empty: the clip can be extracted, not trained on.
        speaker: who is seen or heard; empty: nobody can promise that a split keeps speakers apart.
        sex: `female` | `male`.
        sentence: what is said.
        intensity: how strongly.
        take: the performance; files that show and sound the same performance share it.
        modality: `audiovisual` | `video` | `audio`, as the name promises; empty if it promises nothing.
        channel: `speech` | `song`.
        sha256: of the file's content.
    """

    clip_id: str
    path: str
    label: str = ""
    speaker: str = ""
    sex: str = ""
    sentence: str = ""
    intensity: str = ""
    repetition: str = ""
    take: str = ""
    modality: str = ""
    channel: str = ""
    sha256: str = ""

    def row(self) -> dict[str, str]:
        """Return the clip as a table row."""
        return asdict(self)


CLIPS = pa.schema([(name, pa.string()) for name in Clip.__dataclass_fields__])


@dataclass
class Reading:
    """What an adapter found below a root.

    Args:
        clips: their sha256 is not yet filled.
        failures: clips that cannot be used.
        ignored: files that are no clips of the corpus.
        paths: the path of each clip id.
    """

    clips: list[Clip] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    paths: dict[str, str] = field(default_factory=dict)

    def add(self, clip: Clip) -> None:
        """Add a clip unless its id is taken; then it becomes a failure that names both files."""
        other = self.paths.setdefault(clip.clip_id, clip.path)
        if other == clip.path:
            self.clips.append(clip)
            return
        detail = f"{clip.path} has the name of {other}"
        self.failures.append(Failure(f"{clip.clip_id} ({clip.path})", "corpora", "duplicate", detail))


class Adapter(Protocol):
    """A corpus adapter: a module with the expected layout in words and a function that reads a root."""

    LAYOUT: str

    def read(self, root: Path) -> Reading:
        """Return what lies below `root`."""
        ...


def files_below(root: Path) -> Sequence[Path]:
    """Return all files below a root, sorted by their relative path; hidden ones and broken links are left out."""
    found = (path for path in root.rglob("*") if path.is_file())
    visible = (p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts))
    return sorted(visible, key=lambda path: path.relative_to(root).as_posix())


def relative(path: Path, root: Path) -> str:
    """Return a file's path relative to the root, with forward slashes."""
    return path.relative_to(root).as_posix()
