"""The page: says what it must, asks the network for nothing, and trusts no name."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib as mpl
import pytest
from report_example import pair, without_intervals

from aver.ledger import Failure, write_ledger
from aver.report.benchmark import benchmarks
from aver.report.render import page
from aver.store.out import write_json


class Reader(HTMLParser):
    """Collect the tags, the attributes that can fetch something, and every cell's text by the row's first cell."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.fetched, self.words, self.rows, self._cell = [], [], [], [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [
            value
            for name, value in attrs
            if name in ("src", "href", "srcset", "data", "action", "poster") and not value.startswith("#")
        ]
        if tag == "img":
            self.words.append(dict(attrs).get("alt"))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag):
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data):
        if self._cell:
            self.rows[-1][-1] += data

    def row(self, first):
        found = [[" ".join(cell.split()) for cell in row] for row in self.rows]
        return next(row[1:] for row in found if row[0].split(" ")[0] == first or row[0] == first)


@pytest.fixture(scope="module")
def shown(inputs, found):
    return page(inputs, found)


@pytest.fixture
def again(monkeypatch):
    """Show other inputs, without the figures, which take the time."""
    monkeypatch.setattr("aver.report.benchmark.drawings", lambda *_: [])
    return lambda inputs: page(inputs, benchmarks(inputs))


def text(html):
    """The page as it is read: without tags, white space as one space."""
    return " ".join(re.sub(r"<[^>]*>", " ", html.replace("&nbsp;", " ")).split())


def test_verdict_stands_before_everything_else(shown):
    assert re.search(r'<section id="(\w+)">', shown)[1] == "verdict"
    assert '<div class="verdict better">' in shown
    assert "Fusion helps: concat beats the best single modality, visual." in text(shown)


def test_questions_come_in_the_order_that_readers_have(shown):
    assert re.findall(r'<section id="(\w+)">', shown) == [
        *("verdict", "strategies", "pairs", "gap", "complement", "confusions", "emotions", "speakers"),
        *("over_time", "calibration", "curves", "reducers", "reading", "corpora", "coverage", "provenance"),
    ]
    targets = set(re.findall(r'href="#(\w+)"', shown))
    assert targets <= set(re.findall(r' id="(\w+)"', shown))


def test_main_table_has_every_strategy_with_its_numbers(shown):
    read = Reader(shown)
    assert read.row("concat") == ["68.2 61.0 to 74.1", "70.0 65.0 to 75.0", "97.0"]
    assert read.row("visual") == ["50.0 45.0 to 55.0", "70.0 65.0 to 75.0", "–"]
    assert read.row("embrace") == ["–", "–", "–"]
    assert "needs a stream &lt;picture&gt; that is not here" in shown


def test_best_and_named_strategy_are_marked(shown):
    best = re.search(r'<tr class="best">.*?</th>', shown, re.S)
    assert best and "concat" in best[0] and "highest UAR" in best[0] and '"badge">fusion<' not in best[0]
    assert shown.count('class="best"') == 1
    assert '"badge">fusion<' in re.search(r"<tr[^>]*><th[^>]*>visual.*?</th>", shown, re.S)[0]


def test_clips_and_the_shared_uar_stand_in_the_table_where_strategies_did_not_score_the_same(inputs, shown, again):
    assert "</strong> shared" not in shown and "sound; 1,101 clips" not in text(shown)
    scores = [
        cell if cell["gap"] else {**cell, "shared": {"clips": 144, "uar": cell["clip"]["uar"]["mean"] - 0.1}}
        for cell in inputs.scores
    ]
    html = again(replace(inputs, scores=scores))
    assert Reader(html).row("concat") == ["68.2 61.0 to 74.1 58.2 shared", "70.0 65.0 to 75.0", "97.0"]
    assert Reader(html).row("embrace") == ["–", "–", "–"]
    assert "picture + sound; 1,101 clips" in text(html)
    assert "is asked on the 144 shared clips, those that all of them scored" in text(html)


def test_who_is_tested_and_how_often_stands_above_the_table(inputs, shown, again):
    assert "corpora clips; 9 tested speakers; 2 folds; 2 seeds; 2 labels" in text(shown)
    scores = [{**cell, "folds": 1, "seeds": 1, "speakers": 0} for cell in inputs.scores]
    assert "corpora clips; 1 fold; 1 seed; 2 labels" in text(again(replace(inputs, scores=scores)))


