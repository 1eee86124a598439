"""The analyses over time: what is shown of whom, what is a dash, and what others report beside it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from over_time_example import attention, full_row, gap_row, noisy, score, simple_row
from report_example import cell

from aver.params.blocks import Corpus
from aver.report.benchmark import benchmarks
from aver.report.drawings import analyses
from aver.report.drawings.attention import attention_figure
from aver.report.drawings.layers import layer_figure
from aver.report.drawings.lines import COLOURS, OUTPUT_STYLES, Score, style
from aver.report.drawings.noise import noise_figure
from aver.report.drawings.over_time import time_figure
from aver.report.drawings.response import Times, response_figure
from aver.report.figures import rendered
from aver.report.latex import latex
from aver.report.markdown import markdown
from aver.report.missing import missing
from aver.report.over_time import numbers
from aver.report.over_time.section import over_time
from aver.report.render import page
from aver.report.reported import REPORTED, of_strategy
from aver.report.reported_mater import ANALYSES
from aver.report.strategies import overview, rows
from aver.store.out import write_json

ROWS = [simple_row(), full_row(), gap_row("embrace", "no prediction of <b>it</b>")]


@pytest.fixture(scope="module")
def analysed(inputs):
    return replace(inputs, over_time=ROWS)


@pytest.fixture(scope="module")
def found(analysed):
    """The benchmark as it is shown, with figures, drawn once."""
    return benchmarks(analysed)


@pytest.fixture(scope="module")
def section(analysed, found):
    return section_of(page(analysed, found))


def section_of(html):
    return re.search(r'<section id="over_time">.*?</section>', html, re.S)[0]


def text(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def cells(table):
    """Every line of a table by its name, values only."""
    return {line.name: [one.value for one in line.cells] for line in table.lines if not line.theirs}


def theirs(table):
    return {line.name: [one.value for one in line.cells] for line in table.lines if line.theirs}


def moved(inputs, adapter, labels=8, over_time=ROWS, **where):
    """The same report on another corpus."""
    params = inputs.params
    block = replace(params.benchmarks["own"], where=where)
    corpora = {**params.corpora, "clips": Corpus("x", adapter)}
    params = replace(params, corpora=corpora, benchmarks={"own": block})
    own = {"labels": [str(label) for label in range(labels)], "confusion": [[1.0] * labels] * labels}
    scores = [{**one, **own} for one in inputs.scores]
    return replace(inputs, params=params, scores=scores, over_time=over_time)


def unanswered(row, looks):
    """The same strategy, with no answer at its first looks."""
    for points in row["time"].values():
        for point in points[:looks]:
            point |= {"accuracy": score(0.0, None), "answered": 0.0}
    return row


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the figures out, which take the time."""
    monkeypatch.setattr("aver.report.benchmark.drawings", lambda *_: [])


# ---------------------------------------------------------------- inputs


def test_rows_are_read_in_the_same_order_whatever_their_order_in_the_file(folder, params_file, read):
    assert read().over_time == []
    write_json(folder / "evaluation" / "over_time.json", [full_row(), simple_row(), full_row(benchmark="a")])
    assert [(row["benchmark"], row["strategy"]) for row in read().over_time] == [
        *(("a", "mater"), ("own", "concat"), ("own", "mater")),
    ]


# ---------------------------------------------------------------- tables


def test_table_1_of_a_network_with_two_parts_and_of_one_without(analysed):
    table = over_time(analysed, "own").certainty
    assert cells(table) == {
        "concat": ["–", "–", "60.0", "–", "–", "–", "–", "–"],
        "mater": ["50.0", "60.0", "70.0", "0.41", "0.30", "0.09", "0.81", "1.23"],
    }
    acoustic, visual, both = table.lines[1].cells[:3]
    assert (acoustic.below, visual.below, both.below) == ("44.0 to 56.0; 280 clips", "54.0 to 66.0", "64.0 to 76.0")


