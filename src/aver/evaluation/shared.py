"""The strategies of a benchmark on the clips that all of them scored: the one ground on which they are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from aver.evaluation.answers import Answers
from aver.evaluation.metrics import metrics
from aver.evaluation.rounding import rounded
from aver.evaluation.score import Number, number
from aver.evaluation.spread import known_mean
from aver.evaluation.sums import sums_of
from aver.params.blocks import Evaluation


@dataclass(frozen=True)
class Shared:
    """Strategies on the same clips.

    A strategy that can do without picture or sound also scores clips that others cannot, and those may be easier or
    harder than the rest.  So who is better is asked only on the clips that all have.

    Args:
        clips: their number.
        answers: strategy → answers to these clips.
        uar: strategy → UAR over all of these clips, averaged over seeds, rounded as it is written; None without clips.
    """

    clips: int
    answers: dict[str, Answers]
    uar: dict[str, Number]

    def best(self, names: Iterable[str]) -> str:
        """Return which of these strategies has the highest UAR, of several the first by name."""
        return max(sorted(names), key=lambda name: self.uar[name] or 0.0)


def share(answers: Mapping[str, Answers], params: Evaluation) -> Shared:
    """Return the strategies of a benchmark on the clips that all of them scored.

    Args:
        answers: strategy → answers to clips under one protocol.
        params: top-k and bins.
    """
    names = {name: pd.MultiIndex.from_frame(one.clips[["corpus", "clip_id"]]) for name, one in answers.items()}
    common = set.intersection(*(set(own) for own in names.values())) if names else set()
    same = {name: one.where(np.array([key in common for key in names[name]], bool)) for name, one in answers.items()}
    return Shared(len(common), same, {name: _uar(one, params) for name, one in same.items()})


def _uar(clips: Answers, params: Evaluation) -> Number:
    sums = sums_of(clips, np.zeros_like(clips.clip), 1, params.top_k, params.calibration_bins)
    value: Number = rounded(number(known_mean(metrics(sums.total(axis=1))["uar"], axis=0)))
    return value
