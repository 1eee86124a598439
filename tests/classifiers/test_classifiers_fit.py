"""Training through real files: it learns, it repeats, and nothing of the test side reaches the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from classifierwork import PARAMS, STEPS, Problem, make, params_for

from aver.cache.objects import pack
from aver.classifiers.registry import get_strategy, is_published
from aver.errors import ParamsError
from aver.params.names import ABLATIONS, NETWORKS, REDUCERS, STRATEGIES
from aver.sequences.roles import TEST, TRAIN, VALIDATION

MODEL = ("model.", "scaler.", "history", "best_epoch")


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return make(tmp_path_factory.mktemp("rows"))


def train(name, problem, params=None, files=None, **changes):
    strategy = get_strategy(name)
    table, rows = {**problem.table, **changes}, files or problem.inputs(strategy)
    return strategy.train(params or params_for(strategy), table, **rows)


@pytest.fixture(scope="module")
def trained(problem):
    return train("visual", problem)


def model_of(result):
    return {name: value for name, value in result.items() if name.startswith(MODEL)}


@pytest.mark.parametrize("published", [False, True], ids=["corrected", "paper"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_separable_problem_is_learned(problem, name, published):
    params = replace(params_for(get_strategy(name)), published=published, epochs=25)
    if name in REDUCERS:
        params = replace(params, scaling="whole")
    result = train(name, problem, params)
    labels = problem.table["labels"][result["test"]]
    assert sorted(result["test"]) == np.flatnonzero(problem.table["roles"] == TEST).tolist()
    assert result["probabilities"].shape == (len(labels), 2)
    np.testing.assert_allclose(result["probabilities"].sum(axis=1), 1, atol=1e-5)
    assert (result["probabilities"].argmax(axis=1) == labels).mean() >= 0.9
    history = result["history"]
    assert history[-1, 0] < history[0, 0]
    if published:
        assert int(result["best_epoch"]) == len(history) - 1, "the published code keeps the last epoch"
    else:
        assert history[:, 1].argmin() == int(result["best_epoch"])


def test_shuffled_labels_cannot_be_learned(problem):
    """The same training on labels that mean nothing stays near chance: the test above speaks of the rows."""
    labels = np.random.default_rng(5).permutation(problem.table["labels"])
    result = train("visual", problem, labels=labels)
    assert (result["probabilities"].argmax(axis=1) == problem.table["labels"][result["test"]]).mean() < 0.9


@pytest.mark.parametrize("name", NETWORKS)
def test_a_run_has_the_same_bytes_alone_and_among_others(problem, name):
    """Runs with other seeds, and one whose training side is smaller and that stops early, train beside it."""
    strategy = get_strategy(name)
    base = replace(params_for(strategy), epochs=14, patience=1, learning_rate=0.3)
    roles = problem.table["roles"].copy()
    roles[np.flatnonzero(roles == TRAIN)[::3]] = 9
    tables = [problem.table, {**problem.table, "roles": roles}, problem.table, problem.table]
    params = [replace(base, seed=seed) for seed in (0, 0, 1, 2)]
    files = problem.inputs(strategy)
    together = dict(strategy.train_together(params, [{"table": table, **files} for table in tables]))
    alone = [strategy.train(own, table, **files) for own, table in zip(params, tables, strict=True)]
    assert len({len(result["history"]) for result in alone}) > 1, "no run ended before the others"
    for place, result in enumerate(alone):
        assert pack(together[place]) == pack(result)


def test_runs_whose_rows_differ_in_width_are_trained_in_one_call(problem, tmp_path):
    wide = np.pad(np.load(problem.files["reduced"]), ((0, 0), (0, 3)))
    np.save(tmp_path / "wide.npy", wide)
    files = [problem.inputs(get_strategy("pca")), {"reduced": tmp_path / "wide.npy"}]
    given = [{"table": problem.table, **own} for own in files]
    found = dict(get_strategy("pca").train_together([PARAMS] * 2, given))
    assert [found[k]["model.lstm.weight_ih_l0"].shape for k in (0, 1)] == [(32, 8), (32, 11)]
    assert pack(found[0]) == pack(train("pca", problem, PARAMS))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(problem, trained):
    torch.manual_seed(1234)
    assert pack(train("visual", problem)) == pack(trained)
    other = train("visual", problem, replace(PARAMS, seed=1))
    assert pack(model_of(other)) != pack(model_of(trained))


def test_test_labels_have_no_influence(problem, trained):
    labels = problem.table["labels"].copy()
    test = problem.table["roles"] == TEST
    labels[test] = 1 - labels[test]
    assert pack(train("visual", problem, labels=labels)) == pack(trained)


@pytest.mark.parametrize("scaling", ["each", "whole", "none"])
def test_test_rows_have_no_influence_on_the_model(problem, tmp_path, scaling):
    params = replace(PARAMS, scaling=scaling)
    rows = np.load(problem.files["visual"])
    rows[np.unique(problem.table["steps"][problem.table["roles"] == TEST])] = 1e3
    np.save(tmp_path / "visual.npy", rows)
    before = train("visual", problem, params)
    other = train("visual", problem, params, files={"visual": tmp_path / "visual.npy"})
    assert pack(model_of(other)) == pack(model_of(before))
    assert not np.array_equal(other["probabilities"], before["probabilities"])


@pytest.mark.parametrize("role", [TRAIN, VALIDATION])
def test_training_and_validation_labels_do_have_influence(problem, trained, role):
    labels = problem.table["labels"].copy()
    labels[np.flatnonzero(problem.table["roles"] == role)[:4]] ^= 1
    assert pack(train("visual", problem, labels=labels)) != pack(trained)


@pytest.mark.parametrize("name", ["visual", "embrace", "mater"])
def test_padding_has_no_influence(problem, tmp_path, name):
    """Steps behind a sequence's true length may point anywhere, even at rows that are not numbers."""
    rows = np.vstack([np.load(problem.files["visual"]), np.full((1, 5), 1e6, np.float32)])
    np.save(tmp_path / "visual.npy", rows)
    table = dict(problem.table)
    table["link_visual"] = np.append(table["link_visual"], np.int32(len(rows) - 1))
    table["link_acoustic"] = np.append(table["link_acoustic"], np.int32(0))
    steps = table["steps"].copy()
    behind = np.arange(STEPS) >= table["lengths"][:, None]
    assert behind.any()
    steps[behind] = len(rows) - 1
    strategy = get_strategy(name)
    files = problem.inputs(strategy) | {"visual": tmp_path / "visual.npy"}
    before = train(name, problem)
    other = train(name, Problem({**table, "steps": steps}, problem.files), files=files)
    assert pack(model_of(other)) == pack(model_of(before))
    np.testing.assert_array_equal(other["probabilities"], before["probabilities"])


