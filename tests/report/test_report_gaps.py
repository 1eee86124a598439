"""The protocol gap, the pairs, and what picture and sound add to each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_example import COMPLEMENT, gap, pair, protocol

from aver.report.cells import PROTOCOLS
from aver.report.complement import complement
from aver.report.drawings.gap import gap_figure
from aver.report.gaps import gap_table
from aver.report.pairs import between, rows


def beside(*rows):
    """Rows of `gaps.json` of concat: (protocol, UAR), the first one the headline."""
    return [protocol("concat", name, uar, headline=name == rows[0][0]) for name, uar in rows]


def table_of(inputs, *rows):
    return gap_table(replace(inputs, gaps=beside(*rows)), "own")


def gaps_of(table):
    return {row.strategy: row.gap for row in table.rows}


@pytest.mark.parametrize(
    ("main", "others", "expected"),
    [
        ("subject", ["clip", "window"], ["window", "clip", "subject"]),
        ("subject", ["loso", "window"], ["window", "loso", "subject"]),  # both honest: the headline last
        ("loso", ["subject", "window"], ["window", "subject", "loso"]),
        ("clip", ["subject"], ["clip", "subject"]),
        ("clip", ["window", "loso"], ["window", "clip", "loso"]),
        ("window", ["clip"], ["window", "clip"]),
    ],
)
def test_the_leakiest_protocol_stands_first_whichever_is_the_headline(inputs, main, others, expected):
    assert table_of(inputs, (main, 0.8), *((name, 0.8) for name in others)).protocols == expected


def test_the_gap_is_the_leakiest_minus_the_most_honest_whichever_is_the_headline(inputs):
    assert gaps_of(table_of(inputs, ("clip", 0.8), ("subject", 0.6)))["concat"] == "+20.0"
    table = table_of(inputs, ("clip", 0.8), ("window", 0.9), ("loso", 0.6))
    assert gaps_of(table)["concat"] == "+30.0"
    assert table.sentence.startswith("Under the protocol window, concat seems to reach 90.0 % UAR (85.0 to 95.0); ")


def test_without_a_leaky_protocol_nothing_is_called_a_gap(inputs):
    table = table_of(inputs, ("subject", 0.6), ("loso", 0.9))
    assert (table.leaks, table.sentence) == (False, "")
    assert table_of(inputs, ("subject", 0.6), ("clip", 0.9)).leaks


def test_scores_intervals_ceiling_and_gap_stand_side_by_side(inputs):
    found = {row.strategy: row for row in gap_table(inputs, "own").rows}
    window, subject = found["concat"].scores
    assert (window.uar, window.interval, window.window, window.above) == ("99.0", "94.0 to 104.0", "95.0", True)
    assert (subject.uar, subject.interval, subject.above) == ("68.2", "63.2 to 73.2", False)
    assert (found["concat"].ceiling, found["concat"].gap, found["concat"].shows) == ("97.0", "+30.8", True)
    assert (found["visual"].ceiling, found["visual"].gap) == ("–", "+30.0")
    assert dict(gap_table(inputs, "own").windows.rows)["concat"] == ["95.0", "64.2"]


def test_seeds_and_clips_of_every_score_are_said(inputs):
    gaps = [
        protocol("concat", "subject", 0.6, headline=True, clips=1288),
        protocol("concat", "window", 0.9, headline=False, clips=108),
        protocol("acoustic", "window", 0.9, headline=False, clips=58),
        protocol("visual", "window", None, headline=False),
        protocol("concat", "clip", None, headline=False),
    ]
    table = gap_table(replace(inputs, gaps=gaps), "own")
    assert table.rests == {"window": "1 seed, 58 to 108 clips", "clip": "", "subject": "2 seeds, 1,288 clips"}
    clips = {row.strategy: [score.clips for score in row.scores] for row in table.rows}
    assert clips["concat"] == ["108 clips", "", "1,288 clips"]
    assert clips["acoustic"] == ["58 clips", "", ""]


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
    assert not found["acoustic"].shows
    assert found["embrace"].reasons == ["subject: needs a stream <picture> that is not here"]


def test_what_the_gap_means_is_said_in_a_sentence(inputs):
    assert gap_table(inputs, "own").sentence == (
        "Under the protocol window, concat seems to reach 99.0 % UAR (94.0 to 104.0); on speakers it has never met it "
        "reaches 68.2 % UAR (63.2 to 73.2). The 30.8 points between them say how well a speaker or a performance "
        "is recognised again, not an emotion."
    )
    assert gap_table(inputs, "own").above


@pytest.mark.parametrize(
    ("rows", "again"),
    [
        ((("subject", 0.6), ("window", 0.9)), "a speaker or a performance is recognised again"),
        ((("subject", 0.6), ("clip", 0.9)), "how well a speaker is recognised again"),
        ((("clip", 0.6), ("window", 0.9)), "how well a performance is recognised again"),
    ],
)
def test_the_sentence_names_only_what_the_two_protocols_differ_in(inputs, rows, again):
    assert again in table_of(inputs, *rows).sentence


def test_a_strategy_with_one_sequence_per_clip_is_not_said_to_meet_tested_clips(inputs):
    sentence = table_of(inputs, ("subject", 0.6), ("window", 0.9)).sentence
    assert "clip" not in sentence
    assert "where each clip is one sequence, as for mater, clips are split as under clip" in PROTOCOLS["window"]


def test_speakers_that_trained_are_not_called_new(inputs):
    said = table_of(inputs, ("clip", 0.6), ("window", 0.9)).sentence
    assert "on new clips of speakers it has met it reaches 60.0 % UAR" in said and "never met" not in said


@pytest.mark.parametrize("leaky", [0.6835, 0.6])  # above by less than the intervals, and below
def test_a_difference_within_the_intervals_is_not_called_leakage(inputs, leaky):
    table = table_of(inputs, ("subject", 0.68), ("clip", leaky))
    assert table.sentence.endswith(
        "on speakers it has never met it reaches 68.0 % UAR (63.0 to 73.0). The first interval does not lie above the "
        "second: a leak does not show here beyond chance."
    )
    assert f"concat reaches {100 * leaky:.1f} % UAR" in table.sentence
    assert not any(row.shows for row in table.rows) and not table.above


def test_intervals_that_touch_are_no_claim(inputs):
    rows = beside(("subject", 0.6), ("clip", 0.9))
    rows[0]["clip"]["uar_high"] = rows[1]["clip"]["uar_low"] = 0.75
    assert "not show here beyond chance" in gap_table(replace(inputs, gaps=rows), "own").sentence


def test_without_intervals_nothing_is_claimed(inputs):
    rows = beside(("subject", 0.6), ("clip", 0.9))
    rows[1]["clip"] |= {"uar_low": None, "uar_high": None}
    table = gap_table(replace(inputs, gaps=rows), "own")
    assert "concat reaches 90.0 % UAR; on speakers" in table.sentence
    assert table.sentence.endswith("There are no two intervals to tell whether the leak adds more than chance.")
    assert next(row for row in table.rows if row.strategy == "concat").scores[0].interval == "–"


def test_the_line_of_the_figure_is_the_gap():
    def lines(*protocols):
        scores = {"window": 0.9, "clip": 0.5, "loso": 0.8, "subject": 0.6}
        axes = gap_figure([("concat", scores, None), ("pca", {"subject": 0.7}, None)], protocols).axes[0]
        return [[float(value) for value in line.get_xdata()] for line in axes.get_lines() if line.get_gid() == "gap"]

    assert lines("window", "clip", "subject") == [[90.0, 60.0]]
    assert lines("loso", "subject") == []


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
