"""The page: says what it must, asks the network for nothing, and trusts no name."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import matplotlib as mpl
import pytest

from aver.ledger import Failure, write_ledger
from aver.report.render import page
from aver.store.out import write_json


class Reader(HTMLParser):
    """Collect the tags, the attributes that can fetch something, and every cell's text by the row's first cell."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.fetched, self.rows, self._cell = [], [], [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [
            value for name, value in attrs if name in ("src", "href", "srcset", "data", "action", "poster")
        ]
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


def test_summary_has_every_strategy_with_its_numbers(inputs):
    read = Reader(page(inputs))
    assert read.row("concat") == [
        *("70.0 ± 1.0", "68.2 ± 3.1", "66.0 ± 4.1", "61.0 to 74.1", "55.1 / 52.3"),
        *("97.0", "50.0", "1,101", "133 (no sound 133)"),
    ]
    assert read.row("acoustic")[5] == "68.9"
    assert read.row("visual")[5] == "–"


def test_best_and_named_strategy_are_marked(inputs):
    html = page(inputs)
    best = re.search(r'<tr class="best">.*?</th>', html, re.S)
    assert best and "concat" in best[0] and "highest UAR" in best[0] and '"badge">fusion<' not in best[0]
    assert html.count('class="best"') == 1
    assert '"badge">fusion<' in re.search(r"<tr[^>]*><th[^>]*>visual.*?</th>", html, re.S)[0]


def test_gain_is_named_in_points(inputs):
    assert "The best fusion, concat, gains 18.2 points of UAR over the best single modality, visual" in page(inputs)


def test_seeded_notice_names_encoder_and_the_strategies_that_rest_on_it(inputs):
    html = page(inputs)
    assert "Seeded weights: vggface." in html
    assert "They are behind the numbers of concat, visual." in html


def test_no_seeded_notice_without_seeded_weights(folder, read):
    write_json(folder / "data/weights/vggface/weights.json", {"source": "pretrained", "sha256": "f" * 64})
    assert "Seeded weights" not in page(read())


def test_names_from_data_are_escaped(inputs):
    html = page(inputs)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "&lt;b&gt;sad&lt;/b&gt;" in html
    assert {"script", "b"}.isdisjoint(Reader(html).tags)


def test_nothing_is_fetched(folder, inputs):
    html = page(inputs)
    fetched = Reader(html).fetched
    assert len(fetched) == 4  # the scores, and the learning curves of three strategies
    for uri in fetched:
        kind, _, content = uri.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content).startswith(b"\x89PNG")
    without_detail = html.replace("see http://example.org/x", "")  # a failure's detail, shown as text
    assert not re.search(r"https?://|url\(|@import", without_detail)


def test_same_inputs_same_bytes_whatever_matplotlibrc_says(read):
    first = page(read())
    with mpl.rc_context({"font.size": 20, "savefig.dpi": 50}):
        assert page(read()) == first


def test_corpus_that_was_not_extracted_has_dashes(inputs):
    html = page(inputs)
    later = re.search(r"<caption>Corpus later</caption>.*?</table>", html, re.S)[0]
    assert set(re.findall(r"<td>(.*?)</td>", later)) == {"–"}
    assert Reader(html).row("later · media") == ["–", "–"]
    assert Reader(html).row("xvector") == ["–", "–", "–"]


def test_coverage_absences_and_failures(inputs):
    read = Reader(page(inputs))
    assert read.row("clips") == ["1,234"]
    assert read.row("face coverage, % of frames") == ["98.7"]
    assert read.row("rows, picture") == ["986"] and read.row("rows, sound") == ["–"]
    assert read.row("clips · media") == ["no sound 133", "truncated 1"]
    assert read.row("clips · faces") == ["none", "none"]
    failed = read.row("<script>alert(1)</script>")
    assert failed[:3] == ["clips", "media", "truncated"] and failed[4] == "copy or download the file again"


@pytest.mark.parametrize(("failed", "shown"), [(200, 200), (201, 200)])
def test_failures_table_is_cut_and_says_so(folder, read, failed, shown):
    rows = [Failure(f"clip-{k:03}", "media", "damaged", "") for k in range(failed)]
    write_ledger(folder / "data/media/clips", rows, {})
    html = page(read())
    assert len(re.findall(r">clip-\d{3}<", html)) == shown
    assert f"<summary>{failed} in all" in html
    assert ("the first 200 shown" in html) == (failed > shown)


def test_confusions_are_percent_of_the_row(inputs):
    read = Reader(page(inputs))
    assert read.row("happy") == ["75", "25"]
    assert read.row("<b>sad</b>") == ["0", "0"]  # a label without a clip


def test_provenance_has_the_used_budget_only(inputs):
    html = page(inputs)
    assert "classifiers.budgets.quick" in html and "budgets.paper" not in html
    assert Reader(html).row("learning_rate_min") == ["0.00001"]
    assert Reader(html).row("vggface") == ["seeded", "abcdef012345", "none"]


def test_confidence_of_the_params_is_named(inputs):
    params = replace(inputs.params, evaluation=replace(inputs.params.evaluation, confidence=0.9))
    assert "90 % interval of UAR" in page(replace(inputs, params=params))
