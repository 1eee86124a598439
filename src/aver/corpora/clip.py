"""One clip of a corpus: what its name and the corpus's own lists say about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from aver.corpora.findings import Finding
from aver.corpora.published import Part
from aver.ledger import Failure


@dataclass(frozen=True)
class Clip:
    """One row of `clips.parquet`; an empty text means that it is not known.

    Args:
        clip_id: unique within the corpus.
        path: relative to the corpus root, with forward slashes.
        label: the emotion that was meant: acted, or as the corpus's own name or sheet has it; empty: the clip can be
            extracted, not trained on.
        perceived: the emotion that the corpus's viewers voted for; empty: no vote is known, or it was tied.
        speaker: who is seen or heard; empty: nobody can promise that a split keeps speakers apart.
        sex: `female` | `male`.
        sentence: what is said.
        intensity: how strongly.
        take: the performance; files that show and sound the same performance share it.
        modality: `audiovisual` | `video` | `audio`, as the name promises; empty if it promises nothing.
        channel: `speech` | `song`.
        elicitation: how the emotion came about: `acted` | `induced` | `spontaneous`.
        sha256: of the file's content.
    """

    clip_id: str
    path: str
    label: str = ""
    perceived: str = ""
    speaker: str = ""
    sex: str = ""
    sentence: str = ""
    intensity: str = ""
    repetition: str = ""
    take: str = ""
    modality: str = ""
    channel: str = ""
    elicitation: str = ""
    sha256: str = ""

    def row(self) -> dict[str, str]:
        """Return the clip as a table row."""
        return asdict(self)


CLIPS = pa.schema([(name, pa.string()) for name in Clip.__dataclass_fields__])


@dataclass(frozen=True)
class Double:
    """A second file with the name of a clip; where it has the same bytes, it is a copy that does no harm.

    Args:
        clip_id: of the clip.
        path: of the second file.
        first: of the file that is used.
        failure: the id of the failure that stands for the second file until its bytes are known.
    """

    clip_id: str
    path: str
    first: str
    failure: str


@dataclass
class Reading:
    """What an adapter found below a root.

    Args:
        clips: their sha256 is not yet filled.
        failures: clips that cannot be used.
        findings: what is odd about clips that can be used.
        ignored: files that are no clips of the corpus.
        metadata: files of the corpus's own lists that were read.
        linked: folders that were reached through a link: DVC does not see what changes there.
        hidden: how many hidden files and folders were left out.
        blockers: what DVC would stop at: name → why.
        paths: the path of each clip id.
        doubles: second files with the name of a clip.
    """

    clips: list[Clip] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    hidden: int = 0
    blockers: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    doubles: list[Double] = field(default_factory=list)

    def add(self, clip: Clip) -> None:
        """Add a clip unless its id is taken; then it becomes a failure that names both files.

        (`aver.corpora.copies.settle_doubles` looks into both: a copy, the same bytes under one name, is a finding.)
        """
        first = self.paths.setdefault(clip.clip_id, clip.path)
        if first == clip.path:
            self.clips.append(clip)
            return
        double = Double(clip.clip_id, clip.path, first, f"{clip.clip_id} ({clip.path})")
        self.doubles.append(double)
        self.failures.append(Failure(double.failure, "corpora", "duplicate", f"{clip.path} has the name of {first}"))

    def refuse(self, path: str, why: str) -> None:
        """Add a failure: a file that is named like a clip of the corpus, and cannot be one."""
        self.failures.append(Failure(path, "corpora", "bad_name", why))


class Adapter(Protocol):
    """A corpus adapter: a module with a function that reads a root.

    Args:
        LAYOUT: the expected folders and names in words, for errors.
        PUBLISHED: what the corpus's authors say it holds, part by part; empty where nobody says it.
    """

    LAYOUT: str
    PUBLISHED: tuple[Part, ...]

    def read(self, root: Path) -> Reading:
        """Return what lies below `root`."""
        ...
