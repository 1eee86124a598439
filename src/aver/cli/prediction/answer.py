"""What trained models say of one clip, and why nothing can be said of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.errors import REASONS, AverError


class PredictError(AverError):
    """What was asked for cannot be predicted, or not be written."""


@dataclass(frozen=True)
class Refused:
    """A clip without an answer, why, and the reason code if a stage failed (`aver.errors.REASONS`)."""

    clip: str
    why: str
    reason: str = ""

    @property
    def told(self) -> str:
        """Return why, and what to do about it."""
        return f"{self.why}. Remedy: {REASONS[self.reason].remedy}." if self.reason else self.why


@dataclass(frozen=True, eq=False)
class Answer:
    """What G models say of one clip.

    Args:
        clip: its file as the user named it, fit to be shown.
        sha256: of its content.
        labels: C of them, in the order of the probabilities.
        models: names of the G models that were asked.
        trained: how many there are under the protocol.
        votes: [G, C] float64, of every model the mean over the clip's sequences, cut as in training.
        steps: [N, C] float64, the mean over the models at each step, from the steps up to it.
        times_s: [N, 2] float64, start and end of each step.
        since_s: [N] float64, start of the first step that the answer at each step rests on.
        sequences: how many sequences `votes` are means of.
        notes: what is worth knowing about the answer, in words.
        media: the clip's row as the media stage would write it.
        faces: the same of the faces stage; None: nobody looked for faces.
    """

    clip: str
    sha256: str
    labels: Sequence[str]
    models: Sequence[str]
    trained: int
    votes: NDArray[np.float64]
    steps: NDArray[np.float64]
    times_s: NDArray[np.float64]
    since_s: NDArray[np.float64]
    sequences: int
    notes: Sequence[str] = ()
    media: Mapping[str, Any] = field(default_factory=dict)
    faces: Mapping[str, Any] | None = None

    @property
    def whole(self) -> NDArray[np.float64]:
        """Probabilities of the clip [C]: the mean over the models."""
        return self.votes.mean(axis=0)

    @property
    def label(self) -> str:
        """The most probable label, of several the first."""
        return self.labels[int(self.whole.argmax())]

    @property
    def agree(self) -> int:
        """How many of the models have this label first."""
        return int((self.votes.argmax(axis=1) == self.whole.argmax()).sum())

    @property
    def spread(self) -> NDArray[np.float64]:
        """Standard deviation over the models, [C]."""
        return self.votes.std(axis=0)

    @property
    def duration_s(self) -> float:
        """End of the stream that ends last."""
        return max(self.media.get("picture_end_s") or 0.0, self.media.get("sound_end_s") or 0.0)