def test_every_number_that_is_null_is_a_dash(analysed):
    none = score(0.5) | dict.fromkeys(("low", "high"))
    row = full_row() | {"kl": None, "entropy_difference": None}
    row["outputs"]["visual"] = {"accuracy": none, "entropy": None, "clips": 288}
    row["response"]["visual"] |= dict.fromkeys(("mean_s", "median_s", "settled_mean_s", "settled_median_s"))
    row["onset"]["visual"] = None
    found = over_time(replace(analysed, over_time=[row]), "own")
    assert cells(found.certainty) == {"mater": ["50.0", "50.0", "70.0", "0.41", "–", "–", "–", "–"]}
    assert found.certainty.lines[0].cells[1].below == ""
    row["outputs"]["visual"]["clips"] = 280
    again = over_time(replace(analysed, over_time=[row]), "own").certainty
    assert again.lines[0].cells[1].below == "280 clips"  # too few speakers for an interval
    assert cells(found.response)["mater, picture"][1:] == ["–"] * 5


def test_accuracy_as_time_goes_on_says_who_has_no_answer_yet(analysed):
    found = over_time(analysed, "own").time
    assert list(found) == ["concat", "mater"]
    assert (found["concat"].head, found["mater"].head) == (["together"], ["sound", "picture", "together"])
    assert cells(found["mater"])["2.0 s"] == ["50.0", "60.0", "70.0"]
    first, second = (line.cells[0].below for line in found["concat"].lines[:2])
    assert (first, second) == ("14.0 to 26.0; 90.0 % answered", "27.3 to 39.3")


def test_noise_stands_by_place_and_training(analysed):
    found = over_time(analysed, "own").noise
    places = ["noise in the sound", "noise in the picture", "noise in both"]
    assert found["concat"].head == places
    assert found["mater"].head == [f"{place}{end}" for place in places for end in ("", ", trained with it")]
    assert cells(found["concat"])["0 of 4"] == ["60.0"] * 3 and cells(found["mater"])["4 of 4"] == ["25.0", "55.0"] * 3


def test_steps_of_noise_are_counted_among_those_of_the_longest_sequence():
    row = full_row()
    row["noise"]["clean"]["visual"] = noisy(0.7, 0.3, 6)
    assert list(cells(numbers.noise(row))) == [f"{count} of 6" for count in range(7)]


def test_without_noise_layers_and_attention_nothing_is_said_of_them(analysed):
    row = simple_row() | {"noise": {"clean": None, "trained": {}}}
    found = over_time(replace(analysed, over_time=[row]), "own")
    assert (found.noise, found.layers, found.attention, found.clips) == ({}, {}, {}, {})
    assert found.brief == [("concat", ["–", "–", "60.0", "–", "1.15", "–", "–"])]


def test_noise_in_one_kind_of_windows_only(analysed):
    row = full_row() | {"noise": {"clean": None, "trained": {"visual": full_row()["noise"]["clean"]["visual"]}}}
    assert numbers.noise(row).head == ["noise in the picture, trained with it"]


def test_layers_with_their_difference(analysed):
    table = over_time(analysed, "own").layers["mater"]
    assert table.head == ["sound", "picture", "difference"]
    assert cells(table) == {"0": ["4.00", "4.10", "0.10"], "1": ["3.80", "3.50", "0.30"], "2": ["3.60", "3.20", "0.40"]}
    assert numbers.entropies({"layers": {"visual": [1.0]}}) == {"picture": [1.0]}


def test_attention_names_its_clip(analysed):
    found = over_time(analysed, "own")
    assert found.clips == {"mater": "<b>sad</b>, clips, clip 0123456789ab"}
    assert found.attention["mater"].head == ["from 0.0 s", "from 0.5 s", "from 1.0 s", "from 1.5 s"]
    assert cells(found.attention["mater"])["picture, layer 2"] == ["10.0", "50.0", "30.0", "10.0"]


