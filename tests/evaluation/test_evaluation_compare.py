"""The stage on made-up predictions: what it writes, and that it never writes a number that does not exist."""

from __future__ import annotations

import importlib.util
import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import (
    BENCHMARKS,
    GAPS,
    ROOT,
    SKILLS,
    Made,
    benchmark,
    params_of,
    predictions_of,
    write_evaluation,
    write_trained,
)

from aver.errors import BenchmarkError, StoreError
from aver.evaluation.compare import evaluate
from aver.evaluation.flat import comparison, headline
from aver.evaluation.write import write_evaluation as write_results
from aver.store.out import read_json, write_json

FILES = {"scores.json", "pairs.json", "complement.json", "gaps.json", "over_time.json", "curves.parquet", "curves.csv",
         "confusion.csv", "calibration.csv", "gaps.csv"}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("evaluated")
    write_evaluation(root)
    return root


def refused(word):
    raise ValueError(f"{word} is no number")


def read_strictly(path):
    """Read JSON that may hold no NaN and no infinity."""
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refused)


def test_what_is_written(written):
    folder = written / "data/evaluation"
    assert {path.name for path in folder.iterdir()} == FILES
    cells = read_json(folder / "scores.json")
    assert len(cells) == len(SKILLS) * 3 + len(SKILLS) * 2
    assert [cell["protocol"] for cell in cells[:: len(SKILLS)]] == ["subject", "clip", "window", "loso", "clip"]
    assert {cell["protocol"] for cell in cells if cell["headline"]} == {"subject", "loso"}
    own = next(cell for cell in cells if cell["strategy"] == "concat-paper")
    assert own["streams"] == ["vggface", "xvector-thirds"]
    assert (own["folds"], own["seeds"], own["clips"], own["speakers"]) == (4, 2, 144, 12)
    assert len(own["per_speaker"]) == 12 and len(own["per_fold"]) == 4
    assert own["clip"]["uar"]["low"] < own["clip"]["uar"]["mean"] < own["clip"]["uar"]["high"]
    assert own["shared"] == {"clips": 144, "uar": own["clip"]["uar"]["mean"]}


def test_seeds_and_clips_are_those_of_the_answers(written):
    """Beside the headline one seed is trained; a strategy that cuts clips into fewer sequences tests other clips."""
    names = ("data/evaluation/scores.json", "reports/comparison.json", "data/evaluation/gaps.json")
    cells, *others = (read_json(written / name) for name in names)
    for rows in (cells, *others):
        found = {(row["strategy"], row["protocol"]): row for row in rows if row["benchmark"] == "acted"}
        told = {key: (row["seeds"], row["clips"]) for key, row in found.items()}
        assert [told["concat", protocol] for protocol in ("subject", "clip", "window")] == [(2, 144), (1, 29), (1, 58)]
        assert told["acoustic", "window"] == (1, 29)
    beside = [cell for cell in cells if not cell["headline"] and not cell["gap"]]
    assert {cell["clip"]["uar"]["seed_deviation"] for cell in beside} == {cell["shared"] for cell in beside} == {None}
    assert {(cell["seeds"], cell["clips"], cell["speakers"]) for cell in cells if cell["gap"]} == {(0, 0, 0)}


@pytest.fixture
def crossed(tmp_path):
    """Trained on `studio`, tested on `street`: seven people, three of them tested."""
    block = replace(benchmark("studio", "cross"), test_corpora=("street",))
    made = {"c": Made(block, ("angry", "happy"), 7, 2)}
    write_trained(tmp_path, made, {"concat": 1.5})
    return tmp_path, params_of(made, fusion="concat")


def lose(root, reasons, lost):
    """Let the classifiers stage lack clips for some reasons; `lost` are the tested ones."""
    summary = root / "classifiers/c/concat/summary.json"
    write_json(summary, {**read_json(summary), "unscored": reasons})
    path = predictions_of(root, "c", "concat")
    table = pd.read_parquet(path)
    table[~table["clip_id"].isin(lost)].to_parquet(path, index=False)


