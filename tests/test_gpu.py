"""What must hold on CUDA; run with `pytest -m gpu` on a machine that has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aver.classifiers import concat
from aver.classifiers.fit import FitParams
from aver.features.vggface import VggFaceParams, encode
from aver.params.blocks import Weights
from aver.weights.build import build_weights

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


def test_vggface_agrees_with_the_cpu(tmp_path: Path) -> None:
    build_weights("vggface", Weights(source="seeded", seed=1), tmp_path)
    crops = np.random.default_rng(0).integers(0, 256, (21, 64, 64, 3)).astype(np.uint8)
    cpu = encode(VggFaceParams("rgb01", "cpu"), crops, tmp_path)
    cuda = encode(VggFaceParams("rgb01", "cuda"), crops, tmp_path)
    cosine = (cpu * cuda).sum(1) / np.linalg.norm(cpu, axis=1) / np.linalg.norm(cuda, axis=1)
    assert cosine.min() > 0.999


def test_vggface_gives_the_same_bytes_whatever_shares_the_clip(tmp_path: Path) -> None:
    build_weights("vggface", Weights(source="seeded", seed=1), tmp_path)
    crops = np.random.default_rng(0).integers(0, 256, (64, 64, 64, 3)).astype(np.uint8)
    params = VggFaceParams("rgb01", "cuda")
    whole = encode(params, crops, tmp_path)
    np.testing.assert_array_equal(encode(params, crops, tmp_path), whole)
    np.testing.assert_array_equal(encode(params, crops[:16], tmp_path), whole[:16])


def test_training_learns_with_mixed_precision(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(2), 60).astype(np.int32)
    visual = (rng.standard_normal((120, 16)) + 3 * labels[:, None]).astype(np.float32)
    np.save(tmp_path / "visual.npy", visual)
    np.save(tmp_path / "acoustic.npy", rng.standard_normal((120, 8)).astype(np.float32))
    steps = np.arange(120, dtype=np.int32).reshape(-1, 1)
    table = {
        "steps": steps, "lengths": np.ones(120, np.int32), "labels": labels, "link_visual": steps.ravel(),
        "link_acoustic": steps.ravel(),
        "roles": np.repeat(np.array([0, 1, 2], np.int32), 40),
    }  # fmt: skip
    params = FitParams(
        classes=2, seed=0, epochs=30, patience=30, batch=16, learning_rate=0.01, learning_rate_min=1e-5,
        learning_rate_patience=5, weight_decay=0.0, dropout=0.0, lstm_units=8, dense_units=8, class_weights=False,
        device="cuda", scaling="each", published=False,
    )  # fmt: skip
    files = {role: tmp_path / f"{role}.npy" for role in ("visual", "acoustic")}
    found = concat.train(params, table, **files)
    assert (found["probabilities"].argmax(1) == labels[found["test"]]).mean() > 0.95
    again = concat.train(replace(params, device="cpu"), table, **files)
    assert (again["probabilities"].argmax(1) == labels[again["test"]]).mean() > 0.95