def test_attention_that_is_lacking_is_explained(inputs, undrawn):
    rows = [simple_row(), *(full_row(name) | {"attention": None} for name in ("mater", "mater-baseline-paper"))]
    lacking = replace(inputs, over_time=rows)
    assert over_time(lacking, "own").unseen == [("mater", "the first tested clip")]
    own = replace(inputs.params.evaluation.over_time, clip="<b>.mp4")
    named = replace(lacking, params=replace(inputs.params, evaluation=replace(inputs.params.evaluation, over_time=own)))
    shown = section_of(page(named, benchmarks(named)))
    assert "<h4>What is attended to</h4>" in shown
    assert (
        "<p>– mater: no attention is drawn: <code>evaluation.over_time.clip</code> (&lt;b&gt;.mp4) is no clip that "
        "this benchmark tests with this strategy.</p>" in shown
    )
    assert over_time(replace(inputs, over_time=ROWS), "own").unseen == []


def test_response_times_and_the_delay_behind_the_onset_where_it_is_known(analysed):
    table = over_time(analysed, "own").response
    assert table.head[-1] == "right for good, after the onset" and not table.note
    assert cells(table) == {
        "concat, together": ["240", "0.90", "1.00", "1.15", "1.50", "–"],
        "mater, sound": ["50", "1.50", "1.00", "1.75", "1.50", "0.45"],
        "mater, picture": ["60", "1.40", "1.00", "1.65", "1.50", "0.45"],
        "mater, together": ["70", "1.30", "1.00", "1.55", "1.50", "0.45"],
    }
    assert table.lines[1].cells[-1].below == "−0.15 to 0.95"
    without = over_time(replace(analysed, over_time=[simple_row()]), "own").response
    assert len(without.head) == len(without.lines[0].cells) == 5


# ---------------------------------------------------------------- what others report


def test_reported_numbers_of_table_1_are_those_printed():
    mater = {name: corpus.told["mater"] for name, corpus in ANALYSES.items()}
    assert mater["ravdess"].accuracy == {"acoustic": 59.2, "visual": 58.2, "both": 76.3}
    assert mater["cremad"].accuracy == {"acoustic": 57.5, "visual": 51.7, "both": 67.2}
    both = {(name, row): told.accuracy["both"] for name, own in ANALYSES.items() for row, told in own.told.items()}
    assert [both["ravdess", f"mater{end}"] for end in ("-no-attention", "-no-position", "-baseline")] == [
        *(70.6, 75.2, 69.4),
    ]
    assert [both["cremad", f"mater{end}"] for end in ("-no-attention", "-no-position", "-baseline")] == [
        *(64.4, 65.0, 61.8),
    ]
    assert ANALYSES["ravdess"].people.accuracy == {"acoustic": 62.0, "visual": 72.0, "both": 80.0}
    assert ANALYSES["cremad"].people.response_s == {"acoustic": 2.98, "visual": 2.05, "both": 1.95}
    for corpus in ANALYSES.values():  # the difference of rounded numbers is theirs within rounding
        for told in corpus.told.values():
            assert abs(told.entropy["acoustic"] - told.entropy["visual"]) == pytest.approx(told.difference, abs=0.0101)


def test_what_is_reported_stands_beside_its_own_corpus_and_is_marked(inputs):
    found = over_time(moved(inputs, "ravdess", channel=("speech",)), "own")
    assert theirs(found.certainty) == {
        "mater": ["59.2", "58.2", "76.3", "0.41", "0.32", "0.09", "–", "–"],
        "human raters": ["62.0", "72.0", "80.0", "–", "–", "–", "–", "–"],
    }
    assert found.certainty.note.startswith(
        "not computed here, on the same corpus but not on the same split: strategies"
    )
    assert "Ghaleb et al. 2022, Table 1 (12 folds of speakers" in found.certainty.note
    shown = {name: values[1] for name, values in theirs(found.response).items()}
    assert shown == {
        **{"mater, sound": "2.01", "mater, picture": "1.38", "mater, together": "1.45"},
        **{"human raters, sound": "1.55", "human raters, picture": "1.31", "human raters, together": "1.32"},
    }