def test_people_are_those_who_are_tested(crossed):
    root, params = crossed
    cell = evaluate(root, [], params).cells[0]
    assert (cell["clips"], cell["speakers"], len(cell["per_speaker"]), cell["folds"]) == (12, 3, 3, 1)
    assert read_json(root / "folds/c/summary.json")["speakers"] == 7


@pytest.mark.parametrize(
    ("reasons", "lost", "told"),
    [
        ({}, [], {}),
        ({"visual: no_face": 4}, [], {}),  # none of them is tested
        ({"visual: no_face": 4}, ["S01_happy_T0"], {"visual: no_face": 1}),
        ({"visual: no_face": 3, "acoustic: failed": 1}, ["S01_happy_T0"], {"acoustic: failed or visual: no_face": 1}),
        ({"visual: no_face": 1, "acoustic: failed": 1}, ["S01_happy_T0", "S03_angry_T1"],
         {"visual: no_face": 1, "acoustic: failed": 1}),
    ],
)  # fmt: skip
def test_unscored_are_the_tested_clips_without_an_answer(crossed, reasons, lost, told):
    root, params = crossed
    lose(root, reasons, lost)
    cell = evaluate(root, [], params).cells[0]
    assert (cell["unscored"], cell["clips"]) == (told, 12 - len(lost))


