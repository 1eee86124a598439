"""One row of `over_time.json`: all analyses of one strategy on one benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aver.evaluation.over_time.inside import attention, layers
from aver.evaluation.over_time.looks import looks
from aver.evaluation.over_time.noise import noise
from aver.evaluation.over_time.outputs import difference, divergence, in_the_end, joined
from aver.evaluation.over_time.probed import BOTH, Chosen, Known, Probed
from aver.evaluation.over_time.response import after_onset, response
from aver.evaluation.pairs import PERSON
from aver.evaluation.rounding import rounded
from aver.params.blocks import Evaluation

#: What a row says besides whose it is; all None where there is a gap.
ANALYSES = ("seeds", "folds", "clips", "speakers", "chance", "outputs", "entropy_difference", "kl", "layers", "time",
            "response", "onset", "noise", "attention")  # fmt: skip


def row(
    benchmark: str, strategy: str, probed: Sequence[Probed], known: Known, chosen: Chosen | None, params: Evaluation
) -> dict[str, Any]:
    """Return the row of one strategy on one benchmark, rounded; what does not exist is None, never NaN.

    All but `noise.trained` is of the models that were trained without noise.

    Args:
        benchmark: its name.
        strategy: its name.
        probed: all its models, at least one of them trained without noise; these have the same outputs.
        known: the clips.
        chosen: the clip whose attention is drawn; None: none.
        params: time between looks, and intervals.
    """
    clean = [one for one in probed if not one.noisy]
    outputs = joined(clean, known)
    tested = known.clips.iloc[np.unique(outputs[BOTH].ended.clip)]
    ends = in_the_end(outputs, known, params)
    found = {
        "seeds": outputs[BOTH].seeds,
        "folds": len({one.fold for one in clean}),
        "clips": len(tested),
        "speakers": len(tested.loc[tested["speaker"] != "", PERSON].drop_duplicates()),
        "chance": 1 / len(known.labels),
        "outputs": ends,
        "entropy_difference": difference(ends),
        "kl": divergence(outputs),
        "layers": layers(clean),
        "time": {name: looks(output, known, params) for name, output in outputs.items()},
        "response": {name: response(output) for name, output in outputs.items()},
        "onset": None,
        "noise": noise(probed, known, params),
        "attention": attention(clean, known, chosen),
    }
    if np.isfinite(known.onset_s[outputs[BOTH].clip]).any():
        found["onset"] = {name: after_onset(output, known.onset_s) for name, output in outputs.items()}
    head = {"benchmark": benchmark, "strategy": strategy, "gap": "", "window_s": params.over_time.window_s}
    answer: dict[str, Any] = rounded({**head, **{name: found[name] for name in ANALYSES}})
    return answer


def gap_row(benchmark: str, strategy: str, why: str, window_s: float) -> dict[str, Any]:
    """Return the row of a strategy without analyses on a benchmark.

    Args:
        benchmark: its name.
        strategy: its name.
        why: there is none.
        window_s: time between two looks.
    """
    head = {"benchmark": benchmark, "strategy": strategy, "gap": why, "window_s": window_s}
    answer: dict[str, Any] = rounded({**head, **dict.fromkeys(ANALYSES)})
    return answer
