"""Paired comparisons by speaker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from answered import PARAMS, clips_of, prediction, said
from scipy.stats import permutation_test

from aver.evaluation.pairs import clip_rates, paired, pairs

SPEAKERS = "aabbccdd"


def answers(words, actual="hshshshs", speakers=SPEAKERS, seed=0):
    return clips_of(said(words, actual=actual, speakers=speakers, seed=seed))


def test_a_pair_by_hand():
    """UARs of speakers a … d: 1, 1, 0.5, 0.5 against 0.5, 0.5, 0.5, 0: differences 0.5, 0.5, 0, 0.5, mean 0.375.

    Sums of ±0.5 ±0.5 ±0 ±0.5: 1.5 and −1.5 come twice each (with either sign of 0): 4 of 16.
    """
    row = pairs("x", {"b": answers("hhhhhhsh"), "a": answers("hshshhhh")}, PARAMS)[0]
    assert (row["one"], row["other"], row["metric"], row["benchmark"]) == ("a", "b", "uar", "x")
    assert row["difference"] == 0.375
    assert (row["p"], row["method"], row["speakers"], row["clips"]) == (0.25, "exact", 4, 8)
    assert row["low"] is row["high"] is None  # four speakers are too few for an interval
    assert row["smallest_p"] == 0.125
    assert row["remark"] == "too few speakers: the smallest p that 4 speakers allow is 0.125"
    assert row["settled"] is False


def test_the_interval_of_a_difference_is_that_of_few_speakers():
    """Three of six speakers differ by 1: k/6 of the draws' mean is binomial(6, 1/2), 1/64 of them at either end.

    The expanded interval leaves out 0.0024 at each end, so it ends there; the middle 95 % would be 1/6 … 5/6.
    """
    row = pairs("x", {"a": answers("hhhhhh", "hhhhhh", "abcdef"), "b": answers("hhhsss", "hhhhhh", "abcdef")}, PARAMS)[
        0
    ]
    assert (row["difference"], row["low"], row["high"], row["speakers"]) == (0.5, 0.0, 1.0, 6)


def test_a_speakers_uar_weighs_labels_and_not_clips():
    """Speaker a: 3 happy clips, all right, 1 sad clip wrong: UAR 0.5, accuracy 0.75. b: one label, right."""
    one = clips_of(said("hhhhh", actual="hhhsh", speakers="aaaab"))
    other = clips_of(said("sssss", actual="hhhsh", speakers="aaaab"))
    # a: recalls 1 and 0 against 0 and 1; b: 1 against 0.
    assert paired(clip_rates(one), clip_rates(other)).differences.tolist() == [0.0, 1.0]


def test_seeds_are_averaged():
    rows = said("hh", speakers="ab") + said("hs", actual="hh", speakers="ab", seed=1)
    found = paired(clip_rates(clips_of(rows)), clip_rates(clips_of(said("ss", actual="hh", speakers="ab"))))
    assert found.differences.tolist() == [1.0, 0.5]


def test_only_clips_that_both_scored_count():
    """Without clip 1, which only one of them scored, speaker a is as good for both."""
    every = said("hshs", speakers="aabb")
    found = pairs("x", {"one": clips_of(every), "two": clips_of([every[0], *every[2:]])}, PARAMS)[0]
    assert (found["clips"], found["difference"], found["p"]) == (3, 0.0, 1.0)
    found = pairs("x", {"one": clips_of(every[:2]), "two": clips_of(every[2:])}, PARAMS)[0]
    assert (found["difference"], found["p"], found["remark"]) == (None, None, "no clip was scored by all strategies")


def test_holm_counts_the_pairs_of_the_benchmark():
    """12 speakers: `good` is better than both others for everybody, 2/4096; the others are the same."""
    speakers = "abcdefghijkl"
    good, bad = answers("h" * 12, "h" * 12, speakers), answers("s" * 12, "h" * 12, speakers)
    rows = {(row["one"], row["other"]): row for row in pairs("x", {"good": good, "bad": bad, "poor": bad}, PARAMS)}
    assert list(rows) == [("bad", "good"), ("bad", "poor"), ("good", "poor")]
    for pair in (("bad", "good"), ("good", "poor")):
        assert rows[pair]["p"] == 2 / 4096
        assert rows[pair]["p_corrected"] == 6 / 4096
        assert rows[pair]["settled"] and not rows[pair]["remark"]
    assert rows["bad", "good"]["difference"] == -1
    assert (rows["bad", "good"]["low"], rows["bad", "good"]["high"]) == (-1, -1)
    assert rows["bad", "poor"]["p_corrected"] == 1
    assert not rows["bad", "poor"]["settled"]


def test_six_speakers_are_enough_for_one_pair_and_too_few_for_three():
    speakers, right, wrong = "abcdef", "h" * 6, "s" * 6
    one = {"a": answers(right, right, speakers), "b": answers(wrong, right, speakers)}
    row = pairs("x", one, PARAMS)[0]
    assert (row["p"], row["settled"], row["remark"]) == (2 / 64, True, "")
    row = pairs("x", one | {"c": answers(wrong, right, speakers)}, PARAMS)[0]
    assert (row["p"], row["p_corrected"], row["settled"]) == (2 / 64, 6 / 64, False)
    assert row["remark"] == (
        "too few speakers: the smallest p that 6 speakers allow is 0.0312, 0.0938 when corrected for 3 pairs"
    )


def test_too_few_draws_are_said_too():
    speakers = "abcdefghijklmnopqrst"
    found = {"a": answers("h" * 20, "h" * 20, speakers), "b": answers("s" * 20, "h" * 20, speakers)}
    row = pairs("x", found, replace(PARAMS, permutations=9))[0]
    assert (row["p"], row["method"], row["settled"]) == (0.1, "drawn", False)
    assert row["remark"] == (
        "too few permutations: the smallest p that 9 draws allow is 0.1; raise evaluation.permutations"
    )
    row = pairs("x", found, PARAMS)[0]
    assert (row["p"], row["settled"], row["remark"]) == (1 / 1001, True, "")


def test_one_speaker_has_a_difference_and_no_interval():
    found = {"a": answers("hs", "hs", "aa"), "b": answers("hh", "hs", "aa")}
    row = pairs("x", found, PARAMS)[0]
    assert (row["difference"], row["low"], row["high"], row["p"]) == (0.5, None, None, 1.0)
    assert row["remark"] == "too few speakers: the smallest p that 1 speaker allows is 1"


def test_clips_that_name_nobody_cannot_be_paired():
    rows = said("hs", speakers="aa")
    for row in rows:
        row["speaker"] = ""
    row = pairs("x", {"a": clips_of(rows), "b": clips_of(rows)}, PARAMS)[0]
    assert (row["difference"], row["p"], row["p_corrected"], row["settled"]) == (None, None, None, False)
    assert "do not say who speaks" in row["remark"]


def test_one_strategy_has_no_pairs():
    assert pairs("x", {"a": answers("hshshshs")}, PARAMS) == []
    assert pairs("x", {}, PARAMS) == []


@pytest.mark.parametrize("seed", range(4))
def test_differences_and_p_are_those_of_scipy_and_pandas_on_random_tables(seed):
    rng = np.random.default_rng(seed)

    def rows():
        return [
            prediction(f"{k}", rng.random(), label=["happy", "sad"][k % 2], speaker=f"s{k % 7}", seed=s)
            for k in range(70)
            for s in range(3)
        ]

    one, other = clips_of(rows()), clips_of(rows())
    uars = []
    for answer in (one, other):
        table = answer.clips.iloc[answer.clip].assign(right=answer.predicted == answer.actual, seed=answer.seed)
        uars.append(table.groupby(["seed", "speaker", "label"])["right"].mean().groupby("speaker").mean().to_numpy())
    row = pairs("x", {"one": one, "other": other}, PARAMS)[0]
    assert row["difference"] == pytest.approx((uars[0] - uars[1]).mean())
    test = permutation_test(
        tuple(uars), lambda a, b: np.mean(a - b), permutation_type="samples", vectorized=False, n_resamples=np.inf
    )
    assert row["p"] == pytest.approx(test.pvalue)
