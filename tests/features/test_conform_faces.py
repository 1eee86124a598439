"""Face encoders against independent implementations, with random weights of the published shapes and layouts.

VGG-Face against DeepFace's own PyTorch model and against Keras' VGG-16; ResNet-50 against Keras; VGG-M against modules
of PyTorch in float64.  The weights go through the published files: those of DeepFace are saved by DeepFace's model,
those of keras-vggface by Keras 2.  Besides: bfloat16 against float32, and rows in any company.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from conform_keras import connected, keras, resnet_50, vgg_16
from facework import clip_of, crops_of, params_for, rows_of
from torch import nn

from aver.features import vggface
from aver.features.registry import get_encoder
from aver.weights import resnet50 as resnet50_weights
from aver.weights import vggface as vggface_weights
from aver.weights import vggm as vggm_weights
from aver.weights.state import load_state

CONFORM = Path(__file__).parents[2] / ".conform"
#: Largest difference beside the largest value, float32.
CLOSE = 1e-4
#: Every network, with sides that one forward pass of a few seconds can do.
NETWORKS = [("vggface", {"layer": "trunk"}), ("vggface", {"layer": "pooled", "input_px": 64}), ("vggm", {}),
            ("resnet50", {"input_px": 96})]  # fmt: skip
EACH = pytest.mark.parametrize(("name", "keys"), NETWORKS, ids=["trunk", "pooled", "vggm", "resnet50"])


def assert_close(found: np.ndarray, expected: np.ndarray, close: float = CLOSE) -> None:
    assert found.shape == expected.shape
    assert np.ptp(expected, axis=0).max() > 0.1 * np.abs(expected).max(), "the rows must tell the crops apart"
    assert np.abs(found - expected).max() <= close * np.abs(expected).max()


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)


def minus(crops: np.ndarray, *mean: float) -> np.ndarray:
    return crops.astype(np.float64) - np.array(mean)


# ---------------------------------------------------------------- DeepFace


@pytest.fixture(scope="module")
def deepface(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with what DeepFace computed, and `vggface.pth` made from the file that it saved."""
    if not (CONFORM / "deepface").is_dir():
        pytest.fail(f"{CONFORM / 'deepface'} is missing: run `make conform`")
    folder = tmp_path_factory.mktemp("deepface")
    for side in (64, 224):
        np.save(folder / f"crops_{side}.npy", crops_of(3, side))
    script = Path(__file__).with_name("conform_deepface.py")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], env={"PYTHONPATH": str(CONFORM), "HOME": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    vggface_weights.convert(folder / ".deepface" / "weights", folder, "all")
    shutil.rmtree(folder / ".deepface")
    yield folder
    vggface.load.cache_clear()
    shutil.rmtree(folder)


def test_conform_the_trunk_is_deepfaces(deepface):
    rows = rows_of("vggface", np.load(deepface / "crops_64.npy"), deepface, scaling="bgr01")
    assert_close(rows, np.load(deepface / "trunk.npy"))


def test_conform_fc7_is_deepfaces_in_both_precisions_and_any_company(deepface):
    """One test, so that half a gigabyte of weights is loaded once per precision."""
    crops, expected = np.load(deepface / "crops_224.npy"), np.load(deepface / "fc7.npy")
    rows = rows_of("vggface", crops, deepface, layer="fc7", scaling="bgr01")
    assert_close(rows, expected)
    np.testing.assert_array_equal(rows_of("vggface", crops[2:], deepface, layer="fc7", scaling="bgr01"), rows[2:])
    half = rows_of("vggface", crops, deepface, layer="fc7", scaling="bgr01", precision="bf16")
    assert cosines(half, rows).min() >= 0.999
    alone = rows_of("vggface", crops[2:], deepface, layer="fc7", scaling="bgr01", precision="bf16")
    np.testing.assert_array_equal(alone, half[2:])


def test_conform_normalised_fc7_is_what_represent_returns(deepface):
    crops = np.load(deepface / "crops_224.npy")[:2]
    rows = rows_of("vggface", crops, deepface, layer="fc7", scaling="bgr01", normalise=True)
    assert_close(rows, np.load(deepface / "represent.npy"))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


# ---------------------------------------------------------------- Keras


def test_conform_the_trunk_is_keras_vgg_16(tmp_path):
    """Keras reads blue, green, red minus the mean, and flattens channels last; `own` gives the same numbers."""
    published, named = vgg_16(64)
    named.save_weights(tmp_path / "rcmalli_vggface_tf_notop_vgg16.h5")
    vggface_weights.convert(tmp_path, tmp_path, "trunk")
    crops = crops_of(3, 64)
    map_ = published(minus(crops[..., ::-1], 93.5940, 104.7624, 129.1863).astype(np.float32)).numpy()
    assert map_.shape == (3, 2, 2, 512)
    assert_close(rows_of("vggface", crops, tmp_path), map_.transpose(0, 3, 1, 2).reshape(3, 2048))
    averaged = keras().layers.GlobalAveragePooling2D()(map_).numpy()
    assert_close(rows_of("vggface", crops, tmp_path, layer="pooled", input_px=64), averaged)


def test_conform_the_fully_connected_layers_of_keras_read_the_same_map(tmp_path, monkeypatch):
    """Columns over height, width, channels become columns over channels, height, width."""
    monkeypatch.setattr(vggface_weights, "FULLY_CONNECTED", (("fc6", (40, 512, 7, 7)), ("fc7", (30, 40, 1, 1))))
    dense, (_, trunk) = connected((40, 30)), vgg_16(224)
    layers = trunk.layers + dense.layers[1:]
    both = keras().Sequential(layers)
    both.build((None, 224, 224, 3))
    both.save_weights(tmp_path / "rcmalli_vggface_tf_vgg16.h5")
    vggface_weights.convert(tmp_path, tmp_path, "all")
    state = load_state(tmp_path / "vggface.pth")
    map_ = np.random.default_rng(0).random((3, 7, 7, 512)).astype(np.float32)
    x = torch.from_numpy(map_).permute(0, 3, 1, 2)
    for name in ("fc6", "fc7"):
        x = nn.functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"]).relu()
    assert_close(x.flatten(1).numpy(), dense(map_).numpy())


@pytest.mark.parametrize("side", [96, 224])
def test_conform_resnet_50_is_that_of_keras(side, tmp_path):
    """From keras-vggface's file, and from Oxford's with the same numbers."""
    model = resnet_50(side)
    model.save_weights(tmp_path / "rcmalli_vggface_tf_resnet50.h5")
    resnet50_weights.convert(tmp_path, tmp_path, "trunk")
    crops = crops_of(3, side)
    expected = model(minus(crops[..., ::-1], 91.4953, 103.8827, 131.0912).astype(np.float32)).numpy()
    rows = rows_of("resnet50", crops, tmp_path, input_px=side)
    assert_close(rows, expected)

    state = {}
    parts = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
             "moving_variance": "running_var"}  # fmt: skip
    for variable in model.weights:
        layer, _, part = variable.name.removesuffix(":0").rpartition("/")
        value = variable.numpy()
        if part == "kernel":
            value = value.transpose(3, 2, 0, 1)
        if layer == "conv1/7x7_s2" and part == "kernel":
            value = value[:, ::-1]  # red first
        state[f"{layer.replace('/', '_')}.{parts[part]}"] = torch.from_numpy(value.copy())
    oxford = tmp_path / "oxford"
    oxford.mkdir()
    torch.save(state, oxford / "resnet50_ft_dag.pth")
    resnet50_weights.convert(oxford, oxford, "trunk")
    np.testing.assert_array_equal(rows_of("resnet50", crops, oxford, input_px=side), rows)


