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
from aver.classifiers.models import read_models
from aver.classifiers.predict import probabilities
from aver.classifiers.prepare import prepare
from aver.classifiers.write import write_grid
from aver.evaluation.compare import evaluate
from aver.evaluation.flat import comparison, headline
from aver.evaluation.read import read_trained
from aver.evaluation.write import write_evaluation
from aver.folds.build import build_folds, write_folds
from aver.folds.choose import people_of
from aver.parallel import run_tasks
from aver.params.blocks import Benchmark, Corpus, EmbraceBudget, MaterBudget, TemporalBudget
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
MATER = MaterBudget(width=8, layers=2, feed_forward=8, dropout=0.0, epochs=8, patience=8, batch=8, learning_rate=0.02,
                    learning_rate_min=1e-4, learning_rate_patience=8, weight_decay=0.0)  # fmt: skip
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


def temporal(params, **changes):
    """Return params with changes to the block of system A."""
    block = replace(params.classifiers.temporal, **changes)
    return replace(params, classifiers=replace(params.classifiers, temporal=block))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Both benchmarks, folds to evaluation; returns the folder and the params."""
    folder = tmp_path_factory.mktemp("corpora")
    params = load(Path(__file__).parents[2] / "params.yaml")
    budget = TemporalBudget(epochs=8, patience=8, weight_decay=0.0, autoencoder_epochs=1, sequence_frames=4,
                            sequence_stride=4, max_sequences=1, embrace=EmbraceBudget(width=16))  # fmt: skip
    params = replace(
        params, fusion="concat", budget="quick", parallel=replace(params.parallel, jobs=1, backend="sequential"),
        corpora={"speech": Corpus("x", "ravdess"), "song": Corpus("y", "ravdess"), "rml": Corpus("z")},
        benchmarks=BENCHMARKS, evaluation=replace(params.evaluation, bootstrap_draws=100, over_time=replace(
            params.evaluation.over_time, strategies=())),
        classifiers=replace(params.classifiers, device="cpu", noise_trained=(), temporal=replace(
            params.classifiers.temporal, visual="v", acoustic="a", learning_rate=0.05, batch=16,
            budgets={"quick": budget}), mater=replace(
            params.classifiers.mater, visual="v", acoustic="a", heads=2, span_s={}, budgets={"quick": MATER})),
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
    found = evaluate(folder, ["concat"], params)
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
    found = evaluate(folder, ["concat"], params)
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
    budget = replace(params.classifiers.temporal.budgets["quick"], patience=patience)
    params = replace(temporal(params, budgets={"quick": budget}), benchmarks={"joint": block})
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
    assert (grid.gap, list(grid.runs)) == ("", [("clip-fold-0", 0, "")])
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
    assert (grid.gap, list(grid.runs), list(grid.reducers)) == ("", [("clip-fold-0", 0, "")], ["clip-fold-0"])
    assert grid.prepared.layout.gaps["window"].endswith("2 rows")


def test_embrace_and_mater_score_clips_that_lack_a_modality_and_others_leave_them_out(ran, tmp_path):
    folder, params = ran
    rows = build_folds(
        "joint", BENCHMARKS["joint"], {corpus: clips_of(corpus) for corpus in CORPORA}, people_of(params.corpora)
    ).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        scored = {
            name: {key for grid in [train_grid("joint", name, rows, folder / "features", params)]
                   for key in grid.prepared.layout.line.clips}
            for name in ("embrace", "embrace-paper", "concat", "mater", "mater-baseline", "mater-paper")
        }  # fmt: skip
    assert scored["embrace"] - scored["concat"] == {("rml", "a-anger-0"), ("rml", "a-anger-1")}
    assert scored["embrace"] == scored["mater"] == scored["mater-baseline"]
    assert scored["embrace-paper"] == scored["mater-paper"] == scored["concat"]


def joint_rows(params, block=BENCHMARKS["joint"]):
    corpora = {corpus: clips_of(corpus) for corpus in block.all_corpora}
    return build_folds("joint", block, corpora, people_of(params.corpora)).rows


@pytest.mark.parametrize("end", ["", "-paper"])
def test_params_come_from_the_systems_budget_its_block_and_what_an_ablation_fixes(ran, end):
    folder, params = ran
    rows = joint_rows(params)

    def fit_params(name):
        return prepare("joint", name + end, rows, folder / "features", params).fit_params()

    mater, less = fit_params("mater"), fit_params("mater-no-attention")
    assert vars(mater) == {
        **vars(MATER), "heads": 2, "attention": True, "position": True, "classes": 3, "seed": 0, "noisy": "",
        "class_weights": False, "device": "cpu", "scaling": "none" if end else "each", "published": bool(end),
    }  # fmt: skip
    assert less == replace(mater, attention=False)
    assert fit_params("mater-baseline") == replace(less, position=False)
    concat = fit_params("concat")
    assert (concat.epochs, concat.batch, concat.learning_rate, concat.lstm_units) == (8, 16, 0.05, 16)


def test_spans_are_those_of_a_corpuss_adapter(ran):
    """Rows lie in windows of a tenth of a second; both folders of RAVDESS are looked at as far as it says."""
    folder, params = ran
    block = replace(params.classifiers.mater, span_s={"ravdess": 0.25})
    params = replace(params, classifiers=replace(params.classifiers, mater=block))
    line = prepare("joint", "mater", joint_rows(params), folder / "features", params).layout.line
    assert {(line.clips[k][0], n) for k, n in zip(line.owner, line.lengths, strict=True)} == {
        ("rml", 4), ("song", 3), ("speech", 3),
    }  # fmt: skip


@pytest.mark.parametrize(("name", "places"), [("mater", ("acoustic", "both", "visual")), ("visual", ("visual",)),
                                              ("pca", ())])  # fmt: skip
def test_what_is_trained_with_noise_lies_apart(ran, tmp_path, name, places):
    """One more model per fold of the headline and noisy modality, with the first seed; no table speaks of them."""
    folder, params = ran
    block = replace(BENCHMARKS["joint"], seeds=(3, 1), beside=("clip",))
    params = replace(params, benchmarks={"joint": block})
    rows, written = joint_rows(params, block), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        for noisy in ((), ("embrace", name)):
            own = replace(params, classifiers=replace(params.classifiers, noise_trained=noisy))
            grid = train_grid("joint", name, rows, folder / "features", own)
            written[noisy] = out = tmp_path / (noisy[1] if noisy else "clean")
            out.mkdir()
            write_grid(out, grid, rows)
    clean, noisy = ({str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
                    for out in written.values())  # fmt: skip
    extra = {f"noisy/{place}/subject-fold-{fold}-seed-3.npz" for place in places for fold in (0, 1)}
    assert set(noisy) - set(clean) == extra
    assert {key: noisy[key] for key in clean} == clean
    names = {f"models/subject-fold-{fold}-seed-{seed}.npz" for fold in (0, 1) for seed in (1, 3)}
    assert {key for key in clean if key.startswith("models/")} == names | {"models/clip-fold-0-seed-3.npz"}
    assert len({noisy[key] for key in names | extra}) == len(names | extra)
    assert len(read_models(written["embrace", name], "subject").members) == read_json(
        written["embrace", name] / "summary.json"
    )["runs"] - 1 == 4  # fmt: skip


def test_mater_learns_and_says_again_what_it_said_of_the_tested_clips(ran, tmp_path):
    """Files of the models, asked as `aver predict` asks: clips without a face are answered from the sound."""
    folder, params = ran
    rows = joint_rows(params)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        grid = train_grid("joint", "mater", rows, folder / "features", params)
    write_grid(tmp_path, grid, rows)
    predictions = pd.read_parquet(tmp_path / "predictions.parquet")
    chances = predictions[[f"p_{label}" for label in grid.labels]].to_numpy()
    assert (np.array(grid.labels)[chances.argmax(axis=1)] == predictions["label"]).mean() > 0.8
    assert len(predictions) == 22 + 2 + 12 + 30 and np.isfinite(chances).all()
    assert predictions["t1_s"].unique().tolist() == [0.4]
    about = read_json(tmp_path / "summary.json")["model"]
    assert (about["windows"], about["frames"], about["sequence_stride"]) == (True, 4, None)
    models, layout = read_models(tmp_path, "subject"), grid.prepared.layout
    layout.write(tmp_path)
    given = {role: np.load(tmp_path / f"{role}.npy") for role in models.streams}
    said = probabilities(models, given, layout.line.links, layout.line.steps, layout.line.lengths)
    assert (layout.line.links["visual"] < 0).any()
    for own, model in zip(said, models.members, strict=True):
        run = grid.runs[f"subject-fold-{model.fold}", model.seed, ""]
        np.testing.assert_allclose(own[run["test"]], run["probabilities"], atol=1e-6)


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
    assert ("scaler.reduced.mean" in grid.runs["subject-fold-0", 0, ""]) is not name.endswith("-paper")
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
    assert pack(after.runs["subject-fold-0", 0, ""]) == pack(before.runs["subject-fold-0", 0, ""])
