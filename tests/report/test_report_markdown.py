"""The table for git, and how both files are written."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from aver.errors import CacheError
from aver.report.render import markdown
from aver.report.tables import cells_of, gain
from aver.store.out import write_json, write_text


def table(text):
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_one_row_per_cell_with_its_numbers(inputs):
    rows = table(markdown(inputs))
    assert [row[2] for row in rows] == ["acoustic", "**concat**", "visual *"]
    assert rows[1] == [
        *("own", "subject", "**concat**", "70.0 ± 1.0", "68.2 ± 3.1", "66.0 ± 4.1", "61.0 to 74.1"),
        *("55.1 / 52.3", "97.0", "50.0", "1,101", "133 (no sound 133)"),
    ]


def test_first_line_says_what_rests_on_seeded_weights(folder, read):
    assert markdown(read()).startswith("Numbers of concat, visual rest on seeded (random) weights of vggface:")
    write_json(folder / "data/weights/vggface/weights.json", {"source": "pretrained", "sha256": "f" * 64})
    assert markdown(read()).startswith("No number here comes from seeded weights.\n")


def test_bar_in_a_name_does_not_split_a_cell(inputs):
    scores = [{**cell, "benchmark": "a|b"} for cell in inputs.scores]
    comparison = [{**row, "benchmark": "a|b"} for row in inputs.comparison]
    assert "| a\\|b | subject |" in markdown(replace(inputs, scores=scores, comparison=comparison))


def test_loss_against_a_single_modality_is_called_a_loss(inputs):
    pairs = [
        ({**row, "uar": 0.3 if row["strategy"] == "concat" else row["uar"]}, c) for row, c in cells_of(inputs, "own")
    ]
    assert "concat, loses 20.0 points of UAR against the best single modality, visual" in gain(pairs)
    assert gain(pairs[:1]) == ""


@pytest.mark.parametrize(("low", "words"), [(0.55, "overlap, so they alone"), (0.56, "do not overlap")])
def test_gain_says_whether_the_intervals_overlap(inputs, low, words):
    pairs = [
        ({**row, "uar_low": low if row["strategy"] == "concat" else row["uar_low"]}, c)
        for row, c in cells_of(inputs, "own")
    ]
    assert words in gain(pairs)


def test_stage_writes_both_files_and_the_same_bytes_again(folder, params_file, monkeypatch):
    monkeypatch.setenv("AVER_PARAMS", str(params_file))
    stage = runpy.run_path(str(Path(__file__).parents[2] / "stages" / "report.py"))["main"]
    inputs = [
        "--evaluation",
        folder / "evaluation",
        "--comparison",
        folder / "comparison.json",
        "--data",
        folder / "data",
    ]
    found = []
    for out in ("first", "second"):
        outs = folder / out / "index.html", folder / out / "comparison.md"
        stage([str(part) for part in (*inputs, "--out", outs[0], "--markdown", outs[1])])
        found.append([path.read_bytes() for path in outs])
        assert sorted(path.name for path in (folder / out).iterdir()) == ["comparison.md", "index.html"]
    assert found[0] == found[1]


def test_failed_write_keeps_the_old_file_and_leaves_no_half(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    write_text(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aver.store.out.os.replace", full)
    with pytest.raises(CacheError, match="No space left"):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
