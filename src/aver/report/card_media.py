"""What the media and the faces stage found in a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aver.report.card_properties import PROPERTIES
from aver.report.card_tables import Row

#: Clips with a face in fewer than this part of their kept frames are counted.
LOW_COVERAGE = 0.5


@dataclass(frozen=True)
class Spread:
    """Least, median and most of something, and the clips that have the extremes."""

    least: float
    median: float
    most: float
    least_clip: str
    most_clip: str


@dataclass(frozen=True)
class Media:
    """What was decoded.

    Args:
        clips: that were.
        durations_s: of all clips, ascending.
        duration_s: their extremes, seconds.
        total_s: their sum.
        values: per property (`frame rate` … `sound codec`) and value the clips.
        variable_rate: clips whose frame rate varies.
        sound_starts_s: after the picture does (negative: before it), of clips that have both.
        sound_longer_s: than the picture (negative: shorter).
    """

    clips: int
    durations_s: list[float]
    duration_s: Spread | None
    total_s: float
    values: dict[str, dict[str, int]]
    variable_rate: int
    sound_starts_s: Spread | None
    sound_longer_s: Spread | None


@dataclass(frozen=True)
class Faces:
    """In which part of their kept frames clips have a face: the face's own coverage, then what needs a look.

    Args:
        coverages: of all clips with a picture, ascending, 0 … 1.
        coverage: their extremes.
        low: clips below `LOW_COVERAGE`.
        no_face: clips in which no face was found.
        cuts: clips with a cut; None: not known.
        several: clips in which more than one face was followed; None: not known.
    """

    coverages: list[float]
    coverage: Spread | None
    low: int
    no_face: int
    cuts: int | None
    several: int | None


def spread(values: Mapping[str, float]) -> Spread | None:
    """Return the extremes of a number per clip; None without one.  Of equal clips the first by name is named."""
    if not values:
        return None
    least = min(values, key=lambda clip: (values[clip], clip))
    most = min(values, key=lambda clip: (-values[clip], clip))
    return Spread(values[least], float(np.median(list(values.values()))), values[most], least, most)


def media_of(rows: Sequence[Row]) -> Media:
    """Return the facts of a corpus's media (rows of `media.parquet`)."""
    lasts = {row["clip_id"]: max(row["picture_end_s"] or 0.0, row["sound_end_s"] or 0.0) for row in rows}
    both = [row for row in rows if row["has_picture"] and row["has_sound"]]
    late = {row["clip_id"]: row["sound_start_s"] - row["picture_start_s"] for row in both}
    longer = {row["clip_id"]: row["sound_end_s"] - row["picture_end_s"] - late[row["clip_id"]] for row in both}
    values = {name: _ranked(Counter(value for row in rows if (value := of(row)))) for name, of in PROPERTIES.items()}
    return Media(
        clips=len(rows),
        durations_s=sorted(lasts.values()),
        duration_s=spread(lasts),
        total_s=sum(sorted(lasts.values())),
        values=values,
        variable_rate=values["frame rate"].get("variable", 0),
        sound_starts_s=spread(late),
        sound_longer_s=spread(longer),
    )


def faces_of(rows: Sequence[Row]) -> Faces:
    """Return the facts of a corpus's faces (rows of `faces.parquet`); clips without a picture do not count."""
    seen = [row for row in rows if row["absent"] != "no_picture"]
    covered = {row["clip_id"]: 1 - row["missing"] / row["frames"] for row in seen if row["frames"]}
    return Faces(
        coverages=sorted(covered.values()),
        coverage=spread(covered),
        low=sum(part < LOW_COVERAGE for part in covered.values()),
        no_face=sum(row["absent"] == "no_face" for row in seen),
        cuts=_clips_with_more(seen, "cuts", 0),
        several=_clips_with_more(seen, "tracks", 1),
    )


def _clips_with_more(rows: Sequence[Row], column: str, least: int) -> int | None:
    if not all(column in row for row in rows):
        return None
    return sum((row[column] or 0) > least for row in rows)


def _ranked(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts, the highest first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