def test_the_scaler_is_that_of_the_training_rows(problem, trained):
    rows = np.load(problem.files["visual"]).astype(np.float64)
    table = problem.table
    used = np.unique(np.concatenate([s[:n] for s, n, r in zip(table["steps"], table["lengths"], table["roles"],
                                                            strict=True) if r == TRAIN]))  # fmt: skip
    np.testing.assert_allclose(trained["scaler.visual.mean"], rows[used].mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trained["scaler.visual.deviation"], rows[used].std(axis=0), rtol=1e-5)
    whole = train("visual", problem, replace(PARAMS, scaling="whole"))
    root = np.sqrt(np.mean(np.square(rows[used] - rows[used].mean(axis=0))))
    np.testing.assert_allclose(whole["scaler.visual.deviation"], np.full(5, root), rtol=1e-5)


def test_training_stops_when_validation_gets_no_better(problem):
    result = train("visual", problem, replace(PARAMS, epochs=60, patience=2, learning_rate=0.5))
    assert len(result["history"]) == int(result["best_epoch"]) + 3 < 60


def test_class_weights_change_training_of_uneven_classes(problem):
    roles = problem.table["roles"].copy()
    train_happy = np.flatnonzero((roles == TRAIN) & (problem.table["labels"] == 1))
    roles[train_happy[4:]] = 9
    plain, weighted = (train("visual", problem, replace(PARAMS, class_weights=on, epochs=3), roles=roles)
                       for on in (False, True))  # fmt: skip
    assert pack(model_of(plain)) != pack(model_of(weighted))


def test_the_registered_strategies_are_the_known_names():
    for name in STRATEGIES:
        strategy = get_strategy(name)
        assert name in (strategy.name, f"{strategy.name}-paper")
        assert is_published(name) is (name != strategy.name)
        whole, fixed = ABLATIONS.get(strategy.name, (strategy.name, {}))
        assert strategy.train.__module__ == strategy.train_together.__module__ == f"aver.classifiers.{whole}"
        assert strategy.fixed == fixed
    with pytest.raises(ParamsError, match="did you mean 'visual'"):
        get_strategy("visuals")


@pytest.mark.parametrize("published", [False, True])
def test_training_that_diverges_at_once_ends_with_no_numbers_and_not_with_an_error(problem, published):
    found = train("visual", problem, replace(PARAMS, learning_rate=1e30, published=published, epochs=3))
    assert np.isnan(found["probabilities"]).any()
    assert found["history"].shape[0] == 3
