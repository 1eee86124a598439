"""What the stages know about one clip, in one piece; what is absent, failed or not yet known is a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.faces.settle import MISSING

#: Left, top, width, height as fractions of the frame's sides.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Note:
    """A sentence that the sheet has to say; `failed` if it tells of a failure and not of something absent."""

    text: str
    failed: bool = False


@dataclass(frozen=True, eq=False)
class Shown:
    """One frame on the sheet.

    Args:
        number: which kept frame, from 0, as in `faces.parquet`.
        time_s: when it is shown.
        status: MISSING, DETECTED or INTERPOLATED; None: not known.
        box: left, top, width, height of the face as fractions of the frame's sides; None where there is none.
        others: the boxes of the other faces that were followed.
        seen: how many faces were detected; None: not known.
        after_cut: there was a cut since the frame that is shown before this one.
        picture: [h, w, 3] uint8 RGB, at most `THUMB_PX` wide and high.
    """

    number: int
    time_s: float
    status: int | None
    box: Box | None
    picture: NDArray[np.uint8]
    others: Sequence[Box] = ()
    seen: int | None = None
    after_cut: bool = False


@dataclass(frozen=True)
class Bar:
    """One window of a kind, on the clip's time line."""

    kind: str
    number: int
    t0_s: float
    t1_s: float
    status: str


@dataclass(frozen=True, eq=False)
class Wave:
    """The sound in C columns: their edges [C + 1] in seconds, lowest, highest and rms value [C] in -1 … 1."""

    edges_s: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rms: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """All that the sheet says.  Times count in seconds from the earliest start of any stream.

    Args:
        corpus, clip_id: which clip.
        clip: its row of `clips.parquet`; empty if it failed there.
        media: its row of `media.parquet`; empty if it failed there or before.
        status: [K] uint8, of every kept frame; None: not known.
        kept_s: [K, 2] float64, start and end of every kept frame.
        seen: [K] uint8, how many faces were detected in every kept frame; None: not known.
        cuts: kept frames that begin after a cut.
        tracks: how many tracks of faces were found.
        bars: its windows, of all kinds.
        shown: frames, evenly chosen from the kept ones.
        wave: its sound.
        notes: what is absent, failed or not known, in words.
    """

    corpus: str
    clip_id: str
    clip: Mapping[str, Any] = field(default_factory=dict)
    media: Mapping[str, Any] = field(default_factory=dict)
    status: NDArray[np.uint8] | None = None
    kept_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    seen: NDArray[np.uint8] | None = None
    cuts: Sequence[int] = ()
    tracks: int = 0
    bars: Sequence[Bar] = ()
    shown: Sequence[Shown] = ()
    wave: Wave | None = None
    notes: Sequence[Note] = ()

    @property
    def duration_s(self) -> float:
        """End of the stream that ends last; 0 if nothing is known."""
        return max(self.media.get("picture_end_s") or 0.0, self.media.get("sound_end_s") or 0.0)

    @property
    def fps(self) -> float:
        """Mean frames per second of all frames; 0 if there are fewer than two."""
        times = self.media.get("frame_times_s") or []
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    @property
    def coverage(self) -> float | None:
        """Part of the kept frames that has a face; None: not known."""
        return float((self.status != MISSING).mean()) if self.status is not None and len(self.status) else None


def covered(sheet: Sheet) -> str:
    """Return the coverage in words: rounded down, so that 100 % means every kept frame and 0 % none."""
    if sheet.coverage is None:
        return "not known"
    tenths = int(1000 * sheet.coverage + 1e-9)
    return "< 0.1 % covered" if sheet.coverage and not tenths else f"{tenths / 10:g} % covered"


def seconds(seconds: float) -> str:
    """Return a time in words."""
    return f"{seconds:.2f} s" if seconds < 1000 else f"{seconds:.0f} s"
