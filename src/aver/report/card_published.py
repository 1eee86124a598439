"""What a corpus's authors say it holds beside what was found: part by part, value by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aver.corpora.published import Part


@dataclass(frozen=True)
class Pair:
    """A number found and the number published; None: nobody says it."""

    found: int
    published: int | None

    @property
    def differs(self) -> bool:
        """Tell whether the publication says another number."""
        return self.published is not None and self.published != self.found


@dataclass(frozen=True)
class PartFound:
    """One part of the release as it was found.

    Args:
        name: of the part, in words.
        source: who publishes the numbers.
        note: where sources differ.
        clips: in this part.
        speakers: in this part.
        values: per column and value the clips; the published values first, in the publication's order.
    """

    name: str
    source: str
    note: str
    clips: Pair
    speakers: Pair
    values: dict[str, dict[str, Pair]]

    @property
    def here(self) -> bool:
        """Tell whether any clip of this part was found."""
        return self.clips.found > 0

    @property
    def differs(self) -> bool:
        """Tell whether the part is here and one of its numbers is not the published one."""
        pairs = [pair for values in self.values.values() for pair in values.values()]
        return self.here and any(pair.differs for pair in (self.clips, self.speakers, *pairs))


def compare(parts: Sequence[Part], clips: Sequence[Mapping[str, str]]) -> list[PartFound]:
    """Return every published part with the numbers found.

    Args:
        parts: what is published; parts may overlap.
        clips: rows of `clips.parquet`.
    """
    return [
        _found(
            part,
            [clip for clip in clips if all(clip.get(column, "") == wanted for column, wanted in part.where.items())],
        )
        for part in parts
    ]


def _found(part: Part, clips: Sequence[Mapping[str, str]]) -> PartFound:
    values = {}
    for column, published in part.counts.items():
        found = Counter(clip.get(column, "") for clip in clips)
        more = sorted(set(found) - set(published))
        values[column] = {value: Pair(found[value], published.get(value)) for value in (*published, *more)}
    speakers = {clip["speaker"] for clip in clips} - {""}
    clips_pair, speakers_pair = Pair(len(clips), part.clips), Pair(len(speakers), part.speakers)
    return PartFound(part.name, part.source, part.note, clips_pair, speakers_pair, values)
