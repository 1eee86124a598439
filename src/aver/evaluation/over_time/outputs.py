"""The outputs of a strategy's models: how right and how sure they are in the end, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy

from aver.evaluation.over_time.accuracy import accuracies
from aver.evaluation.over_time.probed import ACOUSTIC, OUTPUTS, VISUAL, Known, Probed
from aver.evaluation.score import Number
from aver.params.blocks import Evaluation

#: A probability that float32 no longer tells from 0: else a divergence would be infinite.
LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Output:
    """What models say through one output of P pairs of a clip and a model that tests it.

    Args:
        seeds: number of seeds among the models.
        looks_s: seconds since the clip's first step began, [K] float64.
        clip: the place of each pair's clip in `Known.clips`, [P] int64.
        actual: the number of its label, [P] int64.
        said: probabilities, [K, P, C] float32, NaN where there is no answer.
    """

    seeds: int
    looks_s: NDArray[np.float64]
    clip: NDArray[np.int64]
    actual: NDArray[np.int64]
    said: NDArray[np.float32]

    @cached_property
    def answered(self) -> NDArray[np.bool_]:
        """Whether there is an answer, [K, P]."""
        return np.isfinite(self.said.sum(axis=2))

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Whether there is an answer and it is right, [K, P]; of equally probable labels the first is the answer."""
        return self.answered & (self.said.argmax(axis=2) == self.actual[None])

    @cached_property
    def last(self) -> NDArray[np.float64]:
        """Probabilities when the clip is over, [P, C]."""
        return self.said[-1].astype(np.float64)

    @cached_property
    def ended(self) -> Output:
        """Those of the pairs that have an answer when the clip is over: the clip does not lack what it takes."""
        kept = self.answered[-1]
        return replace(self, clip=self.clip[kept], actual=self.actual[kept], said=self.said[:, kept])


def joined(probed: Sequence[Probed], known: Known) -> dict[str, Output]:
    """Return the outputs of at least one model of a strategy, folds and seeds together, in the order of `OUTPUTS`."""
    number = {label: k for k, label in enumerate(known.labels)}
    clip = np.concatenate([one.clips for one in probed])
    actual = np.array([number[label] for label in known.clips["label"]], np.int64)[clip]
    seeds, looks_s = len({one.seed for one in probed}), probed[0].looks_s
    return {
        name: Output(seeds, looks_s, clip, actual, np.concatenate([one.said[name] for one in probed], axis=1))
        for name in OUTPUTS
        if name in probed[0].said
    }


def in_the_end(outputs: Mapping[str, Output], known: Known, params: Evaluation) -> dict[str, dict[str, Any]]:
    """Return per output its `clips`, their `accuracy` and the mean `entropy` of what is said of them, in nats.

    A clip that lacks an output's modality is no clip of that output.
    """
    return {name: _in_the_end(output.ended, known, params) for name, output in outputs.items()}


def difference(found: Mapping[str, Mapping[str, Any]]) -> Number:
    """Return how far the entropies of sound and picture lie apart; None where there are not both.

    As in Table 1 there, the difference of the two means, not the mean of the clips' differences.

    Args:
        found: what `in_the_end` returns.
    """
    acoustic, visual = (found.get(name, {}).get("entropy") for name in (ACOUSTIC, VISUAL))
    return None if acoustic is None or visual is None else abs(acoustic - visual)


def divergence(outputs: Mapping[str, Output]) -> dict[str, float] | None:
    """Return the mean Kullback-Leibler divergences between sound and picture, in nats; None where there are not both.

    `acoustic_visual` is D(A‖V), the mean of Σ A ln(A/V): what is lost where sound speaks and picture is believed;
    `visual_acoustic` is D(V‖A).  Of the clips that both answer.
    """
    if not {ACOUSTIC, VISUAL} <= set(outputs):
        return None
    sound, picture = outputs[ACOUSTIC], outputs[VISUAL]
    both = sound.answered[-1] & picture.answered[-1]
    if not both.any():
        return None
    heard, seen = (np.maximum(output.last[both], LEAST) for output in (sound, picture))
    return {
        "acoustic_visual": float(entropy(heard, seen, axis=1).mean()),
        "visual_acoustic": float(entropy(seen, heard, axis=1).mean()),
    }


def _in_the_end(output: Output, known: Known, params: Evaluation) -> dict[str, Any]:
    (accuracy,) = accuracies(output.right[-1:], output.clip, known.clips, params)
    return {
        "clips": len(np.unique(output.clip)),
        "accuracy": accuracy,
        "entropy": float(entropy(output.last, axis=1).mean()) if len(output.clip) else None,
    }
