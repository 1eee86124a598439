"""The files beside the page: Markdown for git, LaTeX for papers, PNG for slides; and how all are written."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from report_example import pair, protocol, without_intervals

from aver.errors import CacheError
from aver.report.benchmark import benchmarks
from aver.report.cells import headline
from aver.report.drawings.collect import drawings, file_names, pairs_drawn
from aver.report.latex import latex
from aver.report.markdown import markdown
from aver.report.pairs import MOST_PAIRS
from aver.report.write import write_report
from aver.store.out import write_json, write_text

FILES = ["comparison.md", "comparison.tex", "figures", "index.html"]


def tables(text):
    """Every table of a Markdown text, without its head."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    return [[[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]] for rows in blocks]


def test_markdown_has_verdict_scores_and_gap(inputs, found):
    text = markdown(inputs, found)
    assert "**own: Fusion helps: concat beats the best single modality, visual.** UAR of the best fusion" in text
    scores, gaps = tables(text)
    assert [row[2] for row in scores] == ["acoustic", "visual \\*", "**concat**", "embrace"]
    assert scores[2] == [
        *("own", "subject", "**concat**", "70.0", "65.0 to 75.0", "68.2", "61.0 to 74.1", "97.0"),
    ]
    assert scores[3][3:] == ["–"] * 5
    assert "– own, embrace: needs a stream &lt;picture> that is not here" in text
    assert ["own", "concat", "99.0 ▲", "68.2", "97.0", "**+30.8**"] in gaps
    assert "– own, trained seeds and tested clips: window 1 seed, 1,101 clips; subject 2 seeds, 1,101 clips" in text
    assert "Gap: the first protocol minus the last; **bold**: more than chance" in text
    assert "nan" not in text.lower()


