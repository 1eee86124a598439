"""The card of a corpus: what was found, beside what its authors publish, and what is odd about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aver.corpora.findings import KINDS
from aver.corpora.registry import get_adapter
from aver.errors import REASONS
from aver.report.card_media import Faces, Media, faces_of, media_of
from aver.report.card_properties import Unusual, unusual
from aver.report.card_published import PartFound, compare
from aver.report.card_tables import Row, Tables

#: What a value is called that is not known.
UNKNOWN = "(unknown)"
COLUMNS = ("label", "perceived", "sex", "modality", "channel", "intensity")


@dataclass(frozen=True)
class Agreement:
    """Intended against perceived label, of the clips that have both.

    Args:
        clips: that have both.
        agreed: whose labels are the same.
        confusion: clips by intended and by perceived label.
    """

    clips: int
    agreed: int
    confusion: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Group:
    """Clips with the same failure or finding: its code and meaning, how many rows, and (clip, detail) of each."""

    code: str
    meaning: str
    clips: int
    members: list[tuple[str, str]]


@dataclass(frozen=True)
class Card:
    """All that is known of one corpus; empty, None or `is_read` False where a stage has not run.

    Args:
        corpus: its name in `params.yaml`.
        adapter: which adapter reads it.
        is_read: whether the corpora stage, or the adapter just now, read it.
        clips: that can be used.
        takes: performances.
        speakers: clips of each speaker, by name.
        speaker_sex: of each speaker; `(unknown)`, or both words if the clips contradict each other.
        counts: per column of `COLUMNS` that any clip fills, clips by value.
        agreement: of intended and perceived label; None: no clip has both.
        parts: of the release, found and published.
        media: what was decoded; None: not yet.
        faces: None: not yet.
        failed: clips that cannot be used, by `stage: reason`.
        findings: what is odd about clips that can be used, by kind.
        unusual: clips that differ from most.
        ignored: files that are no clips.
        metadata: the corpus's own lists that were read.
    """

    corpus: str
    adapter: str
    is_read: bool
    clips: int
    takes: int
    speakers: dict[str, int]
    speaker_sex: dict[str, str]
    counts: dict[str, dict[str, int]]
    agreement: Agreement | None
    parts: list[PartFound]
    media: Media | None
    faces: Faces | None
    failed: list[Group]
    findings: list[Group]
    unusual: list[Unusual]
    ignored: list[str]
    metadata: list[str]


def card_of(tables: Tables) -> Card:
    """Return the card of a corpus.

    Raises:
        ParamsError: the adapter is not known.
    """
    clips = tables.clips or []
    modality = {clip["clip_id"]: clip["modality"] for clip in clips}
    return Card(
        corpus=tables.corpus,
        adapter=tables.adapter,
        is_read=tables.clips is not None,
        clips=len(clips),
        takes=len({clip["take"] for clip in clips} - {""}),
        speakers=dict(sorted(Counter(clip["speaker"] for clip in clips if clip["speaker"]).items())),
        speaker_sex=_speaker_sex(clips),
        counts=_counts(clips),
        agreement=_agreement(clips),
        parts=compare(get_adapter(tables.adapter).PUBLISHED, clips),
        media=None if tables.media is None else media_of(tables.media),
        faces=None if tables.faces is None else faces_of(tables.faces),
        failed=_groups(tables.failures, lambda row: (row["stage"], row["reason"]), _failure),
        findings=_groups(tables.findings, lambda row: ("", row["kind"]), lambda kind: KINDS.get(kind, kind)),
        unusual=unusual(tables.media or [], modality),
        ignored=tables.ignored,
        metadata=tables.metadata,
    )


def _speaker_sex(clips: Sequence[Row]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for clip in clips:
        if clip["speaker"]:
            found.setdefault(clip["speaker"], set()).update({clip["sex"]} - {""})
    return {speaker: " and ".join(sorted(sexes)) or UNKNOWN for speaker, sexes in sorted(found.items())}


def _counts(clips: Sequence[Row]) -> dict[str, dict[str, int]]:
    filled = [column for column in COLUMNS if any(clip.get(column) for clip in clips)]
    return {column: _by_value(clip[column] for clip in clips) for column in filled}


def _by_value(values: Iterable[str]) -> dict[str, int]:
    found = Counter(value or UNKNOWN for value in values)
    return {value: found[value] for value in sorted(found, key=lambda value: (value == UNKNOWN, value))}


def _agreement(clips: Sequence[Row]) -> Agreement | None:
    pairs = Counter((clip["label"], clip["perceived"]) for clip in clips if clip["label"] and clip.get("perceived"))
    if not pairs:
        return None
    labels = sorted({label for pair in pairs for label in pair})
    confusion = {label: {other: pairs[label, other] for other in labels} for label in labels}
    return Agreement(pairs.total(), sum(pairs[label, label] for label in labels), confusion)


def _failure(reason: str) -> str:
    """Return a reason in words; the code itself of one that only an older version had."""
    known = REASONS.get(reason)
    return f"{known.meaning}; {known.remedy}" if known else reason


def _groups(rows: Sequence[Row], key: Callable[[Row], tuple[str, str]], meaning: Callable[[str], str]) -> list[Group]:
    groups: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in sorted(rows, key=lambda row: (row["clip_id"], row["detail"] or "")):
        groups.setdefault(key(row), []).append(row)
    return [
        Group(
            ": ".join(filter(None, (stage, code))),
            meaning(code),
            len(groups[stage, code]),
            [(row["clip_id"], row["detail"] or "") for row in groups[stage, code]],
        )
        for stage, code in sorted(groups, key=lambda key: (-len(groups[key]), key))
    ]
