"""Benchmarks over several corpora, from clips and stores to scores: nothing is mocked, only small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aver.cache.cache import Failed
from aver.cache.objects import pack
from aver.classifiers.grid import train_grid
from aver.classifiers.prepare import prepare
from aver.classifiers.write import write_grid
from aver.evaluation.compare import evaluate
from aver.evaluation.flat import comparison, headline
from aver.evaluation.read import read_trained
from aver.evaluation.write import write_evaluation
from aver.folds.build import build_folds, write_folds
from aver.folds.choose import people_of
from aver.parallel import run_tasks
from aver.params.blocks import Benchmark, Budget, Corpus
from aver.params.file import load
from aver.store.out import read_json
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

#: corpus → its words for anger, happiness and surprise, and its speakers.
CORPORA = {
    "speech": (("angry", "happy", "surprised"), ("01", "02", "03", "04", "05")),
    "song": (("angry", "happy"), ("01", "02", "03")),
    "rml": (("anger", "happiness", "surprise"), ("a", "b", "c", "d")),
}
COMMON = {"validation_fraction": 0.3, "fold_seed": 0, "seeds": (0,), "labels": "basic6"}
BENCHMARKS = {
    "joint": Benchmark(corpora=("speech", "song", "rml"), protocol="subject", folds=2, **COMMON),
    "cross": Benchmark(corpora=("song",), protocol="cross", test_corpora=("rml",), **COMMON),
}


def clips_of(corpus):
    words, speakers = CORPORA[corpus]
    return [
        {"clip_id": f"{speaker}-{word}-{take}", "label": word, "perceived": "", "speaker": speaker, "sex": "",
         "take": f"{corpus}-{speaker}-{word}-{take}", "sha256": f"{corpus}-{speaker}-{word}-{take}"}
        for speaker in speakers for word in words for take in range(2)
    ]  # fmt: skip


def write_stream(folder: Path, corpus: str, stream: str, absent: tuple[str, ...]) -> None:
    """Write a store of 3-d rows that tell the emotions apart; clips with these in their names have no rows."""
    rng = np.random.default_rng(len(corpus))
    entries = []
    for clip in sorted(clips_of(corpus), key=lambda clip: clip["clip_id"]):
        name = clip["clip_id"]
        if any(part in name for part in absent):
            entries.append(ClipEntry(name, "absent", "no_face"))
            continue
        values = rng.normal(6 * np.eye(3)["ahs".index(clip["label"][0])], 1, (4, 3)).astype(np.float32)
        times = np.array([(k / 10, (k + 1) / 10) for k in range(4)])
        rows = Rows(values, times, ["complete"] * 4)
        entries.append(ClipEntry(name, "ok", "", f"{corpus}-{name}", lambda rows=rows: rows))
    write_store(folder / corpus / stream, Header(stream, "x", (3,), "p", "w", "seeded"), entries, 2, "hdf5")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Both benchmarks, folds to evaluation; returns the folder and the params."""
    folder = tmp_path_factory.mktemp("corpora")
    params = load(Path(__file__).parents[2] / "params.yaml")
    budget = Budget(epochs=8, patience=8, weight_decay=0.0, autoencoder_epochs=1, sequence_frames=4, sequence_stride=4,
                    max_sequences=1)  # fmt: skip
    params = replace(
        params, fusion="concat", budget="quick", parallel=replace(params.parallel, jobs=1, backend="sequential"),
        corpora={"speech": Corpus("x", "ravdess"), "song": Corpus("y", "ravdess"), "rml": Corpus("z")},
        benchmarks=BENCHMARKS, evaluation=replace(params.evaluation, bootstrap_draws=100),
        classifiers=replace(params.classifiers, visual="v", acoustic="a", device="cpu", learning_rate=0.05,
                            batch=16, budgets={"quick": budget}),
    )  # fmt: skip
    for corpus in CORPORA:
        write_stream(folder / "features", corpus, "v", ("a-anger",))
        write_stream(folder / "features", corpus, "a", ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        for name, benchmark in BENCHMARKS.items():
            corpora = {corpus: clips_of(corpus) for corpus in benchmark.all_corpora}
            folds = build_folds(name, benchmark, corpora, people_of(params.corpora))
            (folder / "folds" / name).mkdir(parents=True)
            write_folds(folder / "folds" / name, folds, benchmark)
            out = folder / "classifiers" / name / "concat"
            out.mkdir(parents=True)
            write_grid(out, train_grid(name, "concat", folds.rows, folder / "features", params), folds.rows)
    return folder, params


def test_a_joint_benchmark_trains_on_the_union_and_says_what_each_corpus_scores(ran):
    folder, params = ran
    found = evaluate(folder / "classifiers", folder / "folds", ["concat"], params)
    cells = found.cells
    cell = next(cell for cell in cells if cell["benchmark"] == "joint")
    assert cell["labels"] == ["anger", "happiness", "surprise"]
    assert cell["corpora"] == ["rml", "song", "speech"]
    assert (cell["ceiling"], cell["label"]) == (None, "intended")
    assert {name: own["clips"] for name, own in cell["per_corpus"].items()} == {"rml": 22, "song": 12, "speech": 30}
    assert {name: own["speakers"] for name, own in cell["per_corpus"].items()} == {"rml": 4, "song": 3, "speech": 5}
    assert (cell["clips"], cell["unscored"]) == (64, {"visual: no_face": 2})
    assert cell["clip"]["accuracy"]["mean"] > 0.9
    assert all(own["accuracy"]["value"] > 0.9 for own in cell["per_corpus"].values())
    speech = cell["per_corpus"]["speech"]["uar"]
    assert speech["low"] <= speech["value"] <= speech["high"]
    predictions = pd.read_parquet(folder / "classifiers/joint/concat/predictions.parquet")
    assert predictions.groupby(["people", "speaker"])["fold"].nunique().max() == 1
    assert (predictions.groupby(["seed", "corpus", "clip_id"]).size() == 1).all()


def test_a_cross_benchmark_tests_the_other_corpus_on_the_labels_that_were_trained(ran):
    folder, params = ran
    found = evaluate(folder / "classifiers", folder / "folds", ["concat"], params)
    cells = found.cells
    cell = next(cell for cell in cells if cell["benchmark"] == "cross")
    assert (cell["labels"], cell["folds"]) == (["anger", "happiness"], 1)
    assert (cell["corpora"], cell["test_corpora"]) == (["rml", "song"], ["rml"])
    assert set(cell["per_corpus"]) == {"rml"}
    assert cell["clips"] == cell["per_corpus"]["rml"]["clips"] == 4 * 2 * 2 - 2
    assert cell["clip"]["uar"]["mean"] == pytest.approx(cell["per_corpus"]["rml"]["uar"]["value"], abs=1e-9)
    left = read_json(folder / "folds/cross/summary.json")["left_out"]
    assert left == {"rml": {"never_trained": {"surprise": 8}}}
    (folder / "evaluation").mkdir()
    write_evaluation(folder / "evaluation", found)
    assert read_json(folder / "evaluation/scores.json") == cells
    assert set(headline(cells, "concat")) == {"joint", "cross"}
    assert [row["protocol"] for row in comparison(cells)] == ["cross", "subject"]


@pytest.mark.parametrize(("patience", "most"), [(2, 16), (8, 3)])
def test_without_early_stop_a_crash_costs_the_seeds_of_a_fold(ran, patience, most):
    folder, params = ran
    block = replace(BENCHMARKS["joint"], seeds=(0, 1, 2))
    budget = replace(params.classifiers.budgets["quick"], patience=patience)
    params = replace(
        params, benchmarks={"joint": block}, classifiers=replace(params.classifiers, budgets={"quick": budget})
    )
    folds = build_folds(
        "joint", block, {corpus: clips_of(corpus) for corpus in block.corpora}, people_of(params.corpora)
    )
    ready = prepare("joint", "concat", folds.rows, folder / "features", params)
    assert {task.most for task in ready.runs(folder, {}).values()} == {most}


def test_a_label_whose_clips_all_lack_a_stream_is_a_gap(ran, tmp_path, monkeypatch):
    """Without it the model would have a class that it never saw."""
    _, params = ran
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))
    for corpus in CORPORA:
        write_stream(tmp_path, corpus, "v", ("surprise",))
    rows = build_folds(
        "joint", BENCHMARKS["joint"], {corpus: clips_of(corpus) for corpus in CORPORA}, people_of(params.corpora)
    ).rows
    grid = train_grid("joint", "visual", rows, tmp_path, params)
    assert "fold 0 has no clip of surprise left to train" in grid.gap
    out = tmp_path / "out"
    out.mkdir()
    write_grid(out, grid, rows)
    summary = read_json(out / "summary.json")
    assert summary["gap"] == grid.gap
    assert (summary["runs"], summary["model"]) == (0, None)
    assert len(pd.read_parquet(out / "predictions.parquet")) == 0


