"""Every pair of strategies, speaker by speaker: the difference of UAR, its interval, and whether it is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aver.evaluation.answers import Answers
from aver.evaluation.intervals import percentiles, weights
from aver.evaluation.permutation import holm, is_exact, sign_flip_p, smallest_p
from aver.params.blocks import Evaluation

PERSON = ["people", "speaker"]


@dataclass(frozen=True)
class Paired:
    """Two strategies on the clips that both scored.

    Args:
        clips: number of these.
        named: whether all of them say who speaks.
        differences: UAR of the one minus UAR of the other, of each speaker, averaged over seeds, [P] float64.
    """

    clips: int
    named: bool
    differences: NDArray[np.float64]


def pairs(benchmark: str, answers: Mapping[str, Answers], params: Evaluation) -> list[dict[str, Any]]:
    """Compare all pairs of strategies of a benchmark; p-values are corrected for the number of pairs that have one.

    `difference` is the mean over speakers of the difference between the speaker's own UARs: what the test is about.
    Where speakers do not have equally many clips of each label it differs a little from that of the pooled UARs.

    Args:
        benchmark: its name.
        answers: strategy → answers to clips under the headline protocol, to those that all scored
            (`aver.evaluation.shared`).
        params: intervals and permutations.
    """
    rates = {name: clip_rates(one) for name, one in sorted(answers.items())}
    rows = [
        {"benchmark": benchmark, "one": one, "other": other, "metric": "uar", **_row(paired(first, second), params)}
        for (one, first), (other, second) in combinations(rates.items(), 2)
    ]
    tested = [row for row in rows if row["p"] is not None]
    for row, corrected in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_corrected"] = corrected
        row["settled"] = corrected < round(1 - params.confidence, 12)
        row["remark"] = _remark(row, [other["smallest_p"] for other in tested], params)
    return rows


def clip_rates(answers: Answers) -> pd.DataFrame:
    """Return people, speaker, label of each clip, and its `rate`: the share of seeds with a right answer.

    Every seed answers the same clips, so a recall averaged over seeds is the mean of these shares.
    """
    right = (answers.predicted == answers.actual).astype(np.float64)
    count = len(answers.clips)
    rate = np.bincount(answers.clip, weights=right, minlength=count) / np.bincount(answers.clip, minlength=count)
    return answers.clips.assign(rate=rate).set_index(["corpus", "clip_id"])


def paired(one: pd.DataFrame, other: pd.DataFrame) -> Paired:
    """Return the differences of two strategies (`clip_rates`) on the clips that both scored."""
    both = one.join(other["rate"], rsuffix="_other", how="inner")
    both["difference"] = both["rate"] - both["rate_other"]
    # Recall of a speaker's label, then the mean over the labels that the speaker has: the speaker's UAR.
    recall = both.groupby([*PERSON, "label"], sort=True)["difference"].mean()
    differences = recall.groupby(PERSON, sort=True).mean().to_numpy(np.float64)
    return Paired(len(both), bool((both["speaker"] != "").all()), differences)


def _row(pair: Paired, params: Evaluation) -> dict[str, Any]:
    empty = {"difference": None, "low": None, "high": None, "p": None, "p_corrected": None, "speakers": 0,
             "method": None, "smallest_p": None, "settled": False, "clips": pair.clips}  # fmt: skip
    if not pair.clips:
        return {**empty, "remark": "no clip was scored by all strategies"}
    if not pair.named:
        return {**empty, "remark": "there are clips that do not say who speaks, so nothing can be paired by speaker"}
    differences, speakers = pair.differences, len(pair.differences)
    drawn = weights(speakers, params) @ differences / speakers
    low, high = percentiles(drawn, speakers, params.confidence) or (None, None)
    return {
        **empty,
        "difference": float(differences.mean()),
        "low": low,
        "high": high,
        "p": sign_flip_p(differences, params.permutations, params.bootstrap_seed),
        "speakers": speakers,
        "method": "exact" if is_exact(speakers, params.permutations) else "drawn",
        "smallest_p": smallest_p(speakers, params.permutations),
        "remark": "",
    }


def _remark(row: Mapping[str, Any], smallest: Sequence[float], params: Evaluation) -> str:
    """Say so where no difference, however clear, could be settled.

    In Holm's order at least those pairs may come after this one whose p cannot be smaller than its own can.
    """
    least, speakers = row["smallest_p"], row["speakers"]
    after = sum(other >= least for other in smallest)
    if least * after < round(1 - params.confidence, 12):
        return ""
    several = f", {min(1.0, least * after):.3g} when corrected for {after} pairs" if after > 1 else ""
    if row["method"] == "drawn":
        return (
            f"too few permutations: the smallest p that {params.permutations} draws allow is {least:.3g}{several}; "
            "raise evaluation.permutations"
        )
    allow = "speaker allows" if speakers == 1 else "speakers allow"
    return f"too few speakers: the smallest p that {speakers} {allow} is {least:.3g}{several}"
