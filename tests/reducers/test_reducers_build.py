"""The reducers stage from stores to its out: real stores, real clip cache, only small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aver.cache.objects import unpack
from aver.errors import ParamsError
from aver.folds.build import build_folds
from aver.parallel import look_up
from aver.params.blocks import Autoencoder, Benchmark, Pca, Reducers
from aver.params.file import load
from aver.reducers.build import fit_reducers
from aver.reducers.registry import get_reducer
from aver.reducers.tasks import reducer_tasks
from aver.reducers.write import write_reducers
from aver.sequences.layout import lay_out
from aver.sequences.plan import plan_of
from aver.sequences.roles import TRAIN
from aver.store.out import read_json
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

LABELS = ("angry", "happy", "sad")
CLIPS = [
    {"clip_id": f"{speaker}-{label}-{take}", "label": label, "perceived": "", "speaker": speaker, "sex": "",
     "take": f"{speaker}-{label}-{take}", "sha256": f"{speaker}-{label}-{take}"}
    for speaker in "abcdef" for label in LABELS for take in range(2)
]  # fmt: skip
BENCHMARK = Benchmark(corpora=("c",), protocol="subject", beside=("clip", "window"), folds=3, validation_fraction=0.2,
                      fold_seed=0, seeds=(0,))  # fmt: skip
FOLDS = ["subject-fold-0", "subject-fold-1", "subject-fold-2", "clip-fold-0", "window-fold-0"]
#: Rows per clip and their width, by stream.
STREAMS = {"v": (6, 5), "a": (3, 4)}


def write_stream(folder: Path, stream: str, absent=()) -> None:
    """Write a store; clips of speakers in `absent` have no rows."""
    rows, width = STREAMS[stream]
    rng = np.random.default_rng(width)
    entries = []
    for clip in sorted(clip["clip_id"] for clip in CLIPS):
        values = rng.normal(3, 1, (rows, width)).astype(np.float32)
        times = np.linspace(0, 1, rows + 1)
        found = Rows(values, np.stack([times[:-1], times[1:]], axis=1), ["complete"] * rows)
        here = ClipEntry(clip, "ok", "", clip, lambda found=found: found)
        entries.append(ClipEntry(clip, "absent", "no_sound") if clip[0] in absent else here)
    write_store(folder / "c" / stream, Header(stream, "x", (width,), "p", "w", "seeded"), entries, 2, "hdf5")


@pytest.fixture(scope="module")
def params():
    found = load(Path(__file__).parents[2] / "params.yaml")
    block = found.classifiers.temporal
    budget = replace(block.budgets["quick"], autoencoder_epochs=2, sequence_frames=4, sequence_stride=4)
    return replace(
        found, budget="quick", parallel=replace(found.parallel, jobs=1, backend="sequential"),
        benchmarks={"b": BENCHMARK},
        reducers=Reducers(Pca(variance=0.9), Autoencoder(
            hidden=(6,), latent=3, output="linear", loss="mse", learning_rate=0.01, batch=16, seed=0)),
        classifiers=replace(found.classifiers, device="cpu", temporal=replace(
            block, visual="v", acoustic="a", budgets={"quick": budget})),
    )  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return build_folds("b", BENCHMARK, {"c": CLIPS}, {"c": "c"}).rows


@pytest.fixture
def features(tmp_path, monkeypatch):
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "cache"))
    for stream in STREAMS:
        write_stream(tmp_path / "features", stream)
    return tmp_path / "features"


def written(folder, fitted):
    folder.mkdir()
    write_reducers(folder, fitted)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_fold_of_every_protocol_is_fitted_once(features, rows, params, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not fit_reducers("b", rows, features, params, look_up).objects
    assert [path.name for path in tmp_path.iterdir()] == ["features"]  # nothing is written for who only looks
    first = written(tmp_path / "first", fit_reducers("b", rows, features, params))
    assert sorted(first) == sorted(
        [f"{reducer}/{fold}.npz" for reducer in ("autoencoder", "pca") for fold in FOLDS]
        + ["autoencoder.parquet", "pca.parquet", "summary.json"]
    )
    assert not list((tmp_path / "cache").glob(".tmp-*"))
    known = fit_reducers("b", rows, features, params, look_up)
    assert len(known.objects) == 10
    assert written(tmp_path / "again", fit_reducers("b", rows, features, params)) == first

    summary = read_json(tmp_path / "first/summary.json")
    assert summary["pca"]["gap"] == summary["autoencoder"]["gap"] == ""
    assert list(summary["pca"]["folds"]) == list(summary["autoencoder"]["folds"]) == sorted(FOLDS)
    components = pd.read_parquet(tmp_path / "first/pca.parquet")
    history = pd.read_parquet(tmp_path / "first/autoencoder.parquet")
    assert list(components) == ["protocol", "fold", "component", "explained", "visual"]
    assert list(history) == ["protocol", "fold", "epoch", "train_loss"]
    assert (history.groupby(["protocol", "fold"]).size() == 2).all()
    for (protocol, fold), own in components.groupby(["protocol", "fold"]):
        name = f"{protocol}-fold-{fold}"
        arrays = unpack(first[f"pca/{name}.npz"])
        said = summary["pca"]["folds"][name]
        assert said == {"kept": len(own), "rows": int(arrays["rows"]), "width": 9,
                        "explained": round(own["explained"].sum(), 6)}  # fmt: skip
        assert own["component"].tolist() == list(range(len(own)))
        assert own["explained"].sum() >= 0.9 > own["explained"][:-1].sum()
        assert own["explained"].is_monotonic_decreasing
        assert own["visual"].between(0, 1).all()
        encoder = unpack(first[f"autoencoder/{name}.npz"])
        said = summary["autoencoder"]["folds"][name]
        assert said == {"kept": 3, "rows": int(arrays["rows"]), "width": 9,
                        "train_loss": round(float(encoder["history"][-1]), 6)}  # fmt: skip


def test_workers_and_groups_change_no_byte(features, rows, params, tmp_path, monkeypatch):
    one = written(tmp_path / "one", fit_reducers("b", rows, features, params))
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr("aver.reducers.tasks.TOGETHER", 1)
    two = replace(params, parallel=replace(params.parallel, jobs=2, backend="loky"))
    assert written(tmp_path / "two", fit_reducers("b", rows, features, two)) == one


def test_a_reducer_is_fitted_on_the_steps_of_training_clips(features, rows, params, tmp_path):
    """Each once, although sequences may overlap; those that train in the same folds are one atom."""
    layout = lay_out(plan_of("temporal", ("visual", "acoustic"), params), "b", rows, features, params)
    tasks = reducer_tasks("pca", False, layout.line, layout.folds, layout.files(tmp_path), params)
    assert list(tasks) == FOLDS
    atoms: dict[int, set[str]] = {}
    for fold in layout.folds:
        table = tasks[fold.name].inputs["table"].arrays
        training = {layout.line.clips[owner] for owner in layout.line.owner[fold.roles == TRAIN]}
        if fold.protocol != "window":
            # All 6 rows of a clip are in one of its two sequences; 3 rows of sound stand beside 2 steps each.
            assert len(table["links_visual"]) == len(np.unique(table["links_visual"])) == 6 * len(training)
            np.testing.assert_array_equal(table["links_acoustic"], table["links_visual"] // 2)
        if fold.protocol == "subject":
            mine = (row for row in rows if (row["protocol"], row["fold"]) == ("subject", fold.number))
            assert training == {(row["corpus"], row["clip_id"]) for row in mine if row["role"] == "train"}
            for link, atom in zip(table["links_visual"], table["atoms"], strict=True):
                atoms.setdefault(int(link), set()).add(int(atom))
    assert all(len(own) == 1 for own in atoms.values())
    assert "atoms" not in reducer_tasks(
        "autoencoder", False, layout.line, layout.folds, layout.files(tmp_path), params
    )["clip-fold-0"].inputs["table"].arrays  # fmt: skip


def test_published_reducers_are_others(features, rows, params, tmp_path):
    layout = lay_out(plan_of("temporal", ("visual", "acoustic"), params), "b", rows, features, params)
    for reducer in ("autoencoder", "pca"):
        ours, theirs = (
            reducer_tasks(reducer, published, layout.line, layout.folds, layout.files(tmp_path), params)
            for published in (False, True)
        )
        assert (ours[FOLDS[0]].step.params.standardise, theirs[FOLDS[0]].step.params.standardise) == (True, False)
    assert get_reducer("pca").fit_together is not None


def test_a_benchmark_without_both_modalities_is_a_gap(features, rows, params, tmp_path):
    write_stream(features, "a", absent="abcdef")
    fitted = fit_reducers("b", rows, features, params)
    out = written(tmp_path / "out", fitted)
    assert sorted(out) == ["autoencoder.parquet", "pca.parquet", "summary.json"]
    summary = read_json(tmp_path / "out/summary.json")
    assert summary["pca"] == summary["autoencoder"]
    assert "none of 36 clips has visual and acoustic features (reasons: acoustic: no_sound)" in summary["pca"]["gap"]
    assert pd.read_parquet(tmp_path / "out/pca.parquet").empty


def test_what_cannot_be_fitted_is_a_gap(features, rows, params, tmp_path):
    block = replace(params.reducers.autoencoder, learning_rate=1e30)
    wild = replace(params, reducers=replace(params.reducers, autoencoder=block))
    fitted = fit_reducers("b", rows, features, wild)
    assert fitted.gaps["pca"] == ""
    assert fitted.gaps["autoencoder"].startswith("subject-fold-0: the loss of the autoencoder grew")
    assert {reducer for reducer, _ in fitted.objects} == {"pca"}
    written(tmp_path / "out", fitted)
    assert read_json(tmp_path / "out/summary.json")["autoencoder"]["folds"] == {}


def test_an_unknown_reducer_names_the_known_ones():
    with pytest.raises(ParamsError, match=r"unknown name 'pcs', did you mean 'pca'\? Known: autoencoder, pca"):
        get_reducer("pcs")