def test_a_score_above_what_is_possible_is_marked(inputs, shown, again):
    assert "▲</span> 99.0" in shown and "lies above what is possible without leakage" in text(shown)
    gaps = [{**row, "above_ceiling": False} for row in inputs.gaps]
    assert "▲" not in again(replace(inputs, gaps=gaps))


def gap_section(html):
    return text(re.search(r'<section id="gap">.*?</section>', html, re.S)[0])


def test_the_gap_stands_beside_intervals_seeds_and_clips(inputs, shown, again):
    said = gap_section(shown)
    assert "concat ▲ 99.0 94.0 to 104.0 1,101 clips 68.2 63.2 to 73.2 1,101 clips 97.0 +30.8" in said
    assert "window (1 seed, 1,101 clips): random 80/20 split" in said and "UAR per window, %" in said
    assert "<strong>+30.8</strong>" in shown and "Gap: window minus subject, in points of UAR." in said
    honest = again(replace(inputs, gaps=[{**row, "protocol": f"{row['protocol']}s"} for row in inputs.gaps]))
    assert gap_section(honest).lower().count("gap") == 1  # the heading


def test_reported_numbers_are_shown_with_source_and_protocol_or_not_at_all(inputs, shown, again):
    assert "Salas-Cáceres" not in shown and "reported</em>*" not in shown
    params = inputs.params
    corpora = {**params.corpora, "clips": replace(params.corpora["clips"], adapter="ravdess")}
    block = replace(params.benchmarks["own"], where={"channel": ("speech",)})
    params = replace(params, benchmarks={"own": block})
    labels = [str(number) for number in range(8)]
    scores = [{**cell, "labels": labels, "confusion": [[1.0] * 8] * 8} for cell in inputs.scores]
    html = again(replace(inputs, params=replace(params, corpora=corpora), scores=scores))
    assert "reported</em>*: accuracy / UAR" in html and "<em>80.51 / 79.59</em>" in html
    assert "* Reported by the authors, not computed here, and under their own protocol: Salas-Cáceres" in text(html)
    assert "Table 3 (random 80/20 split of sequences, scores per window, speakers shared)." in text(html)
    assert "Ghaleb et al. 2022, Table 1" not in html


def test_a_label_without_a_tested_clip_has_no_shares_and_no_hit(shown):
    matrices = re.search(r'<section id="confusions">.*?</section>', shown, re.S)[0]
    rows = re.findall(r'<tr><th scope="row">[^<]*</th>((?:<td[^>]*>[^<]*</td>)+)</tr>', matrices)
    assert len(rows) == 6
    assert set(rows[::2]) == {'<td style="--heat: 75" class="hit">75</td><td style="--heat: 25">25</td>'}
    assert set(rows[1::2]) == {"<td>–</td><td>–</td>"}


def test_scores_of_too_few_speakers_say_why_they_have_no_interval(inputs, shown, again):
    assert "A score without an interval" not in shown
    html = again(without_intervals(inputs))
    assert "A score without an interval: there are too few speakers for one" in text(html)
    assert Reader(html).row("concat") == ["68.2", "70.0", "97.0"]


def test_many_pairs_are_folded_behind_those_of_the_best_strategy(inputs, shown, again):
    assert "All 3 pairs" not in shown
    more = [pair("acoustic", f"other-{number}", 0.1, 0.5, settled=False) for number in range(30)]
    lead, _, rest = again(replace(inputs, pairs=inputs.pairs + more)).partition("All 33 pairs</summary>")
    assert "other-7" in rest and "other-7" not in lead
    assert "concat − acoustic" in lead and "visual − acoustic" not in lead


def test_without_other_protocols_the_gap_says_how_to_get_one(inputs, again):
    html = again(replace(inputs, gaps=[], complement=[], pairs=[], reduced={}, curves=[]))
    assert "benchmarks.own.beside" in html and "No reducer was fitted" in html and "Nothing was trained" in html


def test_seeded_notice_names_encoder_and_the_strategies_that_rest_on_it(shown):
    assert "Seeded weights: vggface." in text(shown)
    assert "They are behind the numbers of concat, visual." in text(shown)


def test_no_seeded_notice_without_seeded_weights(folder, read, again):
    write_json(folder / "weights/vggface/weights.json", {"source": "pretrained", "sha256": "f" * 64})
    assert "Seeded weights" not in again(read())


