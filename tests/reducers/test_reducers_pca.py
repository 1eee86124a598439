"""PCA: by hand, by scikit-learn, and whatever test clips and other folds may do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reducerwork import joined, make, table, write
from sklearn.decomposition import PCA

from aver.cache.objects import pack
from aver.outcome import Unusable
from aver.reducers.pca import REDUCER, PcaParams, apply, fit, fit_together
from aver.reducers.scaler import fit_scaler

PARAMS = PcaParams(variance=0.95, standardise=True, device="cpu")
CENTRED = replace(PARAMS, standardise=False)
#: Around (10, 20): scatter [[20, 16], [16, 20]], so eigenvalues 36 and 4 with (1, 1) and (1, -1).
CROSS = {"visual": [[13], [7], [11], [9]], "acoustic": [[23], [17], [19], [21]]}
ONE_TO_ONE = {"links_visual": np.arange(4, dtype=np.int32), "links_acoustic": np.arange(4, dtype=np.int32),
              "atoms": np.zeros(4, np.int32)}  # fmt: skip


@pytest.mark.parametrize(("variance", "kept"), [(0.5, 1), (0.9, 1), (0.91, 2), (1.0, 2)])
def test_two_dimensions_by_hand(tmp_path, variance, kept):
    files = write(tmp_path, CROSS)
    fitted = fit(replace(CENTRED, variance=variance), ONE_TO_ONE, **files)
    np.testing.assert_allclose(fitted["mean"], [10, 20])
    np.testing.assert_allclose(fitted["explained"], [0.9, 0.1][:kept], atol=1e-12)
    np.testing.assert_allclose(fitted["components"][:, 0], [0.5**0.5, 0.5**0.5], rtol=1e-6)
    np.testing.assert_allclose(fitted["visual"], [0.5, 0.5][:kept], rtol=1e-6)
    assert (int(fitted["rows"]), fitted["widths"].tolist()) == (4, [1, 1])
    found = apply(fitted, {"visual": np.float32([[13], [10]]), "acoustic": np.float32([[23], [20]])})
    assert (found.dtype, found.shape) == (np.float32, (2, kept))
    np.testing.assert_allclose(found[:, 0], [6 * 0.5**0.5, 0], atol=1e-6)


def test_fewer_steps_than_dimensions_by_hand(tmp_path):
    """Two steps differ in one direction, (3, 0, 4) / 5; the larger of its loadings is positive."""
    files = write(tmp_path, {"visual": [[4, 1], [1, 1]], "acoustic": [[1], [-3]]})
    fitted = fit(CENTRED, {name: values[:2] for name, values in ONE_TO_ONE.items()}, **files)
    np.testing.assert_allclose(fitted["components"], [[0.6], [0], [0.8]], atol=1e-7)
    np.testing.assert_allclose(fitted["explained"], [1], rtol=1e-12)
    np.testing.assert_allclose(fitted["visual"], [0.36], rtol=1e-6)


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "centred"])
@pytest.mark.parametrize(("steps", "visual", "variance"), [(2500, 30, 0.95), (60, 90, 0.95), (60, 90, 0.7)])
def test_agrees_with_scikit_learn(tmp_path, steps, visual, variance, standardise):
    files = make(tmp_path, steps, visual=visual, acoustic=20)
    own = table(np.random.default_rng(1).permutation(steps)[: steps * 2 // 3])
    fitted = fit(PcaParams(variance, standardise, "cpu"), own, **files)
    rows = joined(files, own)
    side = np.concatenate([rows["visual"], rows["acoustic"]], axis=1)
    if standardise:
        side = fit_scaler(side, np.arange(len(side))).apply(side)
    exact = PCA(n_components=variance, svd_solver="full").fit(side.astype(np.float64))
    assert fitted["components"].shape[1] == exact.n_components_
    np.testing.assert_allclose(fitted["explained"], exact.explained_variance_ratio_, rtol=1e-5)
    np.testing.assert_allclose(np.square(fitted["components"]).sum(axis=0), 1, rtol=1e-5)
    between = exact.components_ @ fitted["components"]
    np.testing.assert_allclose(np.abs(between), np.eye(len(between)), atol=1e-4)
    np.testing.assert_allclose(np.abs(apply(fitted, rows)), np.abs(exact.transform(side)), rtol=1e-3, atol=1e-3)
    assert (fitted["components"].max(axis=0) >= -fitted["components"].min(axis=0)).all()


@pytest.mark.parametrize("variance", [0.95, 1.0])
def test_both_ways_to_the_components_agree(tmp_path, variance):
    """Every step twice changes no component, but there are more steps than dimensions then."""
    files = make(tmp_path, 8, visual=6, acoustic=4)
    few, many = table(np.arange(8)), table(np.tile(np.arange(8), 2))
    short, long = (fit(replace(PARAMS, variance=variance), own, **files) for own in (few, many))
    assert short["components"].shape[1] <= 7
    for name in ("mean", "deviation", "explained", "visual", "components"):
        np.testing.assert_allclose(short[name], long[name], rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(("steps", "kept"), [(300, 10), (10, 9), (5, 4)])
def test_all_of_the_variance_takes_no_more_components_than_there_are(tmp_path, steps, kept):
    files = write(tmp_path, {"visual": np.random.default_rng(0).standard_normal((steps, 6)),
                             "acoustic": np.random.default_rng(1).standard_normal((steps, 4))})  # fmt: skip
    fitted = fit(replace(PARAMS, variance=1.0), table(np.arange(steps)) | {
        "links_acoustic": np.arange(steps, dtype=np.int32)}, **files)  # fmt: skip
    assert fitted["components"].shape == (10, kept)
    np.testing.assert_allclose(fitted["components"].T @ fitted["components"], np.eye(kept), atol=1e-5)


@pytest.mark.parametrize("steps", [400, 8])
def test_test_clips_cannot_change_a_bit(tmp_path, steps):
    files = make(tmp_path / "a", steps)
    training = np.arange(steps // 2) // 3 * 6 + np.arange(steps // 2) % 3  # every other row of sound
    training = training[training < steps]
    before = pack(fit(PARAMS, table(training), **files))
    rows = {role: np.load(path) for role, path in files.items()}
    for role, links in (("visual", training), ("acoustic", training // 3)):
        rows[role][np.setdiff1d(np.arange(len(rows[role])), links)] = np.nan
    assert pack(fit(PARAMS, table(training), **write(tmp_path / "b", rows))) == before


def folds_of(steps, folds):
    """Each fold leaves out every folds-th step; an atom is what one fold leaves out."""
    atoms = np.arange(steps) % folds
    return [table(np.flatnonzero(atoms != fold), atoms) for fold in range(folds)]


def test_a_fold_does_not_depend_on_which_folds_are_fitted_with_it(tmp_path):
    files = make(tmp_path, 3000)
    folds = folds_of(3000, 5)
    alone = [pack(fit(PARAMS, own, **files)) for own in folds]
    for chosen in ([0, 1, 2, 3, 4], [4, 1], [2, 2, 0]):
        found = dict(fit_together([PARAMS] * len(chosen), [{"table": folds[k], **files} for k in chosen]))
        assert [pack(found[place]) for place in range(len(chosen))] == [alone[k] for k in chosen]


def test_folds_of_other_protocols_and_files_may_be_fitted_with_it(tmp_path):
    """Their atoms have the same numbers and other steps, or the same steps of other clips."""
    files, others = make(tmp_path / "a", 300), make(tmp_path / "b", 300, seed=1)
    short = table(np.arange(6))
    given = [(folds_of(300, 3)[1], files), (table(np.arange(100, 300)), files), (folds_of(300, 3)[1], others),
             (short, files)]  # fmt: skip
    found = dict(fit_together([PARAMS] * 4, [{"table": own, **paths} for own, paths in given]))
    assert [pack(found[k]) for k in range(4)] == [pack(fit(PARAMS, own, **paths)) for own, paths in given]


def test_the_atoms_of_a_fold_sum_up_to_its_own_covariance(tmp_path):
    files = make(tmp_path, 600)
    one, many = (fit(PARAMS, table(np.arange(600), atoms), **files) for atoms in (None, np.arange(600) % 7))
    for name in one:
        np.testing.assert_allclose(one[name], many[name], rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("steps", [300, 6])
def test_constant_dimensions_have_no_part_in_any_component(tmp_path, steps):
    files = make(tmp_path, steps)
    rows = {role: np.load(path) for role, path in files.items()}
    rows["visual"][:, 2] = 0.1
    fitted = fit(PARAMS, table(np.arange(steps)), **write(tmp_path, rows))
    assert fitted["deviation"][2] == 1
    np.testing.assert_allclose(fitted["components"][2], 0, atol=1e-7)
    assert all(np.isfinite(values).all() for values in fitted.values())


@pytest.mark.parametrize("steps", [300, 6, 1])
@pytest.mark.parametrize("params", [PARAMS, CENTRED], ids=["standardised", "centred"])
def test_what_cannot_be_fitted_says_so(tmp_path, steps, params):
    own = table(np.arange(steps))
    same = {"visual": np.full((steps, 6), 0.1), "acoustic": np.full((steps, 4), 2)}
    with pytest.raises(Unusable) as failure:
        fit(params, own, **write(tmp_path, same))
    assert failure.value.reason == "no_variance"
    for bad in (np.nan, np.inf):
        rows = {role: np.load(path) for role, path in make(tmp_path, max(steps, 2)).items()}
        rows["acoustic"][0, 1] = bad
        with pytest.raises(Unusable) as failure:
            fit(params, own, **write(tmp_path, rows))
        assert failure.value.reason == "not_finite"


def test_a_fold_that_cannot_be_fitted_takes_no_other_with_it(tmp_path):
    files = make(tmp_path, 300)
    tables = [table(np.arange(1)), table(np.arange(300)), table(np.arange(200))]
    found = fit_together([PARAMS] * 3, [{"table": own, **files} for own in tables])
    assert [next(found)[0], next(found)[0]] == [1, 2]
    with pytest.raises(Unusable):
        next(found)


def test_published_is_centred_only(tmp_path):
    block = type("Block", (), {"variance": 0.9})()
    assert REDUCER.params(block, 8, "cpu", False) == PcaParams(0.9, True, "cpu")
    published = REDUCER.params(block, 8, "cpu", True)
    assert published == PcaParams(0.9, False, "cpu")
    fitted = fit(published, table(np.arange(60)), **make(tmp_path, 60))
    assert (fitted["deviation"] == 1).all()
    assert (np.abs(fitted["mean"][:6]) > 1).all()