def test_markdown_says_first_what_rests_on_seeded_weights(folder, read):
    first = markdown(read(), [])
    assert first.startswith("Numbers of concat, visual rest on seeded (random) weights of vggface:")
    write_json(folder / "weights/vggface/weights.json", {"source": "pretrained", "sha256": "f" * 64})
    assert markdown(read(), []).startswith("No number here comes from seeded weights.\n")


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the figures out, which take the time."""
    monkeypatch.setattr("aver.report.benchmark.drawings", lambda *_: [])


def renamed(inputs, name):
    changed = {
        key: [{**row, "benchmark": name} for row in getattr(inputs, key)]
        for key in ("scores", "pairs", "gaps", "complement")
    }
    return replace(inputs, **changed)


def test_markdown_reads_no_name_as_markup(inputs, undrawn):
    hostile = renamed(inputs, "a|b <script>*x*")
    assert "| a\\|b &lt;script>\\*x\\* | subject" in markdown(hostile, benchmarks(hostile))


def test_markdown_calls_nothing_a_gap_where_no_protocol_is_leaky(inputs, undrawn):
    gaps = [{**row, "protocol": row["protocol"].replace("window", "loso")} for row in inputs.gaps]
    honest = replace(inputs, gaps=gaps)
    text = markdown(honest, benchmarks(honest))
    assert "| loso" in text.replace("  ", "") and "gap" not in text.lower()


def test_markdown_marks_only_what_is_more_than_chance(inputs, undrawn):
    gaps = [protocol("concat", "subject", 0.6, headline=True), protocol("concat", "window", 0.65, headline=False)]
    close = replace(inputs, gaps=gaps)
    assert ["own", "concat", "65.0", "60.0", "–", "+5.0"] in tables(markdown(close, benchmarks(close)))[1]


def test_latex_is_a_booktabs_table_with_its_conditions_in_the_caption(inputs, found):
    text = latex(inputs, found)
    assert re.findall(r"\\(begin|end)\{(\w+)\}", text) == [
        *(("begin", "table"), ("begin", "tabular"), ("end", "tabular"), ("end", "table")),
    ]
    assert r"\toprule" in text and r"\midrule" in text and r"\bottomrule" in text
    assert r"\textbf{concat} & \textbf{70.0 (65.0--75.0)} & \textbf{68.2 (61.0--74.1)} & 97.0 \\" in text
    assert r"embrace & -- & -- & -- \\" in text
    caption = re.search(r"\\caption\{(.*)\}", text)[1]
    for part in ("protocol subject", "2 folds; 2 seeds", r"95 \% interval over speakers"):
        assert part in caption
    assert r"embrace: needs a stream \textless{}picture\textgreater{} that is not here." in caption


def test_too_few_speakers_for_an_interval_are_said(inputs, found, undrawn):
    assert "without an interval" not in markdown(inputs, found)
    few = without_intervals(inputs)
    assert "A score without an interval: there are too few speakers for one" in markdown(few, benchmarks(few))
    text = latex(few, benchmarks(few))
    assert r"\textbf{concat} & \textbf{70.0} & \textbf{68.2} & 97.0 \\" in text
    assert "No interval over speakers: there are too few" in text and "In brackets" not in text


def test_latex_shows_clips_and_the_shared_uar_where_strategies_did_not_score_the_same(inputs, undrawn):
    scores = [
        cell if cell["gap"] else {**cell, "shared": {"clips": 144, "uar": cell["clip"]["uar"]["mean"] - 0.1}}
        for cell in inputs.scores
    ]
    changed = replace(inputs, scores=scores)
    text = latex(changed, benchmarks(changed))
    assert r"Strategy & Clips & Accuracy & UAR & Shared & Best \\" in text and r"\begin{tabular}{lrrrrr}" in text
    assert "Shared: UAR on the 144 clips that all strategies scored, the highest among which is bold." in text
    assert r"\textbf{1,101} & \textbf{70.0 (65.0--75.0)} & \textbf{68.2 (61.0--74.1)} & \textbf{58.2} & 97.0 \\" in text
    assert r"embrace & -- & -- & -- & -- & -- \\" in text


def test_markdown_shows_clips_and_the_shared_uar_where_strategies_did_not_score_the_same(inputs, found):
    assert "shared" not in markdown(inputs, found)
    scores = [
        cell if cell["gap"] else {**cell, "shared": {"clips": 144, "uar": cell["clip"]["uar"]["mean"] - 0.1}}
        for cell in inputs.scores
    ]
    changed = replace(inputs, scores=scores)
    text = markdown(changed, benchmarks(changed))
    assert "**bold**: highest UAR, on the clips that all strategies of the benchmark scored;" in text
    row = next(line for line in text.splitlines() if "| **concat**" in line)
    assert [cell.strip() for cell in row.split("|")][-3:-1] == ["1,101", "58.2"]


def test_latex_escapes_what_is_special_to_it(inputs, undrawn):
    hostile = renamed(inputs, r"50%_a&b#$~^\{x} 情 [y]")
    text = latex(hostile, benchmarks(hostile))
    name = r"50\%\_a\&b\#\$\textasciitilde{}\textasciicircum{}\textbackslash{}\{x\} {[}U+60C5{]} {[}y{]}"
    assert f"in \\% on {name} (" in text
    assert text.isascii()


def test_figures_are_named_by_benchmark_and_kind(inputs, found):
    assert [(drawing.kind, drawing.strategy) for drawing in found[0].drawings] == [
        *(("scores", ""), ("pairs", ""), ("gap", ""), ("speakers", "")),
        *(("calibration", name) for name in ("acoustic", "visual", "concat")),
        *(("curves", name) for name in ("acoustic", "visual", "concat")),
        *(("pca", ""), ("autoencoder", "")),
    ]
    assert all(drawing.png.startswith(b"\x89PNG") for drawing in found[0].drawings)
    names = ["ravdess", "my clips", "my/clips", "../x", "my-clips-2", "…"]
    stems = list(file_names(names).values())
    assert stems == ["ravdess", "my-clips", "my-clips-2", "x", "my-clips-2-2", "benchmark"]


def test_different_numbers_are_drawn_differently(inputs, found):
    gaps = [{**row, "clip": {"accuracy": 0.5, "uar": 0.5}} for row in inputs.gaps]
    pairs = [{**one, "settled": False} for one in inputs.pairs]
    other = {drawing.kind: drawing.png for drawing in drawings(replace(inputs, gaps=gaps, pairs=pairs), "own")}
    same = {drawing.kind: drawing.png for drawing in found[0].drawings}
    assert {kind for kind in same if same[kind] != other[kind]} == {"gap", "pairs"}


def test_many_pairs_are_drawn_against_the_best_strategy_only(inputs):
    more = [pair("acoustic", f"other-{number}", 0.1, 0.5, settled=False) for number in range(MOST_PAIRS)]
    cells = headline(inputs, "own")
    assert len(pairs_drawn(inputs, "own", cells)) == len(inputs.pairs)
    drawn = pairs_drawn(replace(inputs, pairs=inputs.pairs + more), "own", cells)
    assert [(one["one"], one["other"]) for one in drawn] == [("concat", "acoustic"), ("concat", "visual")]


def arguments(folder, out):
    return [
        *("--evaluation", str(folder / "evaluation"), "--data", str(folder), "--out", str(out / "index.html")),
        *("--markdown", str(out / "comparison.md"), "--latex", str(out / "comparison.tex")),
        *("--figures", str(out / "figures")),
    ]


def test_stage_writes_all_files_and_the_same_bytes_again(folder, params_file, monkeypatch):
    monkeypatch.setenv("AVER_PARAMS", str(params_file))
    stage = runpy.run_path(str(Path(__file__).parents[2] / "stages" / "report.py"))["main"]
    written = []
    for name in ("first", "second"):
        out = folder / name
        stage(arguments(folder, out))
        assert sorted(path.name for path in out.iterdir()) == FILES
        written.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert written[0] == written[1]
    assert Path("figures/own-scores.png") in written[0] and Path("figures/own-calibration-concat.png") in written[0]


def test_an_evaluation_without_anything_is_still_a_report(folder, read):
    for path in (folder / "evaluation").iterdir():
        path.unlink()
    write_report(read(), *(folder / name for name in ("index.html", "comparison.md", "comparison.tex", "figures")))
    assert "No benchmark has been evaluated yet" in (folder / "index.html").read_text()
    assert list((folder / "figures").iterdir()) == []


def test_failed_write_keeps_the_old_file_and_leaves_no_half(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    write_text(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aver.store.out.os.replace", full)
    with pytest.raises(CacheError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
