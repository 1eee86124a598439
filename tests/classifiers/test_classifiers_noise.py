"""Noise in windows: how many, which ones, how strong; and models that are trained with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from classifierwork import make, params_for

from aver.cache.objects import pack
from aver.classifiers.data import Data
from aver.classifiers.network import Rows
from aver.classifiers.noise import BOTH, Noise, modalities
from aver.classifiers.registry import get_strategy
from aver.classifiers.score import sequences_of
from aver.sequences.roles import TRAIN

WIDTHS = {"visual": 40, "acoustic": 30}
LEVELS = {"visual": 3.0, "acoustic": 0.25}
T = 8
LENGTHS = np.array([8, 5, 1, 2, 7])
TRUE = np.arange(T) < LENGTHS[:, None]


@pytest.fixture
def rows():
    torch.manual_seed(0)
    return Rows(torch.randn(len(LENGTHS) * T, sum(WIDTHS.values())), WIDTHS, {"visual": torch.rand(40) < 0.8})


def changed(found: Rows, rows: Rows, role: str) -> np.ndarray:
    """Return which windows [B, T] hold another row of a role; where one does, all its values are others."""
    other = (found.of(role) != rows.of(role)).view(len(LENGTHS), T, -1)
    assert torch.equal(other.any(2), other.all(2))
    return other.any(2).numpy()


def test_where_noise_can_be_put():
    assert modalities(("visual", "acoustic")) == ("visual", "acoustic", BOTH)
    assert modalities(("acoustic",)) == ("acoustic",)


@pytest.mark.parametrize("modality", ["visual", "acoustic", BOTH])
def test_noise_fills_the_chosen_rows_of_its_modality_and_nothing_else(rows, modality):
    places = np.random.default_rng(0).random((len(LENGTHS), T)) < 0.4
    before = rows.joined.clone()
    found = Noise(modality, 1).fill(rows, np.flatnonzero(places), LEVELS)
    for role in WIDTHS:
        expected = places if modality in (role, BOTH) else np.zeros_like(places)
        np.testing.assert_array_equal(changed(found, rows, role), expected)
    assert torch.equal(rows.joined, before), "rows that stay on the device are read again"
    assert (found.widths, found.there) == (rows.widths, rows.there)


def test_no_row_is_no_noise(rows):
    assert torch.equal(Noise(BOTH, 1).fill(rows, np.array([], np.int64), LEVELS).joined, rows.joined)


def test_an_order_holds_every_window_once_and_padding_last():
    order = Noise(BOTH, 1).order(LENGTHS, T)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.broadcast_to(np.arange(T), order.shape))
    assert ((order < LENGTHS[:, None]) == TRUE).all()


def test_every_true_window_has_the_same_chance():
    noise, draws = Noise("acoustic", 3), 600
    hits = sum((noise.order(LENGTHS, T) < 2) & TRUE for _ in range(draws))
    for own, length in zip(hits, LENGTHS, strict=True):
        np.testing.assert_allclose(own[:length] / draws, min(2 / length, 1), atol=0.08)


def test_some_are_one_to_half_of_the_windows(rows):
    """Ghaleb et al. 2022, Algorithm 1 and §5: of 8 windows between 1 and 4; the half of 5 is 2; one window stays."""
    noise, found = Noise("visual", 5), []
    for _ in range(200):
        places = changed(noise.some(rows, LENGTHS, LEVELS), rows, "visual")
        assert not places[~TRUE].any(), "padding is no window"
        found.append(places.sum(axis=1))
    assert [sorted(set(own.tolist())) for own in np.array(found).T] == [[1, 2, 3, 4], [1, 2], [0], [1], [1, 2, 3]]
    # Numbers are drawn for each sequence on its own.
    assert len({tuple(own) for own in np.array(found).tolist()}) > 10


def test_both_are_the_same_windows(rows):
    found = Noise(BOTH, 5).some(rows, LENGTHS, LEVELS)
    np.testing.assert_array_equal(changed(found, rows, "visual"), changed(found, rows, "acoustic"))


def test_noise_has_the_level_of_its_modality_and_no_mean(rows):
    noise = Noise(BOTH, 2)
    found = [noise.fill(rows, np.arange(len(rows.joined)), LEVELS) for _ in range(20)]
    for role in WIDTHS:
        values = torch.stack([own.of(role) for own in found])
        assert values.square().mean().sqrt().item() == pytest.approx(LEVELS[role], rel=0.03)
        assert abs(values.mean().item()) < 0.03 * LEVELS[role]


def test_the_same_seed_draws_the_same_and_then_goes_on(rows):
    one, same, other = Noise("visual", 4), Noise("visual", 4), Noise("visual", 5)
    first = one.some(rows, LENGTHS, LEVELS)
    assert torch.equal(first.joined, same.some(rows, LENGTHS, LEVELS).joined)
    assert not torch.equal(first.joined, other.some(rows, LENGTHS, LEVELS).joined)
    second = one.some(rows, LENGTHS, LEVELS)
    assert not torch.equal(first.joined, second.joined)
    assert torch.equal(second.joined, same.some(rows, LENGTHS, LEVELS).joined)


# ---------------------------------------------------------------- in training


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return make(tmp_path_factory.mktemp("rows"))


@pytest.mark.parametrize("scaling", ["each", "whole", "none"])
def test_the_level_is_that_of_the_training_rows_as_they_are_read(problem, scaling):
    table = dict(problem.table)
    table["link_visual"] = np.where(np.arange(len(table["link_visual"])) % 9, table["link_visual"], -1).astype(np.int32)
    rows = {role: np.load(problem.files[role]) for role in ("visual", "acoustic")}
    data = Data(table, rows, torch.device("cpu"), scaling)
    chosen = np.flatnonzero(table["roles"] == TRAIN)
    read = data.batch(chosen)
    true = torch.from_numpy(np.arange(table["steps"].shape[1]) < table["lengths"][chosen][:, None]).ravel()
    for role in rows:
        values = read.of(role)[true & read.exist(role)]
        assert data.levels[role] == pytest.approx(values.double().square().mean().sqrt().item(), rel=1e-5)
    assert data.levels["visual"] == pytest.approx({"each": 1, "whole": 1, "none": 24}[scaling], rel=0.1)


@pytest.mark.parametrize("name", ["concat", "embrace", "mater"])
def test_only_what_is_learned_from_has_noise(problem, name):
    """The sides that validate and test read clean rows: what is said of these is what the kept weights say of them."""
    strategy = get_strategy(name)
    base, files = params_for(strategy), problem.inputs(strategy)
    clean, noisy = (
        strategy.train(replace(base, noisy=modality), problem.table, **files) for modality in ("", "visual")
    )
    assert pack({k: v for k, v in clean.items() if k.startswith("scaler.")}) == pack(
        {k: v for k, v in noisy.items() if k.startswith("scaler.")}
    )
    assert not np.array_equal(clean["history"], noisy["history"])
    data = Data(problem.table, {role: np.load(path) for role, path in files.items()}, torch.device("cpu"), "each")
    network = strategy.network(data.widths, base)
    for result in (clean, noisy):
        weights = network.pack(
            {k.removeprefix("model."): torch.from_numpy(v)[None] for k, v in result.items() if k.startswith("model.")}
        )
        rows = data.batch(result["test"])
        sequences = sequences_of(network.steps(weights, rows), rows, data.lengths[torch.from_numpy(result["test"])])
        said = network.logits(weights, sequences)[0].softmax(1)
        np.testing.assert_allclose(result["probabilities"], said.numpy(), atol=1e-6)


def test_noise_in_a_modality_that_is_not_read_changes_nothing(problem):
    strategy = get_strategy("visual")
    base, files = params_for(strategy), problem.inputs(strategy)
    plain, other, own = (
        strategy.train(replace(base, noisy=modality), problem.table, **files) for modality in ("", "acoustic", "visual")
    )
    assert pack(other) == pack(plain)
    assert pack(own) != pack(plain)


def test_a_model_trained_in_noise_stands_it_better(problem):
    """The label is in both modalities; a model that met noise in the picture has learned to hear."""
    strategy = get_strategy("mater")
    base = replace(params_for(strategy), epochs=25, dropout=0.0)
    files = problem.inputs(strategy)
    data = Data(problem.table, {role: np.load(path) for role, path in files.items()}, torch.device("cpu"), "each")
    tested = np.flatnonzero(problem.table["roles"] != TRAIN)
    lengths, losses = problem.table["lengths"][tested], []
    for modality in ("", "visual"):
        result = strategy.train(replace(base, noisy=modality), problem.table, **files)
        network = strategy.network(data.widths, base)
        weights = network.pack(
            {k.removeprefix("model."): torch.from_numpy(v)[None] for k, v in result.items() if k.startswith("model.")}
        )
        rows = data.batch(tested)
        rows = Noise("visual", 9).fill(rows, np.arange(len(rows.joined)), data.levels)
        sequences = sequences_of(network.steps(weights, rows), rows, torch.from_numpy(lengths.astype(np.int64)))
        logits = network.logits(weights, sequences)[0]
        losses.append(torch.nn.functional.cross_entropy(logits, data.labels[torch.from_numpy(tested)]).item())
    assert losses[1] < losses[0]


@pytest.mark.parametrize("name", ["concat", "embrace", "mater"])
def test_runs_with_noise_and_without_have_the_same_bytes_alone_and_together(problem, name):
    strategy = get_strategy(name)
    base, files = replace(params_for(strategy), epochs=5), problem.inputs(strategy)
    params = [replace(base, seed=seed, noisy=noisy) for seed, noisy in
              ((0, ""), (1, ""), (0, "visual"), (0, "acoustic"), (0, BOTH), (1, "visual"))]  # fmt: skip
    together = dict(strategy.train_together(params, [{"table": problem.table, **files}] * len(params)))
    alone = [strategy.train(own, problem.table, **files) for own in params]
    for place, result in enumerate(alone):
        assert pack(together[place]) == pack(result)
    assert len({pack(result) for result in alone}) == len(params)
