"""Agreement and complementarity of picture and sound: what fusion could gain, and what it does gain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aver.evaluation.answers import Answers
from aver.evaluation.shared import Shared

VISUAL, ACOUSTIC = "visual", "acoustic"
#: What every strategy says the same of an answer.
KEYS = ["seed", "corpus", "clip_id", "actual"]


def complement(benchmark: str, shared: Shared, fusions: Sequence[str]) -> dict[str, Any] | None:
    """Compare what picture and sound say of the same clips; None if one of the two has no scores.

    All shares are shares of the clips that every strategy scored, averaged over seeds.  `oracle` is the share that
    picture or sound gets right: the accuracy of whoever always knew which of the two to trust.  `share` is how much of
    the oracle's gain over the better single modality the best fusion reaches; it may exceed 1, since a fusion may tell
    what neither tells alone, and it is None where the oracle gains nothing.  The best is the one with the highest UAR,
    as everywhere in the comparison; it is shown with its accuracy.

    Args:
        benchmark: its name.
        shared: the strategies with scores under the headline protocol, on the same clips.
        fusions: those of the streams that the two take.
    """
    if not {VISUAL, ACOUSTIC} <= set(shared.answers) or not shared.clips:
        return None
    table = reduce(pd.merge, (_said(name, shared.answers[name]) for name in (VISUAL, ACOUSTIC, *sorted(fusions))))
    if table.empty:  # no seed answered the same clips
        return None
    actual, seeds = table["actual"], table["seed"]
    seen, heard = table[VISUAL] == actual, table[ACOUSTIC] == actual
    single = _best(table, shared, [VISUAL, ACOUSTIC])
    fusion = _best(table, shared, fusions) if fusions else None
    oracle = _mean(seen | heard, seeds)
    gain = oracle - single["accuracy"]
    return {
        "benchmark": benchmark,
        "visual": VISUAL,
        "acoustic": ACOUSTIC,
        "clips": len(table[["corpus", "clip_id"]].drop_duplicates()),
        "both": _mean(seen & heard, seeds),
        "only_visual": _mean(seen & ~heard, seeds),
        "only_acoustic": _mean(~seen & heard, seeds),
        "neither": _mean(~seen & ~heard, seeds),
        "oracle": oracle,
        "agreement": _mean(table[VISUAL] == table[ACOUSTIC], seeds),
        "kappa": _kappa(table),
        "best_single": single,
        "best_fusion": fusion,
        "share": (fusion["accuracy"] - single["accuracy"]) / gain if fusion and gain > 0 else None,
    }


def cohen_kappa(one: NDArray[np.int64], other: NDArray[np.int64]) -> float | None:
    """Return how much more often two raters agree than by chance, 1 = always (Cohen 1960).

    κ = (p_o − p_e) / (1 − p_e), p_o the share of agreement, p_e the one expected of independent raters with the same
    habits; None where p_e is 1: both always say the same one word.

    Example:
        They agree on 3 of 4; expected are (1·2 + 3·2) / 16 = 0.5, so κ = 0.25 / 0.5.

        >>> cohen_kappa(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]))
        0.5
    """
    words = max(one.max(), other.max()) + 1
    first, second = (np.bincount(said, minlength=words) for said in (one, other))
    # In whole numbers, so that 1 is 1.
    expected, cases = int(first @ second), len(one) ** 2
    return float((len(one) * int((one == other).sum()) - expected) / (cases - expected)) if expected < cases else None


def _said(name: str, answers: Answers) -> pd.DataFrame:
    """Return `KEYS` and, named as the strategy, the number of the label that it predicted."""
    clips = answers.clips.iloc[answers.clip]
    return pd.DataFrame(
        {
            "seed": answers.seed,
            "corpus": clips["corpus"].to_numpy(),
            "clip_id": clips["clip_id"].to_numpy(),
            "actual": answers.actual,
            name: answers.predicted,
        }
    ).sort_values(KEYS, ignore_index=True)


def _mean(values: pd.Series[bool], seeds: pd.Series[int]) -> float:
    return float(values.groupby(seeds).mean().mean())


def _kappa(table: pd.DataFrame) -> float | None:
    found = [cohen_kappa(own[VISUAL].to_numpy(), own[ACOUSTIC].to_numpy()) for _, own in table.groupby("seed")]
    there = [kappa for kappa in found if kappa is not None]
    return sum(there) / len(there) if there else None


def _best(table: pd.DataFrame, shared: Shared, names: Sequence[str]) -> dict[str, Any]:
    name = shared.best(names)
    return {"strategy": name, "accuracy": _mean(table[name] == table["actual"], table["seed"])}
