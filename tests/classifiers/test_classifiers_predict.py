"""Trained models asked again, against torch's own layers model by model, and what is wrong with their files."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch
from classifierwork import params_for
from torch import nn

from aver.cache.objects import pack
from aver.classifiers.models import Model, Models, read_models
from aver.classifiers.predict import probabilities
from aver.classifiers.registry import get_strategy
from aver.classifiers.write import RUN
from aver.errors import BenchmarkError, StoreError
from aver.reducers.registry import get_reducer
from aver.store.out import write_json

WIDTHS = {"visual": 7, "acoustic": 5}
FRAMES, CLASSES, STEPS = 4, 3, 9
#: The sound has a row for every three steps.
LINKS = {"visual": np.arange(STEPS, dtype=np.int32), "acoustic": (np.arange(STEPS) // 3).astype(np.int32)}


def about(strategy: str):
    known = get_strategy(strategy)
    params = asdict(params_for(known))
    own = {"lstm_units": 6, "dense_units": 5, "classes": CLASSES} | ({"width": 8} if strategy == "embrace" else {})
    return {
        "strategy": strategy, "roles": list(known.roles), "reducer": known.reducer, "widths": WIDTHS,
        "streams": {"acoustic": "b", "visual": "a"}, "frames": FRAMES, "sequence_stride": 1, "max_sequences": 4,
        "windows": False, "span_s": {"c": None},
        "params": {name: value for name, value in (params | own).items() if name not in RUN},
    }  # fmt: skip


def rows():
    rng = np.random.default_rng(1)
    return {
        "visual": rng.normal(3, 2, (STEPS, WIDTHS["visual"])).astype(np.float32),
        "acoustic": rng.normal(-1, 1, (STEPS // 3, WIDTHS["acoustic"])).astype(np.float32),
    }


def sequences():
    """Two whole sequences, a short one, and one whose padding would matter."""
    steps = np.array([[0, 1, 2, 3], [5, 6, 7, 8], [4, 4, 4, 4], [2, 3, 8, 8]], np.int32)
    return steps, np.array([4, 4, 1, 2], np.int32)


def torch_model(fusion, seed: int, width: int) -> nn.ModuleDict:
    torch.manual_seed(seed)
    return nn.ModuleDict(
        {"fusion": fusion.module(WIDTHS), "lstm": nn.LSTM(width, 6, batch_first=True), "dense": nn.Linear(6, 5),
         "out": nn.Linear(5, CLASSES)}
    )  # fmt: skip


def fusion_of(strategy: str):
    """Return the fusion layer of a strategy's network."""
    return network_of(strategy).fusion


def network_of(strategy: str):
    known = get_strategy(strategy)
    return known.network(WIDTHS, known.params(**about(strategy)["params"], seed=0, noisy="", device="cpu"))


def make(strategy: str, folds=(0, 1, 2)) -> tuple[Models, list[nn.ModuleDict]]:
    """Return models with scalers of their own, and the same as torch modules."""
    known, fusion = get_strategy(strategy), fusion_of(strategy)
    rng = np.random.default_rng(2)
    nets, members = [], []
    for fold in folds:
        net = torch_model(fusion, fold, fusion.width({role: WIDTHS[role] for role in known.roles}))
        arrays = {f"model.{name}": value.detach().numpy() for name, value in net.named_parameters()}
        for role in known.roles:
            arrays[f"scaler.{role}.mean"] = rng.normal(1, 1, WIDTHS[role]).astype(np.float32)
            arrays[f"scaler.{role}.deviation"] = rng.uniform(0.5, 2, WIDTHS[role]).astype(np.float32)
        nets.append(net)
        members.append(Model("subject", fold, 0, arrays))
    return Models(["a", "b", "c"], about(strategy), members, {}), nets


def standard(model: Model, role: str, steps) -> torch.Tensor:
    raw = rows()[role][LINKS[role][steps]]
    return torch.from_numpy((raw - model.arrays[f"scaler.{role}.mean"]) / model.arrays[f"scaler.{role}.deviation"])


def classified(net: nn.ModuleDict, x: torch.Tensor) -> np.ndarray:
    _, (last, _) = net["lstm"](x[None])
    return net["out"](torch.relu(net["dense"](last[0]))).softmax(1)[0].detach().numpy()


@pytest.mark.parametrize("strategy", ["visual", "acoustic", "concat"])
def test_every_model_says_what_torchs_own_layers_say(strategy):
    models, nets = make(strategy)
    roles = models.about["roles"]
    steps, lengths = sequences()
    links = {role: LINKS[role] for role in roles}
    found = probabilities(models, rows(), links, steps, lengths)
    assert found.shape == (3, 4, CLASSES)
    for g, (model, net) in enumerate(zip(models.members, nets, strict=True)):
        for s, length in enumerate(lengths):
            x = torch.cat([standard(model, role, steps[s, :length]) for role in roles], dim=1)
            np.testing.assert_allclose(found[g, s], classified(net, x), atol=2e-6)
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-6)