def test_a_split_that_is_missing_or_damaged_is_named(crossed):
    root, params = crossed
    (root / "folds/c/folds.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="folds/c is damaged"):
        evaluate(root, [], params)
    (root / "folds/c/folds.parquet").unlink()
    with pytest.raises(StoreError, match=r"folds\.parquet is missing"):
        evaluate(root, [], params)


def test_numbers_are_written_with_six_digits(written):
    for name in ("scores", "pairs", "complement", "gaps"):
        text = (written / f"data/evaluation/{name}.json").read_text(encoding="utf-8")
        floats = []
        json.loads(text, parse_float=floats.append)
        assert floats and all(float(f"{float(word):.6g}") == float(word) for word in floats)


def test_a_leaky_protocol_scores_more_and_says_so(written):
    rows = read_json(written / "data/evaluation/gaps.json")
    found = {(row["strategy"], row["protocol"]): row["window"]["uar"] for row in rows if row["benchmark"] == "acted"}
    for strategy in SKILLS:
        assert found[strategy, "window"] > found[strategy, "subject"]
    table = pd.read_csv(written / "data/evaluation/gaps.csv")
    assert list(table.columns) == ["benchmark", "strategy", "protocol", "uar", "strategy_protocol"]
    assert len(table) == len(SKILLS) * 3 == table["strategy_protocol"].nunique()
    assert table["strategy_protocol"][0] == "acoustic · subject"


def test_a_gap_keeps_its_cell_without_scores(written):
    cells = read_json(written / "data/evaluation/scores.json")
    missing = [cell for cell in cells if cell["gap"]]
    assert {(cell["benchmark"], cell["strategy"], cell["gap"]) for cell in missing} == {
        ("home", strategy, reason) for strategy, reason in GAPS.items()
    }
    assert not any({"clip", "window", "recall", "per_fold"} & set(cell) for cell in missing)
    rows = read_json(written / "reports/comparison.json")
    assert len(rows) == len(cells)
    assert [row["gap"] for row in rows if row["strategy"] == "pca" and row["benchmark"] == "home"] == [GAPS["pca"]] * 2
    assert set(read_json(written / "metrics.json")) == {"acted"}


def test_pairs_are_those_of_strategies_with_scores(written):
    rows = read_json(written / "data/evaluation/pairs.json")
    assert sum(row["benchmark"] == "acted" for row in rows) == 7 * 6 / 2
    home = [row for row in rows if row["benchmark"] == "home"]
    assert len(home) == 5 * 4 / 2
    assert all(row["remark"].startswith("too few speakers") and not row["settled"] for row in home)
    assert any(row["settled"] for row in rows)
    cells = {cell["strategy"]: cell for cell in read_json(written / "data/evaluation/scores.json")[: len(SKILLS)]}
    for row in rows:
        if row["benchmark"] == "acted":  # every speaker has equally many clips of each label
            apart = cells[row["one"]]["clip"]["uar"]["mean"] - cells[row["other"]]["clip"]["uar"]["mean"]
            assert row["difference"] == pytest.approx(apart, abs=2e-6)


def test_complement_is_that_of_the_single_modalities(written):
    rows = read_json(written / "data/evaluation/complement.json")
    assert [row["benchmark"] for row in rows] == ["acted", "home"]
    cells = {cell["strategy"]: cell for cell in read_json(written / "data/evaluation/scores.json")[: len(SKILLS)]}
    best = max(("visual", "acoustic"), key=lambda name: cells[name]["clip"]["accuracy"]["mean"])
    assert rows[0]["best_single"] == {"strategy": best, "accuracy": cells[best]["clip"]["accuracy"]["mean"]}
    assert rows[0]["best_fusion"]["strategy"] not in ("visual", "acoustic")
    shares = [rows[0][key] for key in ("both", "only_visual", "only_acoustic", "neither")]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert rows[0]["oracle"] == pytest.approx(sum(shares[:3]), abs=1e-5)


def test_plots_are_of_the_headline_and_of_the_named_strategy(written):
    folder = written / "data/evaluation"
    predictions = pd.read_parquet(written / "data/classifiers/acted/embrace/predictions.parquet")
    table = pd.read_csv(folder / "confusion.csv")
    assert list(table.columns) == ["benchmark", "corpus", "clip_id", "seed", "actual", "predicted"]
    assert len(table) == 144 * 2 and set(table["benchmark"]) == {"acted"}
    cell = next(c for c in read_json(folder / "scores.json") if c["strategy"] == "embrace")
    assert (table["actual"] == table["predicted"]).mean() == pytest.approx(cell["clip"]["accuracy"]["mean"], abs=1e-6)
    assert set(predictions["label"]) == set(table["actual"])
    curves = pd.read_parquet(folder / "curves.parquet")
    assert set(zip(curves["benchmark"], curves["strategy"], strict=True)) == {
        (name, strategy) for name in BENCHMARKS for strategy in SKILLS if name == "acted" or strategy not in GAPS
    }
    assert set(curves[curves["benchmark"] == "acted"]["runs"]) == {4 * 2}
    assert set(pd.read_csv(folder / "curves.csv")["strategy"]) == {"embrace"}
    bins = pd.read_csv(folder / "calibration.csv")
    assert list(bins.columns) == ["benchmark", "strategy", "confidence", "accuracy", "clips"]
    assert set(bins["strategy"]) == {"embrace"}
    assert bins["clips"].sum() == pytest.approx(144) and bins["clips"].min() > 0


@pytest.mark.parametrize(("fusion", "first"), [("concat", "acted"), ("pca", "other")])
def test_plots_are_of_one_benchmark_the_first_with_scores_of_the_named_strategy(tmp_path, fusion, first):
    acted = replace(BENCHMARKS["acted"], gaps=GAPS)
    made = {"other": BENCHMARKS["acted"], "acted": acted}
    write_evaluation(tmp_path, made, params_of(made, fusion=fusion))
    folder = tmp_path / "data/evaluation"
    for name in ("curves", "confusion", "calibration", "gaps"):
        assert set(pd.read_csv(folder / f"{name}.csv")["benchmark"]) == {first}, name
    assert set(pd.read_parquet(folder / "curves.parquet")["benchmark"]) == {"acted", "other"}


def test_what_dvc_plots_draws_are_columns_of_the_files_and_of_a_kind_its_template_takes(written):
    """DVC's lines and points need numbers on both axes and drop words; its bars lie, and need a number along x."""
    blocks = [block for plot in yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"] for block in plot.values()]
    assert len(blocks) == 4
    for block in blocks:
        [(path, columns)] = block["y"].items()
        table = pd.read_csv(written / path)
        ys = columns if isinstance(columns, list) else [columns]
        number = {name: pd.api.types.is_numeric_dtype(table[name]) for name in [block["x"], *ys]}
        kind = block.get("template", "linear")
        if kind in ("linear", "simple"):
            assert all(number.values())
            assert not table[block["x"]].duplicated().any()  # one line, and not several as one
        elif kind == "bar_horizontal":
            assert number[block["x"]] and not table[ys[0]].duplicated().any()
        else:
            assert kind == "confusion_normalized" and not any(number.values())


def test_bytes_repeat(written, tmp_path):
    write_evaluation(tmp_path)
    for path in sorted(written.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(written)).read_bytes(), path


def test_the_script_writes_the_same_and_nothing_without_scores_of_the_named_strategy(written, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("evaluation_stage", ROOT / "stages/evaluation.py")
    stage = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stage)
    arguments = ["--strategies", *sorted(SKILLS), "--data", str(written / "data")]
    arguments += ["--metrics", str(tmp_path / "metrics.json")]
    arguments += ["--comparison", str(tmp_path / "comparison.json"), "--out", str(tmp_path / "evaluation")]
    monkeypatch.setattr(stage, "load", lambda: params_of())
    stage.main(arguments)
    assert (tmp_path / "metrics.json").read_bytes() == (written / "metrics.json").read_bytes()
    for name in FILES:
        assert (tmp_path / "evaluation" / name).read_bytes() == (written / "data/evaluation" / name).read_bytes()
    home = {"home": BENCHMARKS["home"]}
    monkeypatch.setattr(stage, "load", lambda: params_of(home))
    with pytest.raises(BenchmarkError, match="home: fold 0 has no clip of glad left to train"):
        stage.main([*arguments[:-1], str(tmp_path / "none")])
    assert not (tmp_path / "none").exists()


def test_predictions_that_are_no_numbers_are_a_gap_of_their_protocol(written, tmp_path):
    made = {"acted": BENCHMARKS["acted"]}
    write_trained(tmp_path, made, {"embrace": 2.0})
    path = tmp_path / "classifiers/acted/embrace/predictions.parquet"
    table = pd.read_parquet(path)
    broken = (table["protocol"] == "subject") & (table["fold"] == 2) & (table["seed"] == 1)
    table.loc[broken, "p_sad"] = np.nan
    table.to_parquet(path, index=False)
    found = evaluate(tmp_path, [], params_of(made))
    gaps = {cell["protocol"]: cell["gap"] for cell in found.cells}
    assert gaps["clip"] == gaps["window"] == ""
    assert gaps["subject"].startswith("training diverged: 72 of 576 predictions under protocol subject are no numbers")
    assert "fold 2, seed 1" in gaps["subject"]
    with pytest.raises(BenchmarkError, match="training diverged"):
        headline(found.cells, "embrace")


def test_a_protocol_that_tested_nothing_is_a_gap(tmp_path):
    made = {"acted": BENCHMARKS["acted"]}
    write_trained(tmp_path, made, {"embrace": 2.0})
    path = tmp_path / "classifiers/acted/embrace/predictions.parquet"
    table = pd.read_parquet(path)
    table[table["protocol"] != "window"].to_parquet(path, index=False)
    found = evaluate(tmp_path, [], params_of(made))
    assert [cell["gap"] for cell in found.cells] == ["", "", "no clip was tested under protocol window"]


def test_a_strategy_that_was_not_trained_is_named(tmp_path):
    write_trained(tmp_path, BENCHMARKS, {"embrace": 2.0})
    with pytest.raises(StoreError, match=r"pca/summary\.json is missing"):
        evaluate(tmp_path, ["pca"], params_of())
    (tmp_path / "classifiers/acted/embrace/predictions.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="embrace is damaged"):
        evaluate(tmp_path, [], params_of())


def test_without_benchmarks_the_files_are_empty(tmp_path):
    found = evaluate(tmp_path, ["visual"], params_of({}))
    write_results(tmp_path, found)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert read_json(tmp_path / "scores.json") == []


@st.composite
def ragged(draw):
    """A benchmark with whatever may be missing: speakers, their names, labels, folds, seeds, strategies."""
    protocol = draw(st.sampled_from(["subject", "loso", "clip", "window"]))
    speakers = draw(st.integers(1, 7))
    beside = draw(st.sampled_from([(), ("clip",), ("window",)]))
    block = benchmark("c", protocol, tuple(set(beside) - {protocol}), seeds=range(draw(st.integers(1, 3))))
    labels = tuple("abcd"[: draw(st.integers(1, 4))])
    gaps = draw(st.sets(st.sampled_from(["acoustic", "visual", "concat-paper"])))
    return Made(block, labels, speakers, draw(st.integers(1, 2)), dict.fromkeys(gaps, "why"), draw(st.integers(1, 2)),
                named=draw(st.booleans())), draw(st.integers(0, 2**16))  # fmt: skip


@settings(max_examples=15, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(ragged())
def test_no_number_that_does_not_exist_is_written(tmp_path_factory, drawn):
    one, seed = drawn
    root, made = tmp_path_factory.mktemp("ragged"), {"b": one}
    skills = {name: SKILLS[name] for name in ("acoustic", "concat-paper", "embrace", "visual")}
    write_trained(root, made, skills)
    rng = np.random.default_rng(seed)
    for strategy in skills:  # some rows are gone: labels, speakers, whole runs
        path = root / "classifiers/b" / strategy / "predictions.parquet"
        table = pd.read_parquet(path)
        if len(table):
            lost = table["label"].isin(rng.choice([*one.labels], rng.integers(0, len(one.labels))))
            lost |= rng.random(len(table)) < 0.2
            lost |= (table["seed"] == 0) & (table["fold"] == 0) & (rng.random() < 0.3)
            table[~lost].to_parquet(path, index=False)
    params = replace(params_of(made, bootstrap_draws=20, permutations=30))
    found = evaluate(root, sorted(skills), params)
    out = root / "evaluation"
    out.mkdir()
    write_results(out, found)
    for name in ("scores", "pairs", "complement", "gaps"):
        read_strictly(out / f"{name}.json")
    json.dumps(comparison(found.cells), allow_nan=False)
    for cell in found.cells:
        if not cell["gap"]:
            told = [cell["clip"][name] for name in ("accuracy", "uar", "f1")]
            assert all(0 <= own["mean"] <= 1 for own in told)
            known = one.named and len(cell["per_speaker"]) > 4
            assert all((own["low"] is not None) == known for own in told)
    if any(cell["headline"] and cell["strategy"] == "embrace" and not cell["gap"] for cell in found.cells):
        json.dumps(headline(found.cells, "embrace"), allow_nan=False)
    for name in ("calibration", "gaps"):
        assert not pd.read_csv(out / f"{name}.csv").isna().any().any()


def test_a_corpus_of_the_length_of_cremad_takes_seconds(tmp_path):
    """7,644 clips × 3 seeds × 3 protocols; six strategies take 3 s on an idle core, these two 1 s."""
    one = Made(benchmark("cremad", "subject", ("clip", "window"), (0, 1, 2)), tuple("abcdef"), 91, 14)
    write_trained(tmp_path, {"cremad": one}, {"acoustic": 1.0, "visual": 1.2})
    started = time.perf_counter()
    params = params_of({"cremad": one}, fusion="visual", bootstrap_draws=2000)
    found = evaluate(tmp_path, ["acoustic"], params)
    assert time.perf_counter() - started < 10
    assert found.cells[0]["clips"] == 91 * 6 * 14
    assert found.pairs[0]["method"] == "drawn"
