"""`metrics.json` and `reports/comparison.json`."""

from __future__ import annotations

import logging

import pytest

from aver.errors import BenchmarkError
from aver.evaluation.flat import comparison, headline
from aver.evaluation.metrics import METRICS


def cell(benchmark="b", strategy="embrace", headline=True, gap="", deviation=0.0312345):
    spread = {"mean": 0.6824567, "deviation": deviation, "seed_deviation": None, "low": 0.61, "high": 0.7412345}
    facts = {"benchmark": benchmark, "strategy": strategy, "headline": headline, "gap": gap, "seeds": 3, "folds": 5,
             "protocol": "subject" if headline else "clip", "clips": 0 if gap else 288, "ceiling": 0.6888888,
             "above_ceiling": None if gap else False,
             "shared": None if gap else {"clips": 144, "uar": 0.7345678}}  # fmt: skip
    return facts if gap else {**facts, "clip": dict.fromkeys(METRICS, spread), "window": dict.fromkeys(METRICS, spread)}


def test_a_row_of_the_comparison_is_flat_and_short():
    row = comparison([cell()])[0]
    assert {key: row[key] for key in ("benchmark", "protocol", "strategy", "seeds", "folds", "clips", "gap")} == {
        "benchmark": "b", "protocol": "subject", "strategy": "embrace", "seeds": 3, "folds": 5, "clips": 288, "gap": "",
    }  # fmt: skip
    for name in METRICS:
        assert (row[name], row[f"{name}_deviation"], row[f"window_{name}"]) == (0.6825, 0.0312, 0.6825)
        assert (row[f"{name}_low"], row[f"{name}_high"]) == (0.61, 0.7412)
    assert (row["headline"], row["ceiling"], row["above_ceiling"]) == (True, 0.6889, False)
    assert (row["shared_clips"], row["shared_uar"]) == (144, 0.7346)
    assert not any(isinstance(value, dict | list) for value in row.values())


def test_a_cell_without_scores_is_a_row_with_the_reason_and_the_same_keys():
    scored, missing = comparison([cell(), cell(strategy="pca", gap="too few clips")])
    assert set(scored) == set(missing)
    assert (missing["gap"], missing["uar"], missing["uar_low"], missing["window_f1"]) == ("too few clips", *[None] * 3)


def test_metrics_hold_the_named_strategy_under_the_headline_protocol():
    cells = [cell(), cell(strategy="visual"), cell(headline=False), cell(benchmark="other")]
    found = headline(cells, "embrace")
    assert sorted(found) == ["b", "other"]
    assert found["b"] == {
        "accuracy": 0.6825, "uar": 0.6825, "f1": 0.6825, "uar_deviation": 0.0312, "uar_low": 0.61, "uar_high": 0.7412,
    }  # fmt: skip


def test_metrics_leave_out_what_does_not_exist(caplog):
    cells = [cell(deviation=None), cell(benchmark="other", gap="too few clips")]
    with caplog.at_level(logging.WARNING):
        found = headline(cells, "embrace")
    assert sorted(found) == ["b"]
    assert "uar_deviation" not in found["b"]
    assert "embrace has no scores on other, which is left out: too few clips" in caplog.text


def test_a_strategy_without_any_score_stops_the_stage():
    cells = [cell(gap="too few clips"), cell(benchmark="other", gap="no face"), cell(strategy="visual")]
    with pytest.raises(BenchmarkError, match="'embrace' has scores on no benchmark") as caught:
        headline(cells, "embrace")
    assert "b: too few clips" in str(caught.value) and "other: no face" in str(caught.value)
    assert "dvc exp run -S fusion=" in str(caught.value)


def test_without_benchmarks_there_is_nothing_to_stop_at():
    assert headline([], "embrace") == {} and comparison([]) == []
