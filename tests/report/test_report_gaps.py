"""The protocol gap, the pairs, and what picture and sound add to each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_example import COMPLEMENT, gap, pair, protocol

from aver.report.complement import complement
from aver.report.gaps import gap_table
from aver.report.pairs import between, rows


def test_the_leakiest_protocol_stands_first_and_the_headline_last(inputs):
    more = [protocol("concat", "clip", 0.8, headline=False), protocol("concat", "loso", 0.7, headline=False)]
    table = gap_table(replace(inputs, gaps=[*inputs.gaps, *more]), "own")
    assert table.protocols == ["window", "clip", "loso", "subject"]
    assert gap_table(inputs, "own").protocols == ["window", "subject"]


def test_scores_ceiling_and_gap_stand_side_by_side(inputs):
    found = {row.strategy: row for row in gap_table(inputs, "own").rows}
    window, subject = found["concat"].scores
    assert (window.uar, window.accuracy, window.window, window.above) == ("99.0", "101.0", "95.0", True)
    assert (subject.uar, subject.above) == ("68.2", False)
    assert (found["concat"].ceiling, found["concat"].gap) == ("97.0", "+30.8")
    assert (found["visual"].ceiling, found["visual"].gap) == ("–", "+30.0")


def test_a_missing_score_is_a_dash_with_its_reason(inputs):
    leaky = gap("acoustic", "no window", protocol="window", headline=False, streams=["sound"])
    gaps = [
        *inputs.gaps,
        protocol("acoustic", "subject", 0.4, headline=True),
        protocol("acoustic", "window", None, headline=False),
    ]
    found = {
        row.strategy: row for row in gap_table(replace(inputs, scores=[*inputs.scores, leaky], gaps=gaps), "own").rows
    }
    assert [score.uar for score in found["acoustic"].scores] == ["–", "40.0"]
    assert (found["acoustic"].gap, found["acoustic"].reasons) == ("–", ["window: no window"])
    assert found["embrace"].reasons == ["subject: needs a stream <picture> that is not here"]


def test_what_the_gap_means_is_said_in_a_sentence(inputs):
    assert gap_table(inputs, "own").sentence == (
        "Under the protocol window, concat seems to reach 99.0 % UAR; on speakers it has never met it reaches 68.2 %. "
        "The 30.8 points between them say how well a speaker or a clip is recognised again, not an emotion."
    )
    assert gap_table(inputs, "own").above


def test_no_gap_is_not_called_one(inputs):
    gaps = [protocol("concat", "subject", 0.7, headline=True), protocol("concat", "clip", 0.69, headline=False)]
    table = gap_table(replace(inputs, gaps=gaps), "own")
    assert table.sentence.startswith("Here a leaky split gives concat no more")
    assert not table.above


@pytest.mark.parametrize("kept", [("subject",), ()])
def test_one_protocol_has_no_gap(inputs, kept):
    assert gap_table(replace(inputs, gaps=[row for row in inputs.gaps if row["protocol"] in kept]), "own") is None


def test_pairs_are_turned_so_that_the_better_one_stands_first(inputs):
    found = [(row.one, row.other, row.difference, row.interval) for row in rows(inputs, "own")]
    assert found == [
        ("concat", "acoustic", "+28.2", "24.2 to 32.2"),
        ("concat", "visual", "+18.2", "14.2 to 22.2"),
        ("visual", "acoustic", "+10.0", "6.0 to 14.0"),
    ]
    assert [(row.corrected, row.p, row.verdict) for row in rows(inputs, "own")] == [
        ("0.006", "0.003", "real"),
        ("< 0.001", "< 0.001", "real"),
        ("0.200", "0.100", "not settled"),
    ]


def test_a_pair_without_a_test_has_dashes(inputs):
    why = "no clip was scored by both"
    found = rows(replace(inputs, pairs=[pair("concat", "visual", None, None, settled=False, remark=why)]), "own")[0]
    assert (found.difference, found.interval, found.p, found.corrected) == ("–", "–", "–", "–")
    assert (found.verdict, found.remark) == ("cannot be told", why)


def test_turning_a_pair_turns_its_interval_too(inputs):
    assert (pair_ := between(inputs, "own", "concat", "acoustic")) and (pair_["low"], pair_["high"]) == pytest.approx(
        (0.2424, 0.3224)
    )
    assert between(inputs, "own", "concat", "nobody") is None


def test_complement_says_what_could_be_gained(inputs):
    found = complement(inputs, "own")
    assert [(part.key, part.percent) for part in found.parts] == [
        ("both", "30.0"),
        ("only_visual", "20.0"),
        ("only_acoustic", "15.0"),
        ("neither", "35.0"),
    ]
    assert dict(found.facts)["kappa: the same beyond chance"] == "−0.12"
    assert found.sentence == (
        "Whoever always knew which of the two to trust would be right on 65.0 % of the clips; the best single "
        "modality, visual, is on 50.0 %. The best fusion, concat, is on 56.0 %, which is 40 % of that gain."
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.2, "which is 120 % of that gain (more than all of it"),
        (-0.3, "which is nothing of that gain"),
        (None, "on 50.0 %."),
    ],
)
def test_complement_of_unusual_fusions(inputs, share, words):
    assert words in complement(replace(inputs, complement=[{**COMPLEMENT, "share": share}]), "own").sentence


def test_no_complement_without_both_modalities(inputs):
    assert complement(replace(inputs, complement=[]), "own") is None