def test_only_strategies_that_were_analysed_have_reported_lines(inputs):
    one = moved(inputs, "cremad", 6, [simple_row(), full_row("mater-no-position-paper")])
    found = over_time(one, "own")
    assert list(theirs(found.certainty)) == ["mater-no-position", "human raters"]
    assert {name.split(",")[0] for name in theirs(found.response)} == {"human raters"}  # no model's time is printed
    none = over_time(moved(inputs, "cremad", 6, [full_row()]), "own").response
    assert {name.split(",")[0] for name in theirs(none)} == {"human raters"} and "section 6.2" not in none.note
    other = over_time(moved(inputs, "cremad", 6, [simple_row()]), "own")
    assert list(theirs(other.certainty)) == ["human raters"] and "strategies" not in other.certainty.note


@pytest.mark.parametrize(
    ("adapter", "labels", "where"),
    [("folder", 8, {}), ("savee", 7, {}), ("ravdess", 8, {}), ("cremad", 5, {}), ("cremad", 6, {"sex": ("male",)})],
)
def test_what_is_reported_stands_nowhere_else(inputs, adapter, labels, where):
    found = over_time(moved(inputs, adapter, labels, **where), "own")
    assert not theirs(found.certainty) and not theirs(found.response)
    assert found.certainty.note == found.response.note == ""


def with_mater(inputs):
    streams = ["picture-half", "sound-half"]
    own = cell("mater", 0.6, 0.55, 0.65, streams=streams, speakers={"S1": 0.6})
    return moved(replace(inputs, scores=[*inputs.scores, own]), "ravdess", channel=("speech",))


def test_the_main_table_shows_an_accuracy_without_a_uar_and_who_says_so(inputs, undrawn):
    both = with_mater(inputs)
    shown = {row.strategy: row.reported for row in rows(both, "own")}
    assert (shown["mater"], shown["concat"]) == ("76.3 / –", "80.51 / 79.59")
    assert of_strategy(REPORTED["savee"], "mater") is None
    assert dict(overview(both, ["own"]).rows)["mater"] == ["60.0 (55.0 to 65.0)"]
    found = benchmarks(both)
    for said in (text(page(both, found)), markdown(both, found), latex(both, found)):
        assert re.search(
            r"under their own protocol: Salas-Cáceres et al\. 2024, Table 3 \(random 80/20 split of sequences, scores "
            r"per window, speakers shared\); Ghaleb et al\. 2022, Table 1 \(12 folds of speakers",
            said,
        )


# ---------------------------------------------------------------- page and Markdown


def test_the_section_holds_every_question(section):
    assert re.findall(r"<h4>(.*?)</h4>", section) == [
        *("Sound, picture, and both", "Layer by layer", "As time goes on", "In noise", "Response times"),
        "What is attended to",
    ]
    words = text(section)
    assert "concat, mater: 288 clips, 16 speakers, 5 folds, 3 seeds." in words
    assert "looked at every 0.5 s" in words and "guessing would be right on 50.0 %" in words
    assert "right by then, % of clips, with the 95 % interval" in words
    assert "right, % of clips, by the number of steps of noise, with the 95 % interval" in words
    assert "Steps are what a strategy reads one after the other" in words and "windows of noise" not in words
    assert "Some steps of each sequence, drawn at random, are replaced by" in words
    assert "Lines of two strategies can end at different times" in words
    assert "nan" not in words.lower().split() and "none" not in words.lower().split()


def test_names_of_labels_and_reasons_are_escaped(section):
    assert "<b>" not in section
    assert "mater: &lt;b&gt;sad&lt;/b&gt;, clips, clip 0123456789ab" in section
    assert "– embrace: no prediction of &lt;b&gt;it&lt;/b&gt;" in section


def test_reported_lines_are_marked_on_the_page(inputs, undrawn):
    both = with_mater(inputs)
    shown = section_of(page(both, benchmarks(both)))
    assert '<tr class="reported"><th scope="row"><em>human raters</em>*</th>' in shown
    assert "* Reported , not computed here, on the same corpus" in text(shown)