@pytest.mark.parametrize("absent", ["", "visual", "acoustic"])
def test_embrace_takes_the_mean_of_what_is_there(absent):
    models, nets = make("embrace")
    steps, lengths = sequences()
    links = {role: np.full(STEPS, -1, np.int32) if role == absent else link for role, link in LINKS.items()}
    given = {role: np.zeros((1, WIDTHS[role]), np.float32) if role == absent else own for role, own in rows().items()}
    found = probabilities(models, given, links, steps, lengths)
    for g, (model, net) in enumerate(zip(models.members, nets, strict=True)):
        docked = {role: torch.relu(net["fusion"][role](standard(model, role, steps[1]))) for role in WIDTHS}
        there = [docked[role] for role in docked if role != absent]
        np.testing.assert_allclose(found[g, 1], classified(net, torch.stack(there).mean(0)), atol=2e-6)


def test_a_reducer_is_that_of_the_models_own_fold_and_filled_up_as_in_training():
    rng = np.random.default_rng(3)
    both = sum(WIDTHS.values())
    reducers = {
        fold: {
            "mean": np.zeros(both, np.float32), "deviation": np.ones(both, np.float32),
            "components": rng.normal(size=(both, kept)).astype(np.float32),
        }
        for fold, kept in ((0, 3), (1, 4))
    }  # fmt: skip
    members, nets = [], []
    for fold in (0, 1, 1):
        net = torch_model(fusion_of("pca"), len(nets), 8)
        nets.append(net)
        arrays = {f"model.{name}": value.detach().numpy() for name, value in net.named_parameters()}
        members.append(Model("subject", fold, len(nets), arrays))
    models = Models(["a", "b", "c"], about("pca"), members, reducers)
    steps, lengths = sequences()
    found = probabilities(models, rows(), LINKS, steps, lengths)
    joined = {role: rows()[role][LINKS[role]] for role in WIDTHS}
    for g, (model, net) in enumerate(zip(members, nets, strict=True)):
        reduced = get_reducer("pca").apply(reducers[model.fold], joined)
        x = torch.from_numpy(np.pad(reduced, ((0, 0), (0, 8 - reduced.shape[1]))))
        np.testing.assert_allclose(found[g, 0], classified(net, x[steps[0]]), atol=2e-6)


def test_one_model_alone_says_what_it_says_among_others():
    models, _ = make("concat")
    steps, lengths = sequences()
    all_of_them = probabilities(models, rows(), LINKS, steps, lengths)
    alone = probabilities(models.without({0, 2}), rows(), LINKS, steps, lengths)
    np.testing.assert_allclose(alone[0], all_of_them[1], atol=1e-6)


def write(folder, models: Models, **summary):
    (folder / "models").mkdir(parents=True)
    for model in models.members:
        (folder / "models" / f"{model.name}.npz").write_bytes(pack(model.arrays))
    known = {"labels": models.labels, "gap": "", "runs": len(models.members), "model": models.about}
    write_json(folder / "summary.json", known | summary)


def test_models_come_back_as_they_were_written(tmp_path):
    models, _ = make("concat", folds=(10, 2))
    write(tmp_path / "out", models)
    found = read_models(tmp_path / "out", "subject")
    assert [model.name for model in found.members] == ["subject-fold-2-seed-0", "subject-fold-10-seed-0"]
    assert found.labels == models.labels
    # JSON sorts its keys; the strategy's first role is the one whose rows are the steps.
    assert list(found.streams) == ["visual", "acoustic"]
    np.testing.assert_array_equal(
        found.members[0].arrays["model.out.weight"], models.members[1].arrays["model.out.weight"]
    )


def test_what_is_wrong_with_them_is_said(tmp_path):
    models, _ = make("concat")
    write(tmp_path / "gap", models, gap="PCA needs two clips", model=None)
    with pytest.raises(BenchmarkError, match="PCA needs two clips"):
        read_models(tmp_path / "gap", "subject")
    with pytest.raises(BenchmarkError, match="no trained model"):
        read_models(tmp_path / "nowhere", "subject")
    write(tmp_path / "good", models)
    with pytest.raises(BenchmarkError, match="no model of protocol clip, only of subject"):
        read_models(tmp_path / "good", "clip")
    write_json(tmp_path / "good" / "summary.json", {"labels": [], "runs": 3})
    with pytest.raises(BenchmarkError, match=r"another version of AVER.*dvc repro"):
        read_models(tmp_path / "good", "subject")


def test_a_lost_a_damaged_and_a_diverged_model_are_told_apart(tmp_path):
    models, _ = make("concat")
    write(tmp_path / "lost", models)
    (tmp_path / "lost" / "models" / "subject-fold-1-seed-0.npz").unlink()
    with pytest.raises(StoreError, match="2 models of 3"):
        read_models(tmp_path / "lost", "subject")
    write(tmp_path / "damaged", models)
    (tmp_path / "damaged" / "models" / "subject-fold-1-seed-0.npz").write_bytes(b"PK no archive")
    with pytest.raises(StoreError, match=r"fold-1-seed-0.npz is damaged"):
        read_models(tmp_path / "damaged", "subject")
    models.members[2].arrays["model.dense.bias"][0] = np.nan
    write(tmp_path / "diverged", models)
    with pytest.raises(BenchmarkError, match="diverged"):
        read_models(tmp_path / "diverged", "subject")
