"""What is said about fusion: in words that follow from the paired comparison, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_example import cell, gap, pair

from aver.report.verdict import verdict

FEW = "too few speakers: the smallest p that 4 speakers allow is 0.125"


def said(inputs, *pairs, **changes):
    return verdict(replace(inputs, pairs=list(pairs) or inputs.pairs, **changes), "own")


def test_settled_for_fusion(inputs):
    found = said(inputs)
    assert found.kind == "better"
    assert found.head == "Fusion helps: concat beats the best single modality, visual."
    assert found.numbers == (
        "UAR of the best fusion, concat, 68.2 %; of the best single modality, visual, 50.0 %. Speaker by speaker, the "
        "difference is +18.2 points (95 % interval 14.2 to 22.2; corrected p < 0.001; 9 speakers)."
    )
    assert "The difference is real" in found.meaning and "less than 5 times in 100" in found.meaning
    assert found.winner == "concat has the highest UAR of 3 strategies, and beats every other one beyond chance."
    assert found.warning == ""


def test_settled_against_fusion_whichever_of_the_two_is_named_first(inputs):
    for against in (
        pair("concat", "visual", -0.1, 0.01, settled=True),
        pair("visual", "concat", 0.1, 0.01, settled=True),
    ):
        found = said(inputs, against)
        assert found.kind == "worse"
        assert found.head.startswith(
            "Fusion does not help: the best single modality, visual, beats the best fusion with it, concat"
        )
        assert "is −10.0 points (95 % interval −14.0 to −6.0; corrected p = 0.010" in found.numbers


def test_not_settled(inputs):
    found = said(inputs, pair("concat", "visual", 0.02, 0.4, settled=False))
    assert (found.kind, found.head) == ("open", "Not settled: concat and visual may be equally good.")
    assert "real" not in found.meaning
    assert found.winner.endswith("but cannot be told apart from any other.")


def test_too_few_speakers(inputs):
    found = said(inputs, pair("concat", "visual", 0.2, 0.25, settled=False, remark=FEW, speakers=4))
    assert (found.kind, found.head) == ("few", "Cannot be told: too few speakers.")
    assert found.meaning == "The smallest p that 4 speakers allow is 0.125."
    assert "+20.0 points" in found.numbers and "4 speakers)" in found.numbers


def test_speakers_are_not_known(inputs):
    why = "there are clips that do not say who speaks, so nothing can be paired by speaker"
    found = said(inputs, pair("concat", "visual", None, None, settled=False, remark=why))
    assert found.kind == "few"
    assert found.head == f"Cannot be told whether fusion helps: {why}."
    assert "68.2 %" in found.numbers and "–" not in found.numbers


def test_one_speaker_has_no_interval(inputs):
    found = said(inputs, pair("concat", "visual", 0.2, 1.0, settled=False, remark=FEW, speakers=1, low=None, high=None))
    assert "is +20.0 points (corrected p = 1.000; 1 speaker)." in found.numbers


@pytest.mark.parametrize(
    ("kept", "lacking"), [(("visual",), "fusion"), (("concat",), "single modality"), ((), "fusion or single modality")]
)
def test_nothing_to_compare(inputs, kept, lacking):
    scores = [
        cell if cell["strategy"] in kept else gap(cell["strategy"], "why", streams=cell["streams"])
        for cell in inputs.scores
    ]
    found = said(inputs, scores=scores)
    assert (found.kind, found.head) == ("none", f"Nothing to compare: no {lacking} has scores.")


def test_no_comparison_was_made(inputs):
    found = verdict(replace(inputs, pairs=[]), "own")
    assert found.head == "Cannot be told whether fusion helps: no paired comparison was made."


def test_winner_names_whom_it_cannot_be_told_apart_from(inputs):
    found = said(
        inputs,
        pair("concat", "visual", 0.1824, 0.3, settled=False),
        pair("acoustic", "concat", -0.2824, 0.001, settled=True),
    )
    assert found.winner == "concat has the highest UAR of 3 strategies, but cannot be told apart from visual."


def sharing(inputs, clips, uars, own):
    """Return the cells with the number of shared clips, the UAR on them and the clips of each strategy."""
    return [
        cell
        if cell["gap"]
        else {
            **cell,
            "clips": own[cell["strategy"]],
            "shared": {"clips": clips, "uar": uars[cell["strategy"]]},
        }
        for cell in inputs.scores
    ]


OWN = {"acoustic": 288, "concat": 288, "visual": 1440}


def test_who_is_better_is_asked_on_the_clips_that_all_scored(inputs):
    """Over what each scored, concat has 68.2 % and visual 50.0 %; on the shared clips it is the other way round."""
    scores = sharing(inputs, 144, {"acoustic": 0.3, "concat": 0.45, "visual": 0.55}, OWN)
    pairs = [pair("concat", "visual", -0.1, 0.01, settled=True), pair("acoustic", "visual", -0.25, 0.01, settled=True)]
    found = said(inputs, *pairs, scores=scores)
    assert found.kind == "worse"
    assert found.numbers.startswith(
        "The strategies did not all score the same clips (288 to 1,440), so they are compared on the 144 clips that "
        "all of them scored. UAR of the best fusion, concat, 45.0 %; of the best single modality, visual, 55.0 %. "
        "Speaker by speaker, the difference is −10.0 points"
    )
    assert found.winner == "visual has the highest UAR of 3 strategies, and beats every other one beyond chance."


def test_without_a_shared_clip_nothing_is_compared(inputs):
    found = said(inputs, scores=sharing(inputs, 0, dict.fromkeys(OWN), OWN))
    assert (found.kind, found.winner) == ("none", "")
    assert found.head == "Nothing to compare: no clip was scored by all strategies."


@pytest.mark.parametrize(
    ("acoustic", "words"),
    [
        (0.1, "but speaker by speaker visual beats it beyond chance."),
        (-0.2, "but speaker by speaker acoustic and visual beat it beyond chance."),
        (None, "but speaker by speaker visual beats it beyond chance, and it cannot be told apart from acoustic."),
    ],
)
def test_the_highest_uar_beats_nobody_who_is_better_speaker_by_speaker(inputs, acoustic, words):
    found = said(
        inputs,
        pair("concat", "acoustic", acoustic or 0.0, 0.01, settled=acoustic is not None),
        pair("concat", "visual", -0.1, 0.01, settled=True),
    )
    assert found.winner == f"concat has the highest UAR of 3 strategies, {words}"
    assert found.head.startswith("Fusion does not help")
    assert found.numbers.endswith(
        "Over all clips together it has the other sign: speakers do not have equally many clips of each emotion."
    )


def test_a_leaky_headline_is_called_so(inputs):
    found = said(inputs, scores=[{**cell, "protocol": "clip"} for cell in inputs.scores])
    assert found.warning.startswith("The protocol clip is leaky")


def system_b(inputs, *kept):
    """The same report with two strategies of other features, the better one ahead of all."""
    names = (("mater", 0.9), ("mater-baseline", 0.3))
    own = [
        cell(name, uar, uar - 0.05, uar + 0.05, streams=["picture-half", "sound-half"], speakers={"S1": uar})
        for name, uar in names
    ]
    return [*(one for one in inputs.scores if not kept or one["strategy"] in kept), *own]


def test_a_fusion_of_other_features_is_no_answer_to_whether_fusion_helps(inputs):
    found = said(inputs, scores=system_b(inputs))
    assert found.head == "Fusion helps: concat beats the best single modality, visual."
    assert found.numbers.startswith(
        "mater and mater-baseline are left out here: their picture and sound are no strategies of their own. UAR of "
        "the best fusion, concat, 68.2 %;"
    )
    assert found.winner.startswith("mater has the highest UAR of 5 strategies")
    one = said(inputs, scores=system_b(inputs)[:-1])
    assert one.numbers.startswith("mater is left out here: its picture and sound are no strategies of its own. UAR")


def test_the_winner_is_said_to_read_other_features_than_what_it_is_compared_with(inputs):
    found = said(inputs, scores=system_b(inputs))
    assert found.winner.endswith(
        ". mater reads picture-half and sound-half, the strategies of the other system picture and sound: a difference "
        "may be due to the features as much as to the fusion."
    )
    one = said(inputs, scores=system_b(inputs, "visual")[:-1]).winner
    assert one.endswith(
        ". mater reads picture-half and sound-half, the strategy of the other system picture: a difference may be due "
        "to the features as much as to the fusion."
    )
    pairs = [pair("mater", "visual", 0.4, 0.01, settled=True)]
    ahead = said(inputs, *pairs, scores=system_b(inputs, "visual")[:-1]).winner
    assert ahead.startswith(
        "mater has the highest UAR of 2 strategies, and beats every other one beyond chance. mater "
    )
    assert ahead.count("mater reads") == 1


def test_nothing_is_said_of_features_where_one_system_is_compared(inputs):
    assert "reads" not in said(inputs).winner and said(inputs).winner
    singles = [one for one in inputs.scores if one["strategy"] in ("visual", "acoustic")]
    assert "reads" not in said(inputs, scores=singles).winner
    assert "reads" not in said(inputs, scores=system_b(inputs, "none")).winner


def test_fusions_of_other_features_alone_leave_nothing_to_compare(inputs):
    found = said(inputs, scores=system_b(inputs, "visual", "acoustic"))
    assert (found.kind, found.head) == ("none", "Nothing to compare: no single modality is a part of a fusion here.")
