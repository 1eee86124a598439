"""The analyses over time, of models that are written out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from math import log

import numpy as np
import pytest
from probed_by_hand import LABELS, PARAMS, known, model

from aver.evaluation.answers import Answers
from aver.evaluation.over_time.accuracy import accuracies
from aver.evaluation.over_time.probed import Chosen
from aver.evaluation.over_time.rows import ANALYSES, gap_row, row
from aver.evaluation.score import score

NOTHING = {"mean": None, "low": None, "high": None}


def rowed(probed, of, chosen=None, params=PARAMS):
    """Return the row as it is read from its file, which knows no NaN."""
    found = row("x", "mater", probed, of, chosen, params)
    return json.loads(json.dumps(found, allow_nan=False))


def means(curve):
    return [point["accuracy"]["mean"] for point in curve]


# ---------------------------------------------------------------- accuracy and its interval


def test_a_clips_rate_is_the_mean_of_its_models_and_the_accuracy_that_of_the_clips():
    """Clip 0: 1, 0 → 0.5; clip 1: 1, 1 → 1; clip 2: one model only, 0.4."""
    (found,) = accuracies(np.array([[1, 0, 1, 1, 0.4]]), np.array([0, 0, 1, 1, 2]), known("hhh").clips, PARAMS)
    assert found == {"mean": pytest.approx((0.5 + 1 + 0.4) / 3), "low": None, "high": None}


def test_the_interval_is_that_of_the_comparison():
    """Seven speakers with unequally many clips, two seeds."""
    rng = np.random.default_rng(3)
    speakers = [f"s{k}" for k in rng.integers(0, 7, 60)]
    of = known("hs" * 30, speakers)
    clip, seed = np.tile(np.arange(60), 2), np.repeat([0, 1], 60)
    happy = rng.random(120)
    answers = Answers(LABELS, of.clips, clip, np.zeros(120, np.int64), seed, np.stack([happy, 1 - happy], axis=1))
    expected = score(answers, answers, PARAMS).clip["accuracy"]
    right = answers.predicted == answers.actual
    one, other = accuracies(np.stack([right, ~right]), clip, of.clips, PARAMS)
    assert expected["low"] < expected["high"]
    assert one == {name: pytest.approx(expected[name]) for name in ("mean", "low", "high")}
    assert other["mean"] == pytest.approx(1 - one["mean"])


@pytest.mark.parametrize("speakers", ["aabbccdd", "abcdefg", ["a", "b", "c", "d", "e", "f", "g", ""]])
def test_no_interval_for_few_speakers_and_none_where_a_clip_names_nobody(speakers):
    of = known("h" * len(speakers), speakers)
    (found,) = accuracies(np.ones((1, len(speakers))), np.arange(len(speakers)), of.clips, PARAMS)
    there = speakers == "abcdefg"
    assert found == {"mean": 1.0, "low": 1.0 if there else None, "high": 1.0 if there else None}


def test_people_who_are_in_no_tested_clip_do_not_count():
    """Four speakers speak in what is tested, too few for an interval; a nameless clip is not tested."""
    of = known("h" * 6, ["a", "b", "c", "d", "e", ""])
    assert accuracies(np.ones((1, 4)), np.arange(4), of.clips, PARAMS)[0]["low"] is None
    assert accuracies(np.ones((1, 5)), np.arange(5), of.clips, PARAMS)[0]["low"] == 1.0


def test_speakers_of_one_name_but_other_people_are_not_one():
    of = known("h" * 6, "aaabbb")
    of.clips["people"] = ["x", "y", "z", "x", "y", "z"]
    assert accuracies(np.ones((1, 6)), np.arange(6), of.clips, PARAMS)[0]["low"] == 1.0


# ---------------------------------------------------------------- outputs in the end


def test_a_row_by_hand():
    """Four clips h s h s over two folds with two seeds each; who is right at the last look:

    fold 0 (clips 0, 1): seed 0 both, seed 1 the first; fold 1 (clips 2, 3): seed 0 none, seed 1 the second.
    Rates 1, 0.5, 0, 0.5.
    """
    probed = [
        model(["Hs"], fold=0, seed=0, clips=[0, 1]),
        model(["HH"], fold=0, seed=1, clips=[0, 1]),
        model(["SH"], fold=1, seed=0, clips=[2, 3]),
        model(["SS"], fold=1, seed=1, clips=[2, 3]),
    ]
    found = rowed(probed, known("hshs", "aabb"))
    assert {name: found[name] for name in ("benchmark", "strategy", "gap", "window_s")} == {
        "benchmark": "x", "strategy": "mater", "gap": "", "window_s": 0.5}  # fmt: skip
    assert {name: found[name] for name in ("seeds", "folds", "clips", "speakers", "chance")} == {
        "seeds": 2, "folds": 2, "clips": 4, "speakers": 2, "chance": 0.5}  # fmt: skip
    assert found["outputs"]["both"]["accuracy"] == {"mean": 0.5, "low": None, "high": None}
    assert list(found["outputs"]) == ["both"]
    for name in ("entropy_difference", "kl", "layers", "onset", "attention"):
        assert found[name] is None
    assert found["noise"] == {"clean": None, "trained": {}}


def test_of_equally_probable_labels_the_first_is_the_answer():
    found = rowed([model(["=="])], known("hs"))
    assert found["response"]["both"]["clips"] == 1
    assert found["outputs"]["both"]["accuracy"]["mean"] == 0.5


def test_entropy_is_that_of_the_last_look_in_nats_and_a_mean_over_clips_and_seeds():
    """0.5 / 0.5 has ln 2, 0.9 / 0.1 has 0.3251 nats."""
    sure = -(0.9 * log(0.9) + 0.1 * log(0.1))
    probed = [
        model(["==", "=H"], visual=["==", "HH"], acoustic=["HH", "=="], seed=0),
        model(["==", "HS"], visual=["==", "SH"], acoustic=["HH", "=="], seed=1),
    ]
    found = rowed(probed, known("hh"))
    assert found["outputs"]["both"]["entropy"] == pytest.approx((log(2) + 3 * sure) / 4, abs=1e-6)
    assert found["outputs"]["visual"]["entropy"] == pytest.approx(sure, abs=1e-6)
    assert found["outputs"]["acoustic"]["entropy"] == pytest.approx(log(2), abs=1e-6)
    # The same whichever of the two is the surer.
    assert found["entropy_difference"] == pytest.approx(log(2) - sure, abs=1e-6)
    turned = [replace(one, said={**one.said, "visual": one.said["acoustic"], "acoustic": one.said["visual"]})
              for one in probed]  # fmt: skip
    assert rowed(turned, known("hh"))["entropy_difference"] == pytest.approx(log(2) - sure, abs=1e-6)


def test_the_difference_of_entropies_is_that_of_the_means():
    """One clip is surer by sight and the other by sound, equally: the means do not differ."""
    found = rowed([model(["HH"], visual=["H="], acoustic=["=H"])], known("hh"))
    assert found["entropy_difference"] == 0.0


def test_the_direction_of_the_divergence():
    """Sound is undecided, picture sure: D(A‖V) = ½ ln(0.5/0.9) + ½ ln(0.5/0.1) = 0.5108, D(V‖A) = 0.3681."""
    found = rowed([model(["HH"], visual=["HS"], acoustic=["=="])], known("hh"))
    assert found["kl"]["acoustic_visual"] == pytest.approx(0.5 * log(0.5 / 0.9) + 0.5 * log(0.5 / 0.1), abs=1e-6)
    assert found["kl"]["visual_acoustic"] == pytest.approx(0.9 * log(0.9 / 0.5) + 0.1 * log(0.1 / 0.5), abs=1e-6)


def test_probabilities_of_nothing_leave_the_divergence_finite():
    probed = model(["H"], visual=["H"], acoustic=["S"])
    probed.said["visual"][:] = [1, 0]
    probed.said["acoustic"][:] = [0, 1]
    found = rowed([probed], known("h"))
    assert found["outputs"]["visual"]["entropy"] == 0.0
    assert found["kl"]["acoustic_visual"] == found["kl"]["visual_acoustic"] == pytest.approx(87.3365)


def test_clips_that_lack_a_modality_are_no_clips_of_its_output():
    """Clip 1 is never heard, clip 2 never seen; divergence is of clip 0 alone."""
    probed = [model([".HH", "HHH"], visual=["HS.", "HS."], acoustic=["S.H", "=.H"])]
    found = rowed(probed, known("hhh"))
    assert {name: own["clips"] for name, own in found["outputs"].items()} == {"both": 3, "visual": 2, "acoustic": 2}
    assert {name: own["accuracy"]["mean"] for name, own in found["outputs"].items()} == {
        "both": 1.0, "visual": 0.5, "acoustic": 1.0}  # fmt: skip
    assert found["kl"]["acoustic_visual"] == pytest.approx(0.5 * log(0.5 / 0.9) + 0.5 * log(0.5 / 0.1), abs=1e-6)
    assert means(found["time"]["visual"]) == [0.5, 0.5]
    assert [look["answered"] for look in found["time"]["visual"]] == [1.0, 1.0]


def test_an_output_that_answers_nothing_has_no_numbers():
    found = rowed([model(["H"], visual=["H"], acoustic=["."])], known("h", onset_s=[0.1]))
    assert found["outputs"]["acoustic"] == {"clips": 0, "accuracy": NOTHING, "entropy": None}
    assert found["entropy_difference"] is found["kl"] is None
    assert found["time"]["acoustic"] == [{"t_s": 0.5, "accuracy": NOTHING, "answered": None}]
    assert found["response"]["acoustic"]["clips"] == 0
    assert found["onset"]["acoustic"] == {"clips": 0, "median_s": None, "low_s": None, "high_s": None}


# ---------------------------------------------------------------- as time goes on


def test_a_clip_without_an_answer_yet_is_not_right():
    """Clips h s h s: first look one answer, right; then three answers, two right; then all right."""
    found = rowed([model(["H...", "SSH.", "HSHS"])], known("hshs"))["time"]["both"]
    assert [look["t_s"] for look in found] == [0.5, 1.0, 1.5]
    assert means(found) == [0.25, 0.5, 1.0]
    assert [look["answered"] for look in found] == [0.25, 0.75, 1.0]


def test_looks_have_intervals_and_the_last_is_the_whole_clip():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("HS"), 40)) for _ in range(3)]
    found = rowed([model(words)], known("h" * 40, "abcdefgh" * 5))
    for look in found["time"]["both"]:
        assert look["accuracy"]["low"] < look["accuracy"]["mean"] < look["accuracy"]["high"]
    assert found["time"]["both"][-1]["accuracy"] == found["outputs"]["both"]["accuracy"]


# ---------------------------------------------------------------- response times


def test_first_and_settled_response_times():
    """All clips are happy; looks at 0.5, 1, 1.5, 2 s.

    clip  looks  first  settled
    0     H H H H  0.5    0.5
    1     H S H H  0.5    1.5
    2     . . S H  2      2
    3     H H H S  wrong in the end
    """
    found = rowed([model(["HH.H", "HS.H", "HHSH", "HHHS"])], known("hhhh"))["response"]["both"]
    assert found == {
        "clips": 3,
        "mean_s": 1.0,
        "median_s": 0.5,
        "first": [{"t_s": 0.5, "share": pytest.approx(2 / 3, abs=1e-6)}, {"t_s": 1.0, "share": 0.0},
                  {"t_s": 1.5, "share": 0.0}, {"t_s": 2.0, "share": pytest.approx(1 / 3, abs=1e-6)}],
        "settled_mean_s": pytest.approx(4 / 3, abs=1e-5),
        "settled_median_s": 1.5,
        "settled": [{"t_s": 0.5, "share": pytest.approx(1 / 3, abs=1e-6)}, {"t_s": 1.0, "share": 0.0},
                    {"t_s": 1.5, "share": pytest.approx(1 / 3, abs=1e-6)},
                    {"t_s": 2.0, "share": pytest.approx(1 / 3, abs=1e-6)}],
    }  # fmt: skip


def test_a_clip_that_is_over_early_keeps_its_answer_and_its_time():
    """Clip 0 is over after one look and says the same at the later ones."""
    found = rowed([model(["HS", "HS", "HH"])], known("hh"))["response"]["both"]
    assert (found["mean_s"], found["settled_mean_s"]) == (1.0, 1.0)
    assert [look["share"] for look in found["first"]] == [0.5, 0.0, 0.5]


def test_seeds_are_pooled_and_their_number_of_clips_is_a_mean():
    """Seed 0 is right on one clip after 0.5 s, seed 1 on both after 1 s: (0.5 + 1 + 1) / 3, 1.5 clips a seed."""
    found = rowed([model(["HS", "HS"], seed=0), model(["SS", "HH"], seed=1)], known("hh"))["response"]["both"]
    assert (found["clips"], found["mean_s"]) == (1.5, pytest.approx(2.5 / 3, abs=1e-6))


def test_nothing_is_right_in_the_end():
    found = rowed([model(["H", "S"])], known("h"))["response"]["both"]
    assert found["clips"] == 0
    assert found["mean_s"] is found["median_s"] is found["settled_mean_s"] is found["settled_median_s"] is None
    assert found["first"] == found["settled"] == []


def test_the_time_after_the_onset_is_that_of_the_settled_answer():
    """Settled at 0.5, 1.5, 1.5, 1, 0.5 s; onsets 0.2, 0.3, 0.5, unknown and 0.7 s: 0.3, 1.2, 1.0 and −0.2 s after them.

    In order −0.2, 0.3, 1.0, 1.2: quartiles 0.175, 0.65, 1.05.
    """
    words = ["HHSSHH", "HSSHHH", "HHHHHS"]
    of = known("hhhhhh", onset_s=[0.2, 0.3, 0.5, np.nan, 0.7, 0.1])
    found = rowed([model(words)], of)["onset"]["both"]
    assert found["clips"] == 4
    assert (found["low_s"], found["median_s"], found["high_s"]) == pytest.approx((0.175, 0.65, 1.05))
    assert rowed([model(words, seed=0), model(words, seed=1)], of)["onset"]["both"]["clips"] == 4


# ---------------------------------------------------------------- noise


def test_noise_starts_from_the_answer_without_noise():
    """Two folds of one clip; with 1 and 2 noisy windows of sound right in 0.8, 0.5 and in 0.4, 0.1 of the repeats."""
    probed = [
        model(["H"], fold=0, clips=[0], noise={"acoustic": [[0.8], [0.5]]}),
        model(["S"], fold=1, clips=[1], noise={"acoustic": [[0.4], [0.1]]}),
    ]
    found = rowed(probed, known("hh"))["noise"]
    assert list(found["clean"]) == ["acoustic"]
    assert [point["windows"] for point in found["clean"]["acoustic"]] == [0, 1, 2]
    assert means(found["clean"]["acoustic"]) == pytest.approx([0.5, 0.6, 0.3], abs=1e-6)
    assert found["trained"] == {}


def test_models_trained_with_noise_are_tested_with_it_in_the_same_modality():
    """The clean seeds are right and wrong; who was trained with noise in sound is right, and 0.7, 0.6 in it."""
    own = {"visual": [[0.3], [0.2]], "acoustic": [[0.7], [0.6]]}
    clean = {"visual": [[0.9], [0.8]], "acoustic": [[0.5], [0.4]], "both": [[0.1], [0.0]]}
    probed = [
        model(["H"], noisy="acoustic", noise=own),
        model(["H"], noisy="both", noise={"both": [[0.25], [0.25]]}),
        model(["H"], seed=0, noise=clean),
        model(["S"], seed=1, noise=clean),
    ]
    found = rowed(probed, known("h"))
    assert {name: means(curve) for name, curve in found["noise"]["trained"].items()} == {
        "acoustic": pytest.approx([1.0, 0.7, 0.6], abs=1e-6), "both": [1.0, 0.25, 0.25]}  # fmt: skip
    assert {name: means(curve) for name, curve in found["noise"]["clean"].items()} == {
        "visual": pytest.approx([0.5, 0.9, 0.8], abs=1e-6), "acoustic": pytest.approx([0.5, 0.5, 0.4], abs=1e-6),
        "both": pytest.approx([0.5, 0.1, 0.0], abs=1e-6)}  # fmt: skip
    # … and are part of nothing else.
    assert (found["seeds"], found["outputs"]["both"]["accuracy"]["mean"]) == (2, 0.5)


def test_noise_has_intervals():
    rates = np.random.default_rng(0).random((1, 12))
    curve = rowed([model(["H" * 12], noise={"both": rates})], known("h" * 12, "abcdef" * 2))["noise"]["clean"]["both"]
    assert curve[0]["accuracy"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert curve[1]["accuracy"]["low"] < curve[1]["accuracy"]["mean"] < curve[1]["accuracy"]["high"]


# ---------------------------------------------------------------- inside the networks


def test_layers_are_weighed_by_their_windows():
    """Three windows with 1, 2 and one with 5, 6; sound only of one model, another has none of it."""
    probed = [
        model(["H"], seed=0, layers={"visual": [1, 2], "acoustic": [3, 4]}, layer_windows={"visual": 3, "acoustic": 2}),
        model(["H"], seed=1, layers={"visual": [5, 6], "acoustic": [np.nan] * 2},
              layer_windows={"visual": 1, "acoustic": 0}),
        model(["H"], noisy="visual", layers={"visual": [50, 60]}, layer_windows={"visual": 9}),
    ]  # fmt: skip
    assert rowed(probed, known("h"))["layers"] == {"visual": [2.0, 3.0], "acoustic": [3.0, 4.0]}


def test_attention_is_averaged_over_the_models_that_have_it():
    """One layer, two windows; rows are queries, the share of a key is the mean over its column."""
    one, other = np.array([[[1.0, 0.0], [0.5, 0.5]]]), np.array([[[0.5, 0.5], [0.0, 1.0]]])
    probed = [
        model(["H"], fold=0, seed=0, clips=[0], attention={"visual": one, "acoustic": one}),
        model(["H"], fold=0, seed=1, clips=[0], attention={"visual": other, "acoustic": one}),
        model(["S"], fold=1, clips=[1]),
        model(["S"], fold=0, clips=[0], noisy="visual", attention={"visual": 9 * one}),
    ]
    chosen = Chosen("c", "clip00", np.array([[0.0, 0.5], [0.5, 0.75]]))
    assert rowed(probed, known("hs"), chosen)["attention"] == {
        "corpus": "c", "clip_id": "clip00", "label": "happy", "t0_s": [0.0, 0.5], "t1_s": [0.5, 0.75],
        "visual": [[[0.75, 0.25], [0.25, 0.75]]],
        "acoustic": [[[1.0, 0.0], [0.5, 0.5]]],
        "share": {"visual": [[0.5, 0.5]], "acoustic": [[0.75, 0.25]]},
    }  # fmt: skip
    assert rowed(probed, known("hs"))["attention"] is None
    assert rowed([model(["HS"])], known("hs"), chosen)["attention"] is None


def test_a_window_without_the_modality_asks_nothing():
    """There is no face in the second of three windows, and no sound at all."""
    maps = {
        "visual": np.array([[[0.25, 0.0, 0.75], [0.9, 0.0, 0.1], [0.75, 0.0, 0.25]]]),
        "acoustic": np.zeros((1, 3, 3)),
    }
    chosen = Chosen("c", "clip00", np.array([[0.0, 0.5], [0.5, 1.0], [1.0, 1.5]]))
    found = rowed([model(["H"], attention=maps)], known("h"), chosen)["attention"]
    assert found["visual"] == [[[0.25, 0.0, 0.75], [None, None, None], [0.75, 0.0, 0.25]]]
    assert "acoustic" not in found
    assert found["share"] == {"visual": [[0.5, 0.0, 0.5]]}
    only_zeros = {"acoustic": maps["acoustic"]}
    assert rowed([model(["H"], attention=only_zeros)], known("h"), chosen)["attention"] is None


# ---------------------------------------------------------------- gaps


def test_a_gap_says_why_and_nothing_else():
    found = gap_row("x", "concat", "no clip was tested", 0.5)
    assert found == {"benchmark": "x", "strategy": "concat", "gap": "no clip was tested", "window_s": 0.5,
                     **dict.fromkeys(ANALYSES)}  # fmt: skip
    assert list(found) == list(rowed([model(["H"])], known("h")))
