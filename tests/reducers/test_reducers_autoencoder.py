"""The autoencoder: its structure, what it can rebuild, and that test clips and chance have no part in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from reducerwork import joined, make, table, write

from aver.cache.objects import pack
from aver.outcome import Unusable
from aver.params.blocks import Autoencoder
from aver.reducers.autoencoder import REDUCER, AutoencoderParams, apply, build, fit

PARAMS = AutoencoderParams(
    hidden=(16,), latent=8, output="linear", loss="mse", learning_rate=0.01, batch=16, epochs=5, seed=0,
    standardise=True, device="cpu",
)  # fmt: skip


def test_parameters_as_published():
    """System A's public code: 2048 + 512 → 1024 → 512 and back, a ReLU behind every layer."""
    encoder, decoder = build(2560, replace(PARAMS, hidden=(1024,), latent=512, output="relu"))
    assert sum(p.numel() for p in encoder.parameters()) == 2560 * 1024 + 1024 + 1024 * 512 + 512
    assert sum(p.numel() for p in decoder.parameters()) == 512 * 1024 + 1024 + 1024 * 2560 + 2560
    names = [type(layer).__name__ for layer in (*encoder, *decoder)]
    assert names == ["Linear", "ReLU"] * 4
    _, linear = build(2560, replace(PARAMS, hidden=(1024,), latent=512))
    assert [type(layer).__name__ for layer in linear] == ["Linear", "ReLU", "Linear"]


@pytest.mark.parametrize(("hidden", "shapes"), [((), [(8, 10)]), ((7, 9), [(7, 10), (9, 7), (8, 9)])])
def test_any_structure(tmp_path, hidden, shapes):
    fitted = fit(replace(PARAMS, hidden=hidden), table(np.arange(40)), **make(tmp_path, 40))
    assert [fitted[f"weight.{k}"].shape for k in range(len(shapes))] == shapes
    assert f"weight.{len(shapes)}" not in fitted
    assert fitted["history"].shape == (5,)
    assert (int(fitted["rows"]), fitted["widths"].tolist()) == (40, [6, 4])


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_signed_rows_can_be_rebuilt_by_a_linear_output_alone(tmp_path, loss):
    """Standardised rows have a mean square of 1, half of it below zero, which a ReLU cannot reach."""
    files = make(tmp_path, 300)
    params = replace(PARAMS, hidden=(32,), latent=16, loss=loss, epochs=60)
    linear, relu = (
        fit(replace(params, output=output), table(np.arange(300)), **files) for output in ("linear", "relu")
    )
    assert linear["history"][-1] < 0.2 * linear["history"][0]
    assert relu["history"][-1] > 0.35
    assert linear["history"][-1] < 0.3 * relu["history"][-1]


def test_the_frozen_encoder_by_hand(tmp_path):
    files = make(tmp_path, 600)
    own = table(np.arange(600))
    fitted = fit(PARAMS, own, **files)
    rows = joined(files, own)
    side = (np.concatenate([rows["visual"], rows["acoustic"]], axis=1) - fitted["mean"]) / fitted["deviation"]
    hidden = np.maximum(side @ fitted["weight.0"].T + fitted["bias.0"], 0)
    latent = np.maximum(hidden @ fitted["weight.1"].T + fitted["bias.1"], 0)
    found = apply(fitted, rows)
    assert (found.dtype, found.shape) == (np.float32, (600, 8))
    np.testing.assert_allclose(found, latent, rtol=1e-4, atol=1e-5)


def test_a_rows_latent_values_do_not_depend_on_the_rows_beside_it(tmp_path):
    files = make(tmp_path, 600)
    own = table(np.arange(600))
    fitted = fit(PARAMS, own, **files)
    rows = joined(files, own)
    whole = apply(fitted, rows)
    assert apply(fitted, {role: values[:0] for role, values in rows.items()}).shape == (0, 8)
    for part in (slice(0, 1), slice(512, 600), slice(256, 512)):
        np.testing.assert_array_equal(apply(fitted, {role: values[part] for role, values in rows.items()}), whole[part])


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    files = make(tmp_path, 60)
    own = table(np.arange(60))
    found = []
    for chance, seed in enumerate((0, 0, 1)):
        torch.manual_seed(chance)  # torch's own chance has no part in it, and is left as it was
        found.append(fit(replace(PARAMS, seed=seed), own, **files))
        assert torch.initial_seed() == chance
    assert pack(found[0]) == pack(found[1])
    first = [build(10, replace(PARAMS, seed=seed))[0][0].weight for seed in (0, 1)]
    assert not torch.equal(*first)
    assert found[0]["history"][0] != found[2]["history"][0]


def test_test_clips_cannot_change_a_bit(tmp_path):
    files = make(tmp_path / "a", 60)
    before = pack(fit(PARAMS, table(np.arange(30)), **files))
    rows = {role: np.load(path) for role, path in files.items()}
    rows["visual"][30:], rows["acoustic"][10:] = np.nan, 1e9
    assert pack(fit(PARAMS, table(np.arange(30)), **write(tmp_path / "b", rows))) == before


def test_published_takes_rows_as_they_are(tmp_path):
    block = Autoencoder(hidden=(16,), latent=8, output="linear", loss="mse", learning_rate=0.01, batch=16, seed=3)
    assert REDUCER.params(block, 5, "cpu", False) == replace(PARAMS, seed=3)
    published = REDUCER.params(block, 5, "cpu", True)
    assert published == replace(PARAMS, seed=3, output="relu", standardise=False)
    fitted = fit(published, table(np.arange(60)), **make(tmp_path, 60))
    assert (fitted["mean"] == 0).all()
    assert (fitted["deviation"] == 1).all()


def test_what_cannot_be_fitted_says_so(tmp_path):
    files = make(tmp_path, 60)
    with pytest.raises(Unusable, match="learning_rate") as failure:
        fit(replace(PARAMS, learning_rate=1e30), table(np.arange(60)), **files)
    assert failure.value.reason == "not_finite"
    with pytest.raises(Unusable) as failure:
        fit(PARAMS, table(np.arange(1)), **files)
    assert failure.value.reason == "no_variance"
    rows = {role: np.load(path) for role, path in files.items()}
    rows["acoustic"][0, 1] = np.nan
    with pytest.raises(Unusable) as failure:
        fit(replace(PARAMS, standardise=False), table(np.arange(60)), **write(tmp_path, rows))
    assert failure.value.reason == "not_finite"