# ---------------------------------------------------------------- PyTorch's modules


def vgg_m() -> nn.Sequential:
    """VGG-M on FER up to its last convolution as the published model runs it, its normalisations by themselves."""
    layers: list[tuple[str, nn.Module]] = [
        ("conv1", nn.Conv2d(3, 96, 7, stride=2)), ("bn49", nn.BatchNorm2d(96)), ("relu1", nn.ReLU()),
        ("pool1", nn.MaxPool2d(3, stride=2)),
        ("conv2", nn.Conv2d(96, 256, 5, stride=2, padding=1)), ("bn50", nn.BatchNorm2d(256)), ("relu2", nn.ReLU()),
        ("pool2", nn.MaxPool2d(3, stride=2, ceil_mode=True)),
        ("conv3", nn.Conv2d(256, 512, 3, padding=1)), ("bn51", nn.BatchNorm2d(512)), ("relu3", nn.ReLU()),
        ("conv4", nn.Conv2d(512, 512, 3, padding=1)), ("bn52", nn.BatchNorm2d(512)), ("relu4", nn.ReLU()),
        ("conv5", nn.Conv2d(512, 512, 3, padding=1)), ("bn53", nn.BatchNorm2d(512)), ("relu5", nn.ReLU()),
    ]  # fmt: skip
    torch.manual_seed(6)
    model = nn.Sequential()
    for name, layer in layers:
        model.add_module(name, layer)
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
        elif isinstance(layer, nn.BatchNorm2d):
            for value in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                value.data.uniform_(0.5, 1.5)
    return model.eval()