@pytest.mark.parametrize("strategy", ["concat", "pca"])
def test_a_protocol_beside_that_cannot_be_served_leaves_the_headline_alone(ran, tmp_path, monkeypatch, strategy):
    """One speaker has no face at all: under `loso` a fold loses a whole side."""
    _, params = ran
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))
    block = Benchmark(corpora=("rml",), protocol="clip", beside=("loso",), **COMMON)
    params = replace(params, benchmarks={"b": block})
    write_stream(tmp_path / "features", "rml", "v", ("b-",))
    write_stream(tmp_path / "features", "rml", "a", ())
    folds = build_folds("b", block, {"rml": clips_of("rml")}, people_of(params.corpora))
    grid = train_grid("b", strategy, folds.rows, tmp_path / "features", params)
    assert (grid.gap, list(grid.runs)) == ("", [("clip-fold-0", 0)])
    (tmp_path / "folds/b").mkdir(parents=True)
    write_folds(tmp_path / "folds/b", folds, block)
    out = tmp_path / "classifiers/b" / strategy
    out.mkdir(parents=True)
    write_grid(out, grid, folds.rows)
    trained = read_trained(out)
    assert trained.gap("clip") == ""
    assert trained.gap("loso").startswith("protocol loso, fold 0 has no sequence left for validation")


