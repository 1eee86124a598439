"""What must hold on CUDA; run with `pytest -m gpu` on a machine that has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from aver.cache.objects import pack
from aver.classifiers import concat
from aver.classifiers.head import TemporalParams
from aver.features.registry import get_encoder
from aver.params.blocks import Stream, Weights, Window
from aver.params.names import ENCODERS
from aver.params.streams import settled
from aver.weights.build import build_weights

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


#: Encoders that run on CUDA, with the layers whose weights are small.
LAYERS = [("vggface", "trunk"), ("vggface", "pooled"), ("vggm", "conv5"), ("resnet50", "pooled"),
          ("vggish-torch", "conv4"), ("xvector", "embedding")]  # fmt: skip
HALF = Window("fixed", 0.5)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an encoder's seeded weights, made once."""
    folder = tmp_path_factory.mktemp("weights")

    @cache
    def made(encoder: str) -> Path:
        name = ENCODERS[encoder].weights
        (folder / name).mkdir(exist_ok=True)
        build_weights(name, Weights(source="seeded", seed=1), folder / name)
        return folder / name

    return made


def clips(encoder: str, weights: Path, lengths: Sequence[int]) -> list[dict[str, Any]]:
    """What `embed` reads, per clip: random crops, or noise with windows of half a second."""
    rng, found = np.random.default_rng(0), []
    for length in lengths:
        times = np.arange(length)[:, None] + np.array([0.0, 0.5])
        if ENCODERS[encoder].reads == "faces":
            crops = rng.integers(0, 256, (length, 64, 64, 3)).astype(np.uint8)
            given = {"crops": {"crops": crops, "times_s": times, "status": np.ones(length, np.uint8)}}
        else:
            sound = {"samples": (3000 * rng.standard_normal(16000 * length + 16000)).astype(np.int16)}
            samples = (times * 16000).astype(np.int64)
            windows = {"samples": samples, "times_s": times, "status": np.full(length, "complete")}
            given = {"sound": sound, "windows": windows}
        found.append({**given, "weights": weights})
    return found


def params_of(encoder: str, layer: str, device: Literal["cpu", "cuda"], precision: Literal["fp32", "bf16"]) -> Any:
    reads = ENCODERS[encoder].reads
    stream = Stream(encoder, "frames" if reads == "faces" else "half", layer=layer, precision=precision)
    return get_encoder(encoder).params(settled(stream, device), None if reads == "faces" else HALF)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(((one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)).min())


@pytest.mark.parametrize(("encoder", "layer"), LAYERS)
@pytest.mark.parametrize(("precision", "least"), [("fp32", 0.99999), ("bf16", 0.999)])
def test_an_encoder_agrees_with_the_cpu(weights, encoder: str, layer: str, precision: str, least: float) -> None:
    given = clips(encoder, weights(encoder), [21])[0]
    embed = get_encoder(encoder).embed
    cpu = embed(params_of(encoder, layer, "cpu", "fp32"), **given)["rows"]
    cuda = embed(params_of(encoder, layer, "cuda", precision), **given)["rows"]
    assert cosine(cpu, cuda) > least


@pytest.mark.parametrize(("encoder", "layer"), LAYERS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_clip_has_the_same_bytes_in_any_company(weights, encoder: str, layer: str, precision: str) -> None:
    given = clips(encoder, weights(encoder), [70, 3, 0, 21])
    params = params_of(encoder, layer, "cuda", precision)
    found = get_encoder(encoder)
    alone = [found.embed(params, **own) for own in given]
    together = found.embed_together or (lambda all_params, several: enumerate(alone))
    for place, arrays in together([params] * 3, given[1:]):
        assert pack(arrays) == pack(alone[1 + place])
    assert pack(found.embed(params, **given[0])) == pack(alone[0])


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
    params = TemporalParams(
        classes=2, seed=0, epochs=30, patience=30, batch=16, learning_rate=0.01, learning_rate_min=1e-5,
        learning_rate_patience=5, weight_decay=0.0, dropout=0.0, lstm_units=8, dense_units=8, class_weights=False,
        device="cuda", scaling="each", published=False, noisy="",
    )  # fmt: skip
    files = {role: tmp_path / f"{role}.npy" for role in ("visual", "acoustic")}
    found = concat.train(params, table, **files)
    assert (found["probabilities"].argmax(1) == labels[found["test"]]).mean() > 0.95
    again = concat.train(replace(params, device="cpu"), table, **files)
    assert (again["probabilities"].argmax(1) == labels[again["test"]]).mean() > 0.95