@pytest.mark.parametrize(("side", "map_side"), [(96, 5), (98, 5), (224, 13)])
def test_conform_vgg_m_is_the_unfolded_network_in_float64(side, map_side, tmp_path):
    """At 98 pixels the first pooling must round down, at the others the second up."""
    model = vgg_m()
    torch.save({**model.state_dict(), "fc6.weight": torch.zeros(9, 9)}, tmp_path / "vgg_m_face_bn_fer_dag.pth")
    vggm_weights.convert(tmp_path, tmp_path, "trunk")
    crops = crops_of(3, side)
    x = minus(crops, 131.45376586914062, 103.98748016357422, 91.46234893798828)
    with torch.inference_mode():
        map_ = model.double()(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()
    assert map_.shape == (3, 512, map_side, map_side)
    assert_close(rows_of("vggm", crops, tmp_path, input_px=side), map_.mean((2, 3)))
    assert_close(rows_of("vggm", crops, tmp_path, input_px=side, pooling="max"), map_.max((2, 3)))


# ---------------------------------------------------------------- precision and company


@EACH
def test_conform_bfloat16_keeps_the_direction_of_rows(name, keys, encoder_weights):
    """Of the rows, and more strictly of what tells a row from the others."""
    crops = crops_of(16, 96)
    rows, half = (rows_of(name, crops, encoder_weights(name), **keys, precision=how) for how in ("fp32", "bf16"))
    assert half.dtype == np.float32
    assert not np.array_equal(rows, half)
    assert cosines(rows, half).min() >= 0.999
    assert cosines(rows - rows.mean(0), half - rows.mean(0)).min() >= 0.99


@EACH
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_conform_a_row_has_the_same_bits_in_any_company(name, keys, precision, encoder_weights):
    """A crop alone, at other places, among other crops, and in a clip that shares forward passes with others."""
    keys, weights, crops = {**keys, "precision": precision}, encoder_weights(name), crops_of(20, 96)
    rows = rows_of(name, crops, weights, **keys)
    for place in (0, 19):
        np.testing.assert_array_equal(rows_of(name, crops[place : place + 1], weights, **keys)[0], rows[place])
    order = np.random.default_rng(0).permutation(20)
    np.testing.assert_array_equal(rows_of(name, crops[order], weights, **keys), rows[order])
    company = crops_of(20, 96, seed=1)
    company[[3, 18]] = crops[[3, 18]]
    np.testing.assert_array_equal(rows_of(name, company, weights, **keys)[[3, 18]], rows[[3, 18]])
    params = params_for(name, **keys)
    given = [{"crops": clip_of(part), "weights": weights} for part in (company[:5], crops[:2], crops[2:])]
    together = [arrays["rows"] for _, arrays in get_encoder(name).embed_together([params] * 3, given)]
    np.testing.assert_array_equal(np.concatenate(together[1:]), rows)
