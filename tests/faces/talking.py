"""Drawn people who talk, as pictures, and the whole way from pictures to the clip's face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from aver.faces import haar
from aver.faces.follow import follow
from aver.faces.params import CropParams
from aver.faces.settle import Settled, settle
from aver.faces.shots import cuts_of
from aver.faces.track import Track
from aver.params.blocks import Synthetic
from aver.synthetic.cast import cast
from aver.synthetic.plan import plan
from aver.synthetic.render import frames

SETTINGS = Synthetic(speakers=4, takes=1, seed=7, fps=10, frame_px=160, duration_s=(1.6, 1.6))


@dataclass(frozen=True, eq=False)
class Found:
    """What became of some pictures."""

    tracks: list[Track]
    shots: np.ndarray
    settled: Settled

    @property
    def status(self) -> list[int]:
        return self.settled.status.tolist()

    @property
    def boxes(self) -> np.ndarray:
        return self.settled.boxes

    @property
    def cuts(self) -> list[int]:
        return cuts_of(self.shots)


@lru_cache(maxsize=8)
def talk(speaker: int) -> tuple[np.ndarray, ...]:
    """Return 16 pictures [160, 160, 3] of a drawn person, 1 to 4, who says something neutral."""
    clip = next(clip for clip in plan(SETTINGS) if clip.speaker == speaker and clip.emotion == "neutral")
    return tuple(np.array(frame) for frame in frames(clip, cast(SETTINGS)[speaker - 1], SETTINGS))


def run(params: CropParams, pictures: Sequence[np.ndarray], step_s: float = 0.1, finder=None) -> Found:
    """Find the face of pictures that follow each other after `step_s`."""
    times = np.arange(len(pictures)) * step_s
    tracks, shots = follow(finder or haar.finder(params), params, pictures, times)
    return Found(tracks, shots, settle(params, tracks, times, times + step_s, shots))