def test_names_from_data_are_escaped(shown):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "&lt;b&gt;sad&lt;/b&gt;" in shown
    assert {"script", "b", "picture"}.isdisjoint(Reader(shown).tags)


def test_nothing_is_fetched(shown):
    fetched = Reader(shown).fetched
    # scores, pairs, gap, speakers, pca, autoencoder; calibration and learning curves of three strategies
    assert len(fetched) == 6 + 2 * 3
    for uri in fetched:
        kind, _, content = uri.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content).startswith(b"\x89PNG")
    without_detail = shown.replace("see http://example.org/x", "")  # a failure's detail, shown as text
    assert not re.search(r"https?://|url\(|@import", without_detail)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in shown


def test_every_image_has_words(shown):
    words = Reader(shown).words
    assert words and all(words)


def test_no_number_that_is_none(inputs, again):
    # NaN in a table of another stage, as a diverged run leaves it.
    assert "nan" not in text(again(inputs)).lower().split()
    scores = [dict(cell) for cell in inputs.scores]
    broken = {key: {part: float("nan") for part in value} for key, value in scores[0]["clip"].items()}
    scores[0] = {**scores[0], "clip": broken}
    html = again(replace(inputs, scores=scores))
    assert not re.search(r"\bnan\b", text(html), re.I)
    assert Reader(html).row("acoustic") == ["–", "–", "68.9"]


def test_same_inputs_same_bytes_whatever_matplotlibrc_says(read, shown):
    with mpl.rc_context({"font.size": 20, "savefig.dpi": 50, "savefig.facecolor": "red"}):
        inputs = read()
        assert page(inputs, benchmarks(inputs)) == shown


def test_corpus_that_was_not_extracted_has_dashes(shown):
    later = re.search(r"<caption>Corpus later</caption>.*?</table>", shown, re.S)[0]
    assert set(re.findall(r"<td>(.*?)</td>", later)) == {"–"}
    assert Reader(shown).row("later · media") == ["–", "–"]
    assert Reader(shown).row("xvector") == ["–", "–", "–"]


def test_coverage_absences_and_failures(shown):
    read = Reader(shown)
    assert ["clips", "1,234"] in read.rows
    assert read.row("face coverage, % of frames") == ["98.7"]
    assert read.row("rows, picture") == ["986"] and read.row("rows, sound") == ["–"]
    assert read.row("clips · media") == ["no sound 133", "truncated 1"]
    assert read.row("clips · faces") == ["none", "none"]
    assert read.row("embrace, subject") == ["own", "needs a stream <picture> that is not here"]
    failed = read.row("<script>alert(1)</script>")
    assert failed[:3] == ["clips", "media", "truncated"] and failed[4] == "copy or download the file again"


@pytest.mark.parametrize(("failed", "cut"), [(200, 200), (201, 200)])
def test_failures_table_is_cut_and_says_so(folder, read, failed, cut):
    rows = [Failure(f"clip-{k:03}", "media", "damaged", "") for k in range(failed)]
    write_ledger(folder / "media/clips", rows, {})
    html = page(read(), [])
    assert len(re.findall(r">clip-\d{3}<", html)) == cut
    assert f"<summary>{failed} in all" in html
    assert ("the first 200 shown" in html) == (failed > cut)
    assert "No benchmark has been evaluated yet" in html


def test_provenance_has_the_used_budget_only(shown):
    assert "classifiers.temporal.budgets.quick" in shown and "budgets.paper" not in shown
    assert Reader(shown).row("learning_rate_min") == ["0.00001"]
    assert Reader(shown).row("vggface") == ["seeded", "abcdef012345", "none"]
    assert Reader(shown).row("own · concat") == ["ba7816bf8f01"]


def test_the_page_says_how_to_get_the_revision_and_holds_none(shown):
    assert "once the dvc.lock written with this page is committed, git log -1 -- dvc.lock prints it" in text(shown)
    assert not re.search(r"\b[0-9a-f]{40}\b", shown)


def test_confidence_of_the_params_is_named(inputs, again):
    params = replace(inputs.params, evaluation=replace(inputs.params.evaluation, confidence=0.9))
    html = text(again(replace(inputs, params=params)))
    assert "each with its 90 % interval" in html and "Below 0.1 a difference is called real" in html
