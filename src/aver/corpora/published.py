"""What the authors of a corpus say it holds, to stand beside what lies on the disk.  It never forces a count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One part of a release, as it is downloaded.

    Args:
        name: in words, e.g. `speech, audio-video`.
        source: paper and section, or the release's own page.
        where: what all its clips have in common, by column of `clips.parquet`; empty: all clips.
        clips: how many clips; None: sources differ, see `note`.
        speakers: how many people.
        counts: per column (`label`, `sex`, `modality`, `speaker` …) and value the number of clips; only what the source
            says or what follows from it.
        note: where sources differ, in words.
    """

    name: str
    source: str
    where: Mapping[str, str] = field(default_factory=dict)
    clips: int | None = None
    speakers: int | None = None
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    note: str = ""
