"""The answers while a clip goes on: how many are right when only what has ended is known."""

from __future__ import annotations

from typing import Any

from aver.evaluation.over_time.accuracy import accuracies
from aver.evaluation.over_time.outputs import Output
from aver.evaluation.over_time.probed import Known
from aver.evaluation.score import Number
from aver.params.blocks import Evaluation


def looks(output: Output, known: Known, params: Evaluation) -> list[dict[str, Any]]:
    """Return of each look its time `t_s`, the `accuracy`, and the share of `answered` clips.

    The clips are the same at every look, those that the output answers in the end.  One without an answer yet is not
    right, so the first accuracies can lie below chance.
    """
    output = output.ended
    found = accuracies(output.right, output.clip, known.clips, params)
    shares: list[Number] = output.answered.mean(axis=1).tolist() if len(output.clip) else [None] * len(output.looks_s)
    return [
        {"t_s": t_s, "accuracy": accuracy, "answered": share}
        for t_s, accuracy, share in zip(output.looks_s.tolist(), found, shares, strict=True)
    ]