def test_a_benchmark_without_analyses_is_not_named(inputs, undrawn):
    other = [{**one, "benchmark": "other"} for one in inputs.scores]
    two = replace(inputs, scores=[*inputs.scores, *other], over_time=ROWS)
    shown = section_of(page(two, benchmarks(two)))
    assert "Benchmark own" in shown and "Benchmark other" not in shown
    assert "over time" not in markdown(inputs, benchmarks(inputs)).lower()
    assert "No strategy was analysed" in section_of(page(inputs, benchmarks(inputs)))


def test_where_all_is_a_gap_only_its_reasons_are_shown(inputs, undrawn):
    none = replace(inputs, over_time=ROWS[-1:])
    shown = section_of(page(none, benchmarks(none)))
    assert "– embrace: no prediction" in shown and "<h4>" not in shown and "<table" not in shown
    said = markdown(none, benchmarks(none))
    assert "– own, embrace, over time: no prediction of &lt;b>it&lt;/b>" in said and "| A " not in said


def test_gaps_are_listed_with_all_that_has_no_number(analysed):
    assert ("embrace, over time", "no prediction of <b>it</b>") in [(one.what, one.reason) for one in missing(analysed)]


def test_the_markdown_table_is_short(analysed, found):
    table = [block for block in markdown(analysed, found).split("\n\n") if "right for good, s" in block]
    values = [[one.strip() for one in row.strip("|").split("|")] for row in table[0].splitlines()[2:]]
    assert values == [
        ["own", "concat", "–", "–", "60.0", "–", "1.15", "30.0", "30.0"],
        ["own", "mater", "50.0", "60.0", "70.0", "0.09", "1.55", "25.0", "25.0"],
    ]
    assert "nothing is known" not in markdown(analysed, found)


def test_the_markdown_says_who_answers_nothing_at_first(inputs, undrawn):
    late = replace(inputs, over_time=[unanswered(simple_row(), 2), full_row()])
    notes = [block.strip() for block in markdown(late, benchmarks(late)).split("\n\n") if "nothing is known" in block]
    assert notes == ["– own, concat: nothing is known at the looks before 1.5 s, when none of its steps has ended."]
    never = over_time(replace(inputs, over_time=[unanswered(simple_row(), 4)]), "own")
    assert never.late == []


# ---------------------------------------------------------------- figures


def test_figures_of_what_there_is(found, section):
    kinds = [
        *(("layers", "mater"), ("layers-difference", ""), ("over-time", ""), ("over-time", "mater")),
        *(("noise-acoustic", ""), ("noise-visual", ""), ("noise-both", "")),
        *(("response", "concat"), ("response", "mater"), ("attention", "mater")),
    ]
    own = [one for one in found[0].drawings if (one.kind, one.strategy) in kinds]
    assert [(one.kind, one.strategy) for one in own] == kinds
    assert all(one.png.startswith(b"\x89PNG") and one.alt for one in own)
    assert section.count("<img ") == len(kinds) == len(re.findall(r'<img [^>]*alt="[^"]+"', section))


def drawn(inputs, over_time):
    plans = analyses.plans(replace(inputs, over_time=over_time), "own")
    return {(kind, strategy): rendered(draw) for kind, strategy, _, draw in plans}


def test_the_same_numbers_give_the_same_bytes_and_others_do_not(inputs, found):
    first = {(one.kind, one.strategy): one.png for one in found[0].drawings}
    again = drawn(inputs, ROWS)
    assert again and {key: first[key] for key in again} == again
    other = full_row() | {"attention": attention(((0.4, 0.2, 0.2, 0.2),))}
    other["noise"]["clean"]["visual"] = other["noise"]["clean"]["visual"][:3]
    changed = drawn(inputs, [ROWS[0], other])
    assert {key for key in again if again[key] != changed[key]} == {("noise-visual", ""), ("attention", "mater")}


def test_strategies_without_noise_layers_or_intervals_are_drawn_too(inputs):
    bare = simple_row() | {"noise": {"clean": None, "trained": {}}, "response": None}
    for look in bare["time"]["both"]:
        look["accuracy"] |= {"low": None, "high": None}
    assert list(drawn(inputs, [bare])) == [("over-time", "")]
    assert drawn(inputs, ROWS[-1:]) == {}


