"""Agreement, oracle and what fusion reaches of it, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from answered import PARAMS, clips_of, said
from sklearn.metrics import cohen_kappa_score

from aver.evaluation import complement as module
from aver.evaluation.complement import cohen_kappa
from aver.evaluation.shared import share

#: Of eight clips picture gets six right and sound five, see below.
ACTUAL, SEEN, HEARD = "hshshshs", "hshshhhh", "shhshshh"


def answers(words, actual=ACTUAL, seed=0):
    return clips_of(said(words, actual=actual, seed=seed))


def complement(found, fusions):
    return module.complement("x", share(found, PARAMS), fusions)


def test_by_hand():
    """What is said of clips 1 … 8, h(appy) or s(ad).

    actual  h s h s h s h s
    seen    h s h s h h h h   right on 1 2 3 4 5 7
    heard   s h h s h s h h   right on 3 4 5 6 7
    """
    found = complement({"visual": answers(SEEN), "acoustic": answers(HEARD)}, [])
    assert found is not None
    assert (found["both"], found["only_visual"], found["only_acoustic"], found["neither"]) == (0.5, 0.25, 0.125, 0.125)
    assert (found["oracle"], found["clips"]) == (0.875, 8)
    # They say the same on 3, 4, 5, 7, 8.
    assert found["agreement"] == 0.625
    # Of 8, seen says h 6 times, heard 5 times: expected (6·5 + 2·3) / 64 = 0.5625; κ = 0.0625 / 0.4375.
    assert found["kappa"] == pytest.approx(1 / 7)
    assert found["best_single"] == {"strategy": "visual", "accuracy": 0.75}
    assert found["best_fusion"] is found["share"] is None


def test_the_share_of_the_oracles_gain_that_the_best_fusion_reaches():
    """Oracle 0.875, picture 0.75; `good` is right on 0.8125 over two seeds: half of the gain; `all` on everything."""
    seen, heard = answers(SEEN), answers(HEARD)
    good = clips_of(said(SEEN, actual=ACTUAL) + said("hshshshh", actual=ACTUAL, seed=1))
    both = {"visual": seen, "acoustic": heard}
    twice = {
        name: clips_of(said(words, actual=ACTUAL) + said(words, actual=ACTUAL, seed=1))
        for name, words in (("visual", SEEN), ("acoustic", HEARD))
    }
    found = complement({**twice, "good": good, "poor": twice["acoustic"]}, ["good", "poor"])
    assert found is not None
    assert found["best_fusion"] == {"strategy": "good", "accuracy": 0.8125}
    assert found["share"] == pytest.approx(0.5)
    found = complement({**both, "all": answers(ACTUAL)}, ["all"])
    assert found is not None and found["share"] == 2.0  # more than the oracle
    found = complement({**both, "poor": heard}, ["poor"])
    assert found is not None and found["share"] == -1.0


def test_where_the_oracle_gains_nothing_there_is_no_share():
    found = complement({"visual": answers(SEEN), "acoustic": answers(SEEN), "f": answers(ACTUAL)}, ["f"])
    assert found is not None
    assert (found["oracle"], found["share"], found["agreement"], found["kappa"]) == (0.75, None, 1.0, 1.0)


def test_only_clips_that_all_of_them_scored_count():
    short = clips_of(said(SEEN, actual=ACTUAL)[:4])
    found = complement({"visual": short, "acoustic": answers(HEARD), "f": answers(ACTUAL)}, ["f"])
    assert found is not None
    assert (found["clips"], found["best_single"]["accuracy"]) == (4, 1.0)
    assert complement({"visual": short, "acoustic": clips_of(said(HEARD, actual=ACTUAL)[4:])}, []) is None


def test_without_both_modalities_there_is_nothing_to_say():
    assert complement({"visual": answers(SEEN), "f": answers(SEEN)}, ["f"]) is None


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_scikit_learns(seed):
    one, other = np.random.default_rng(seed).integers(0, 4, (2, 30))
    assert cohen_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))


def test_kappa_of_one_word_does_not_exist():
    assert cohen_kappa(np.array([2, 2, 2]), np.array([2, 2, 2])) is None
    assert cohen_kappa(np.array([0, 0]), np.array([1, 1])) == 0.0
    always = answers("h" * 8)
    found = complement({"visual": always, "acoustic": always}, [])
    assert found is not None and found["kappa"] is None
