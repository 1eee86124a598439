"""Response times: how much of a clip must be over before the answer is right (Ghaleb et al. 2022, §6.2).

Only clips count that are right in the end, each as often as models test it.  The paper's time is that of the first look
at which the answer is right, even if it changes again: a model that guesses is soon right by luck.  So a second time
stands beside it, that of the first look from which on the answer stays right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.evaluation.over_time.outputs import Output


def response(output: Output) -> dict[str, Any]:
    """Return `clips`, the mean number over seeds of those that end right, and how their times are distributed.

    `mean_s`, `median_s` and `first`, the share of each look, are of the first right answers; `settled_mean_s`,
    `settled_median_s` and `settled` of those that stay.  Where no clip ends right the times are None, and no look has a
    share.
    """
    right = _ending_right(output)
    mean_s, median_s, first = _times(right.argmax(axis=0), output.looks_s)
    settled_mean_s, settled_median_s, settled = _times(_settled(right), output.looks_s)
    return {
        "clips": right.shape[1] / output.seeds,
        "mean_s": mean_s,
        "median_s": median_s,
        "first": first,
        "settled_mean_s": settled_mean_s,
        "settled_median_s": settled_median_s,
        "settled": settled,
    }


def after_onset(output: Output, onset_s: NDArray[np.float64]) -> dict[str, Any]:
    """Return how long after the emotion began the answer was settled: `median_s`, and the quartiles `low_s`, `high_s`.

    Args:
        output: one of the outputs.
        onset_s: when it begins in each of the clips, NaN where nobody knows, [N].

    Returns:
        also `clips`, the mean number over seeds of those that end right and whose onset is known; None without any.
        A negative time is an answer from before: a guess, or a hint that is no part of the emotion.
    """
    begins = onset_s[output.clip[output.right[-1]]]
    delays = (output.looks_s[_settled(_ending_right(output))] - begins)[np.isfinite(begins)]
    low_s, median_s, high_s = np.quantile(delays, [0.25, 0.5, 0.75]).tolist() if len(delays) else [None] * 3
    return {"clips": len(delays) / output.seeds, "median_s": median_s, "low_s": low_s, "high_s": high_s}


def _ending_right(output: Output) -> NDArray[np.bool_]:
    """Return which looks are right of the pairs whose last one is, [K, Q]."""
    return output.right[:, output.right[-1]]


def _settled(right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first look from which on all are right, [Q]."""
    stays = np.logical_and.accumulate(right[::-1])[::-1]
    return stays.argmax(axis=0).astype(np.int64)


def _times(look: NDArray[np.integer], looks_s: NDArray[np.float64]) -> tuple[Any, Any, list[dict[str, Any]]]:
    """Return mean and median of the times of some looks, and the share of each look."""
    if not len(look):
        return None, None, []
    shares = np.bincount(look, minlength=len(looks_s)) / len(look)
    times_s = looks_s[look]
    histogram = [{"t_s": t_s, "share": share} for t_s, share in zip(looks_s.tolist(), shares.tolist(), strict=True)]
    return float(times_s.mean()), float(np.median(times_s)), histogram
