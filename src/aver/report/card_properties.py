"""Properties in which the clips of a corpus should be alike, and those clips that are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aver.report.card_tables import Row

#: Frame rates of film, television and cameras.  A clip is said to have one if time stamps in whole milliseconds
#: (`STAMP_S`, seconds) can explain the difference.
NTSC = 1000 / 1001
RATES = (10.0, 12.5, 15.0, 20.0, 24 * NTSC, 24.0, 25.0, 30 * NTSC, 30.0, 48.0, 50.0, 60 * NTSC, 60.0, 100.0, 120.0)
STAMP_S = 0.001
#: A rate varies where a step between frames is off the clip's median step by more than this part of it (whole
#: milliseconds alone move a step by a quarter at 240 frames per second, and by less below that).
UNEVEN = 0.3
#: A value stands out if another one holds for most clips, and it for at most this part of them (or for one clip).
RARE = 0.1


@dataclass(frozen=True)
class Unusual:
    """Clips that differ from most: `what` they have, how many they are, of how many, and their names."""

    what: str
    clips: int
    of: int
    kind: str
    names: list[str]


def frame_rate(times_s: Sequence[float]) -> tuple[str, bool] | None:
    """Return the frames per second of a clip in words, and whether the rate varies; None with fewer than two frames.

    Args:
        times_s: presentation time of every frame, ascending, seconds.

    Example:
        >>> frame_rate([0.0, 0.033, 0.067, 0.1, 0.133])
        ('30 fps', False)
        >>> frame_rate([0.0, 0.1, 0.2, 0.5])
        ('6 fps', True)
    """
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return None
    steps = np.diff(times_s)
    usual = float(np.median(steps))
    span_s = times_s[-1] - times_s[0]
    rate = (len(times_s) - 1) / span_s
    near = min(RATES, key=lambda known: abs(known - rate))
    shown = near if abs(near - rate) * span_s <= STAMP_S * rate else round(rate, 2)
    return f"{shown:.5g} fps", bool(np.abs(steps - usual).max() > UNEVEN * usual)


#: property → its value for a clip; empty: the clip has none.
PROPERTIES: dict[str, Callable[[Row], str]] = {
    "frame rate": lambda row: _even_rate(row),
    "picture": lambda row: f"{row['width']} × {row['height']}" if row["has_picture"] else "",
    "picture codec": lambda row: row["video_codec"] if row["has_picture"] else "",
    "sample rate": lambda row: f"{row['source_rate_hz']} Hz" if row["has_sound"] else "",
    "sound codec": lambda row: row["audio_codec"] if row["has_sound"] else "",
}


def _even_rate(row: Row) -> str:
    rate = frame_rate(row["frame_times_s"])
    return "" if rate is None else "variable" if rate[1] else rate[0]


def unusual(rows: Sequence[Row], modality: Mapping[str, str]) -> list[Unusual]:
    """Return the clips that differ from most clips of their modality in a property.

    Args:
        rows: of `media.parquet`.
        modality: of each clip, empty if it is not known.
    """
    found = []
    for name, of in PROPERTIES.items():
        holders: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            if value := of(row):
                holders[modality.get(row["clip_id"], "")][value].append(row["clip_id"])
        for kind, values in sorted(holders.items()):
            all_of = sum(map(len, values.values()))
            if 2 * max(map(len, values.values())) <= all_of:
                continue  # nothing is usual here
            for value, clips in sorted(values.items(), key=lambda pair: (len(pair[1]), pair[0])):
                if len(clips) <= max(1, RARE * all_of) and len(clips) < all_of:
                    what = f"a {name} that varies" if value == "variable" else value
                    found.append(Unusual(what, len(clips), all_of, kind, sorted(clips)))
    return found