def figures_of(inputs, rows):
    """Every figure over time as matplotlib's, and its words, by kind and strategy."""
    plans = analyses.plans(replace(inputs, over_time=rows), "own")
    return {(kind, strategy): (draw(), alt) for kind, strategy, alt, draw in plans}


def test_noise_is_drawn_by_its_share_of_the_steps_so_that_strategies_compare(inputs):
    short, long = simple_row(), full_row()
    long["noise"] = {
        "clean": {place: noisy(0.7, 0.3, 6) for place in ("visual", "acoustic", "both")},
        "trained": {"visual": noisy(0.7, 0.3, 3)},  # only clips with short sequences are left
    }
    figure, alt = figures_of(inputs, [short, long])["noise-visual", ""]
    (axes,) = figure.axes
    drawn = [list(line.get_xdata()) for line in axes.get_lines() if line.get_marker() not in ("None", None)]
    assert drawn == [
        [0, 25, 50, 75, 100],
        pytest.approx([0, 100 / 6, 200 / 6, 50, 400 / 6, 500 / 6, 100]),
        pytest.approx([0, 100 / 6, 200 / 6, 50]),
    ]
    assert axes.get_xlabel() == "share of steps that are noise, %"
    assert alt == (
        "accuracy of each strategy by the share of its steps, noise in the picture; the numbers are in the table"
    )


def test_attention_is_drawn_over_the_windows_themselves(inputs):
    figure, _ = figures_of(inputs, [full_row() | {"window_s": 0.25}])["attention", "mater"]
    for axes in figure.axes[:2]:
        assert sorted({x for x, _ in axes.collections[0].get_coordinates()[0].tolist()}) == [0.0, 0.5, 1.0, 1.5, 1.8]


def test_looks_are_counted_from_a_clips_first_step(inputs, section):
    found = figures_of(inputs, [full_row()])
    for kind, strategy in (("over-time", ""), ("over-time", "mater"), ("response", "mater")):
        figure, _ = found[kind, strategy]
        assert figure.axes[-1].get_xlabel() == "seconds known, from a clip's first step"
    assert "by the seconds known, from a clip's first step" in found["over-time", "mater"][1]
    words = text(section)
    assert "its first window, or its first frame with a face" in words
    assert "of the clip that were known" not in words


def test_lines_differ_in_colour_and_marker_and_in_dashes_where_trained_with_noise():
    scores = [Score(0, 0.5, 0.4, 0.6), Score(1, 0.4, None, None)]
    axes = noise_figure([("a", scores, scores), ("b", scores, [])], 0.25).axes[0]
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 2 and line.get_marker() != "None"]
    looks = [(line.get_color(), line.get_marker(), line.get_linestyle()) for line in lines]
    assert looks[0][:2] == looks[1][:2] != looks[2][:2]
    assert [look[2] for look in looks] == ["-", "--", "-"]
    assert axes.get_legend_handles_labels()[1] == ["a", "b", "trained with noise", "chance"]
    assert len(axes.collections) == 2, "only solid lines have bands"


def test_accuracy_is_drawn_in_percent_with_its_band_and_chance():
    axes = time_figure([("a", ("#000000", "o"), [Score(0.5, 0.5, 0.4, 0.6)])], 0.25).axes[0]
    line, chance = axes.get_lines()
    assert [line.get_xdata().tolist(), line.get_ydata().tolist()] == [[0.5], [50.0]]
    assert set(chance.get_ydata()) == {25.0}
    assert axes.collections[0].get_paths()[0].vertices[:, 1].max() == pytest.approx(60)


def test_a_histogram_per_output_with_its_mean():
    times = Times("sound", "#c2570c", [(0.5, 0.25), (1.0, 0.75)], [(1.0, 1.0)], 0.875)
    panels = response_figure([times, replace(times, name="picture", mean_s=None)], 0.5).axes
    assert [axes.get_title(loc="right") for axes in panels] == ["sound", "picture"]
    assert [bar.get_height() for bar in panels[0].patches][:2] == [25.0, 75.0]
    means = [
        [at for line in axes.get_lines() if line.get_linestyle() == "--" for at in line.get_xdata()] for axes in panels
    ]
    assert means == [[0.875, 0.875], []]
    names = panels[0].get_legend_handles_labels()[1]
    assert sorted(names) == ["first right", "mean of first right", "right for good"]
    nothing_is_right = response_figure([replace(times, first=[], settled=[], mean_s=None)], 0.5)
    assert rendered(lambda: nothing_is_right)