def test_a_reducer_that_cannot_be_fitted_beside_leaves_the_headline_alone(ran, tmp_path, monkeypatch):
    _, params = ran
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))
    block = Benchmark(corpora=("rml",), protocol="clip", beside=("window",), **COMMON)
    params = replace(params, benchmarks={"b": block})
    for stream in ("v", "a"):
        write_stream(tmp_path / "features", "rml", stream, ())
    rows = build_folds("b", block, {"rml": clips_of("rml")}, people_of(params.corpora)).rows

    def starved(tasks, *given):
        """Too few rows under `window`, as a step says it."""
        done = run_tasks(tasks, *given)
        lost = [k for k, task in enumerate(tasks) if "window" in task.name and given[-1] == "fold"]
        outcomes = [
            Failed("too_few", "2 rows", computed=True) if k in lost else own for k, own in enumerate(done.outcomes)
        ]
        return replace(done, outcomes=outcomes)

    monkeypatch.setattr("aver.classifiers.grid.run_tasks", starved)
    grid = train_grid("b", "pca", rows, tmp_path / "features", params, starved)
    assert (grid.gap, list(grid.runs), list(grid.reducers)) == ("", [("clip-fold-0", 0)], ["clip-fold-0"])
    assert grid.prepared.layout.gaps["window"].endswith("2 rows")


def test_embrace_scores_clips_that_lack_a_modality_and_others_leave_them_out(ran, tmp_path):
    folder, params = ran
    params = replace(
        params, classifiers=replace(params.classifiers, embrace=replace(params.classifiers.embrace, width=16))
    )
    rows = build_folds(
        "joint", BENCHMARKS["joint"], {corpus: clips_of(corpus) for corpus in CORPORA}, people_of(params.corpora)
    ).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        scored = {
            name: {key for grid in [train_grid("joint", name, rows, folder / "features", params)]
                   for key in grid.prepared.layout.line.clips}
            for name in ("embrace", "embrace-paper", "concat")
        }  # fmt: skip
    assert scored["embrace"] - scored["concat"] == {("rml", "a-anger-0"), ("rml", "a-anger-1")}
    assert scored["embrace-paper"] == scored["concat"]


@pytest.mark.parametrize("name", ["pca", "autoencoder", "pca-paper", "autoencoder-paper"])
def test_strategies_with_a_reducer_train_on_what_it_makes(ran, name):
    folder, params = ran
    autoencoder = replace(params.reducers.autoencoder, hidden=(8,), latent=4)
    params = replace(params, reducers=replace(params.reducers, autoencoder=autoencoder))
    rows = build_folds(
        "joint", BENCHMARKS["joint"], {corpus: clips_of(corpus) for corpus in CORPORA}, people_of(params.corpora)
    ).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        grid = train_grid("joint", name, rows, folder / "features", params)
        again = train_grid("joint", name, rows, folder / "features", params)
    assert set(grid.reducers) == {"subject-fold-0", "subject-fold-1"}
    # Reduced rows are filled up to 64 columns; those behind the components are zero and stay without effect.
    assert all(run["model.lstm.weight_ih_l0"].shape[1] == 64 for run in grid.runs.values())
    assert ("scaler.reduced.mean" in grid.runs["subject-fold-0", 0]) is not name.endswith("-paper")
    for key, run in grid.runs.items():
        assert pack(run) == pack(again.runs[key])


def test_only_missing_runs_are_trained(ran, caplog):
    """One seed more: the others come from the cache, and nothing about them changes."""
    folder, params = ran
    rows = build_folds(
        "joint", BENCHMARKS["joint"], {corpus: clips_of(corpus) for corpus in CORPORA}, people_of(params.corpora)
    ).rows
    more = replace(params, benchmarks={"joint": replace(BENCHMARKS["joint"], seeds=(0, 7))})
    caplog.set_level("INFO")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        before = train_grid("joint", "concat", rows, folder / "features", params)
        caplog.clear()
        after = train_grid("joint", "concat", rows, folder / "features", more)
    assert "4/4 runs, 2 computed, 2 from cache" in caplog.text
    assert pack(after.runs["subject-fold-0", 0]) == pack(before.runs["subject-fold-0", 0])