def test_a_line_begins_where_something_is_answered(inputs):
    found = figures_of(inputs, [unanswered(simple_row(), 2), unanswered(full_row(), 4)])
    assert ("over-time", "mater") not in found
    line, _ = found["over-time", ""][0].axes[0].get_lines()
    assert line.get_label() == "concat" and line.get_xdata().tolist() == [1.5, 2.0]
    assert ("over-time", "") not in figures_of(inputs, [unanswered(simple_row(), 4)])


def test_no_output_has_the_colour_of_a_strategy():
    outputs = {colour for colour, _ in OUTPUT_STYLES.values()}
    assert len(outputs) == 3 and outputs.isdisjoint(COLOURS)


def test_how_far_layers_lie_apart_is_drawn_from_zero(inputs):
    axes = figures_of(inputs, [full_row()])["layers-difference", ""][0].axes[0]
    assert axes.get_ylim()[0] == 0 and 0.4 < axes.get_ylim()[1] < 0.5


def test_layers_are_counted_from_what_goes_into_the_first():
    axes = layer_figure([("sound", ("#c2570c", "s"), [4.0, None, 3.6])], "nats", (3.0, 5.0)).axes[0]
    assert axes.get_lines()[0].get_xdata().tolist() == [0, 1, 2] and axes.get_ylim() == (3, 5)


def test_more_strategies_than_colours_are_still_told_apart():
    assert len({style(number) for number in range(36)}) == 36


def test_a_window_without_a_share_of_attention_is_left_white():
    axes = attention_figure({"sound": [[0.5, None, 0.5]]}, [0.0, 0.5, 1.0, 1.5]).axes[0]
    mesh, edges = axes.collections[0], axes.get_xlim()
    shares = mesh.get_array()
    assert mesh.get_clim() == pytest.approx((0, 200 / 3)), "an even share is in the middle of the scale"
    assert shares.mask.tolist() == [[False, True, False]] and shares.max() == 50 and edges == (0.0, 1.5)
    assert scale([0.9, 0.05, 0.05]) == (0, 90)


def test_few_shares_of_attention_are_written_into_their_cells():
    (axes, _) = attention_figure({"sound": [[0.8, None, 0.2], [0.3, 0.3, 0.4]]}, [0.0, 0.5, 1.0, 2.0]).axes
    assert [(*label.get_position(), label.get_text()) for label in axes.texts] == [
        *((0.25, 1, "80"), (1.5, 1, "20")),
        *((0.25, 2, "30"), (0.75, 2, "30"), (1.5, 2, "40")),
    ]
    assert axes.texts[0].get_color() == "white" != axes.texts[1].get_color()
    assert axes.get_ylim() == (2.5, 0.5), "layer 1 is at the top"
    assert axes.collections[0].get_edgecolor().tolist() == [[1, 1, 1, 1]], "windows are told apart by white lines"


@pytest.mark.parametrize(("layers", "windows", "written"), [(4, 16, 64), (5, 13, 0), (1, 17, 0)])
def test_many_shares_of_attention_are_not_written(layers, windows, written):
    figure = attention_figure({"sound": [[1 / windows] * windows] * layers}, list(range(windows + 1)))
    assert len(figure.axes[0].texts) == written and figure.get_suptitle() == ""


def test_no_share_of_attention_is_more_than_all():
    assert scale([1.0]) == scale([0.4, 0.6]) == (0, 100)


def scale(shares):
    """The ends of the colours of one layer's shares."""
    edges_s = [0.5 * number for number in range(len(shares) + 1)]
    return attention_figure({"sound": [shares]}, edges_s).axes[0].collections[0].get_clim()
