"""Encoders of sound against independent implementations, with random weights of the published shapes.

The log-mel front end against the AudioSet release's own (as shipped in torchvggish) and against TensorFlow's; VGGish in
PyTorch against the SavedModel through tensorflow-hub, against TensorFlow's operations and against torchvggish; the
x-vector against speechbrain's modules and its `EncoderClassifier`; bfloat16 against float32.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from speechbrain_folder import classifier_of, write_published

from aver.features import vggish, vggish_network, vggish_torch, xvector
from aver.features.log_mel import LogMel, samples_of
from aver.features.vggish_network import last_map, load
from aver.params.blocks import Stream, Window
from aver.tensorflow_import import import_tensorflow
from aver.weights import vggish as vggish_weights
from aver.weights import xvector as xvector_weights
from aver.weights.state import load_state
from aver.weights.vggish_layers import CONNECTED, CONVOLUTIONS, HIDDEN, shapes, variable
from aver.weights.vggish_saved import write_saved_model

SAMPLES = 15600


def shipped(name: str) -> ModuleType:
    """A file of torchvggish, imported by its path: the package itself wants more than these two."""
    path = Path(__file__).parents[2] / ".conform" / "torchvggish" / f"{name}.py"
    if not path.is_file():
        pytest.fail(f"{path} is missing: run `make conform`")
    spec = spec_from_file_location(f"conform_{name}", path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sixteen_bit(samples: np.ndarray) -> np.ndarray:
    return (np.clip(np.round(samples * 32768), -32768, 32767) / 32768).astype(np.float32)


def sounds() -> dict[str, np.ndarray]:
    time, rng = np.arange(SAMPLES) / 16000, np.random.default_rng(0)
    noise = rng.standard_normal(SAMPLES)
    return {
        "noise": sixteen_bit(0.1 * noise),
        "loud noise": sixteen_bit(rng.uniform(-1, 1, SAMPLES)),
        "silence": np.zeros(SAMPLES, np.float32),
        "one sample": np.eye(1, SAMPLES, 700, dtype=np.float32)[0],
        "clipped": sixteen_bit(3 * np.sin(2 * np.pi * 300 * time)),
        "rising": sixteen_bit(0.3 * np.sin(2 * np.pi * (200 + 150 * time) * time) + 0.03 * noise),
        "tone": sixteen_bit(0.5 * np.sin(2 * np.pi * 440 * time)),
        "loud tone": sixteen_bit(np.sin(2 * np.pi * 1000 * time)),
    }


SOUNDS = sounds()


# ---------------------------------------------------------------- log-mel


@pytest.mark.parametrize("name", SOUNDS)
def test_conform_log_mel_is_that_of_the_audioset_release(name):
    """Seen: 2.4e-7, which is float32's own rounding."""
    expected = shipped("mel_features").log_mel_spectrogram(
        SOUNDS[name], audio_sample_rate=16000, log_offset=0.01, window_length_secs=0.025, hop_length_secs=0.010,
        num_mel_bins=64, lower_edge_hertz=125, upper_edge_hertz=7500,
    )  # fmt: skip
    found = LogMel()(torch.from_numpy(SOUNDS[name])[None])[0].numpy()
    assert (found.shape, found.dtype) == ((96, 64), np.float32)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", SOUNDS)
def test_conform_log_mel_is_tensorflows(name):
    """The published export's operations.  In float32 they are off by themselves, by up to 2.7e-4 beside pure tones."""
    tf = import_tensorflow()

    def expected(dtype):
        spectrum = tf.abs(tf.signal.stft(tf.cast(SOUNDS[name], dtype), 400, 160, 512))
        mel = tf.signal.linear_to_mel_weight_matrix(64, 257, 16000, 125.0, 7500.0, dtype)
        return tf.math.log(spectrum @ mel + 0.01).numpy()

    found = LogMel()(torch.from_numpy(SOUNDS[name])[None])[0].numpy()
    np.testing.assert_allclose(found, expected(tf.float64), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found, expected(tf.float32), rtol=0, atol=4e-4 if "tone" in name else 1e-4)


# ---------------------------------------------------------------- VGGish


def random_variables() -> dict[str, np.ndarray]:
    """Numbers that keep the scale of log-mels through the layers, and biases that matter.

    Outputs deviate by about 0.4, as those of the published weights do (0.38 in the release's smoke test).
    """
    rng, values = np.random.default_rng(5), {}
    for name, shape in shapes(HIDDEN).items():
        scale = 0.1 if len(shape) == 1 else np.sqrt(2 / np.prod(shape[:-1])) * (0.08 if "fc2" in name else 1)
        values[name] = rng.standard_normal(shape, np.float32) * np.float32(scale)
    return values


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Iterator[Path]:
    """The folder that `convert` makes of a SavedModel of the published widths, 288 MB."""
    folder = tmp_path_factory.mktemp("vggish")
    write_saved_model(random_variables(), folder / "found")
    (folder / "made").mkdir()
    vggish_weights.convert(folder / "found", folder / "made", "all")
    shutil.rmtree(folder / "found")
    yield folder / "made"
    vggish._load.cache_clear()
    vggish_network._load.cache_clear()
    shutil.rmtree(folder)


def torch_params(layer, window_s=0.96, pooling="mean", precision="fp32"):
    stream = Stream("vggish-torch", "w", layer=layer, pooling=pooling, precision=precision, device="cpu")
    return vggish_torch.params_of(stream, Window("fixed", window_s))


@pytest.fixture(scope="session")
def clip() -> dict[str, dict[str, np.ndarray]]:
    """All sounds one after the other, as 16 bit samples, in windows of 0.96 s and one that ends early."""
    sound = {"samples": np.concatenate([(x * 32768).clip(-32768, 32767).astype(np.int16) for x in SOUNDS.values()])}
    first = np.arange(len(SOUNDS) + 1) * SAMPLES
    first[-1] -= 9000
    samples = np.stack([first, (first + 15360).clip(max=len(sound["samples"]))], axis=1)
    windows = {"samples": samples, "times_s": samples / 16000, "status": np.full(len(samples), "complete")}
    return {"sound": sound, "windows": windows}


def test_conform_vggish_in_pytorch_is_the_saved_model(published, clip):
    """At most 1e-4 apart; seen: 2e-5 beside pure tones, where TensorFlow's log-mel is off, else 6e-6."""
    expected = vggish.embed(vggish.VggishParams(False), **clip, weights=published)
    found = vggish_torch.embed(torch_params("embedding"), **clip, weights=published)
    assert found["status"].tolist() == expected["status"].tolist() == ["complete"] * len(SOUNDS) + ["padded"]
    assert 0.2 < expected["rows"].std() < 0.8
    assert len(np.unique(expected["rows"].round(3), axis=0)) == len(SOUNDS) + 1
    np.testing.assert_allclose(found["rows"], expected["rows"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("window_s", [0.25, 0.5, 0.96])
def test_conform_the_last_map_is_tensorflows(published, window_s):
    """The variables through TensorFlow's own convolutions and poolings; 24, 48 and 96 frames.  Seen: 6e-6 of 12."""
    tf = import_tensorflow()
    params = torch_params("conv4", window_s)
    values = random_variables()
    patches = np.stack([sound[: samples_of(params.frames)] for sound in SOUNDS.values()])
    x = LogMel()(torch.from_numpy(patches)).numpy()[..., None]
    for name, _, _ in CONVOLUTIONS:
        x = tf.nn.conv2d(x, values[variable(name, "weights")], 1, "SAME")
        x = tf.nn.relu(x + values[variable(name, "biases")])
        if name in ("conv1", "conv2", "conv3_2"):
            x = tf.nn.max_pool2d(x, 2, 2, "SAME")
    assert x.shape[1:] == (params.frames // 8, 8, 512)
    expected = {"mean": x.numpy().mean((1, 2)), "max": x.numpy().max((1, 2))}
    for pooling, rows in expected.items():
        network = load(published, "conv4", pooling, "fp32", "cpu")
        np.testing.assert_allclose(network(torch.from_numpy(patches)).numpy(), rows, rtol=0, atol=1e-4)


def test_conform_vggish_in_pytorch_is_torchvggish(published):
    """Its port ends in a ReLU that the published model lacks, so it is compared after one."""
    other = shipped("torchvggish")._vgg(postprocess=False).eval()
    state = load_state(published / "vggish.pth")
    layers = [layer for layer in other.modules() if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)]
    names = [*(name for name, _, _ in CONVOLUTIONS), *CONNECTED]
    for layer, name in zip(layers, names, strict=True):
        layer.load_state_dict({"weight": state[f"{name}.weight"], "bias": state[f"{name}.bias"]})
    sound = torch.from_numpy(np.stack(list(SOUNDS.values())))
    with torch.inference_mode():
        expected = other(LogMel()(sound)[:, None]).numpy()
    found = load(published, "embedding", None, "fp32", "cpu")(sound).relu().numpy()
    assert expected.any()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        last_map(LogMel()(sound)[:, None], state).amax((2, 3)),
        other.features[:-1](LogMel()(sound)[:, None]).amax((2, 3)).detach(), rtol=0, atol=1e-4,
    )  # fmt: skip


# ---------------------------------------------------------------- x-vector


@pytest.fixture(scope="session")
def voice(tmp_path_factory) -> tuple[Path, Path]:
    """speechbrain's published folder with random numbers, and what `convert` makes of it."""
    folder = tmp_path_factory.mktemp("xvector")
    write_published(folder / "found")
    (folder / "made").mkdir()
    xvector_weights.convert(folder / "found", folder / "made", "trunk")
    return folder / "found", folder / "made"


@pytest.fixture(scope="session")
def spoken() -> dict[str, dict[str, np.ndarray]]:
    """Windows of the lengths that thirds of short and long clips have."""
    time = np.arange(80000) / 16000
    noise = np.random.default_rng(3).standard_normal(len(time))
    sound = 9000 * np.sin(2 * np.pi * (200 + 150 * time) * time) * np.sin(2 * np.pi * 3 * time) + 900 * noise
    samples = np.array([(0, 4000), (4000, 21333), (21333, 38667), (30000, 80000), (70000, 80000), (0, 4000)])
    windows = {"samples": samples, "times_s": samples / 16000, "status": np.full(len(samples), "complete")}
    return {"sound": {"samples": sound.astype(np.int16)}, "windows": windows}


def voice_params(precision="fp32"):
    return xvector.XvectorParams(normalise=False, precision=precision, device="cpu")


def test_conform_xvectors_are_speechbrains_modules_put_together_by_hand(voice, spoken):
    """Fbank, the sentence's mean taken off, Xvector; without the seed that makes the pooling's noise the same."""
    from speechbrain.lobes.features import Fbank
    from speechbrain.lobes.models.Xvector import Xvector
    from speechbrain.processing.features import InputNormalization

    model = Xvector(in_channels=24, activation=torch.nn.LeakyReLU, tdnn_blocks=5, lin_neurons=512,
                    tdnn_channels=[512, 512, 512, 512, 1500], tdnn_kernel_sizes=[5, 3, 3, 1, 1],
                    tdnn_dilations=[1, 2, 3, 1, 1])  # fmt: skip
    model.load_state_dict(torch.load(voice[0] / "embedding_model.ckpt", weights_only=True))
    model.eval()
    bank, norm = Fbank(n_mels=24), InputNormalization(norm_type="sentence", std_norm=False)
    rows = xvector.embed(voice_params(), **spoken, weights=voice[1])["rows"]
    for row, (first, end) in zip(rows, spoken["windows"]["samples"], strict=True):
        sound = torch.from_numpy(spoken["sound"]["samples"][first:end].astype(np.float32) / 32768)[None]
        with torch.inference_mode():
            expected = model(norm(bank(sound), torch.ones(1)), torch.ones(1)).numpy().ravel()
        # The noise has an amplitude of 1e-5 on every mean that is pooled.
        np.testing.assert_allclose(row, expected, rtol=0, atol=2e-3 * np.abs(expected).max())


def test_conform_xvectors_are_encode_batch_of_the_whole_published_folder(voice, spoken):
    """`EncoderClassifier` with its classifier of 7205 speakers, its labels and statistics; the same bits."""
    classifier = classifier_of(voice[0])
    rows = xvector.embed(voice_params(), **spoken, weights=voice[1])["rows"]
    for row, (first, end) in zip(rows, spoken["windows"]["samples"], strict=True):
        sound = torch.from_numpy(spoken["sound"]["samples"][first:end].astype(np.float32) / 32768)
        torch.manual_seed(0)
        expected = classifier.encode_batch(sound, wav_lens=torch.ones(1))
        np.testing.assert_array_equal(row, expected.numpy().ravel())
    assert classifier.classify_batch(sound)[3][0].startswith("id1")
    assert classifier.encode_batch(sound, normalize=True).shape == (1, 1, 512)


def test_conform_only_what_an_embedding_needs_is_kept(voice):
    assert [path.name for path in voice[1].iterdir()] == ["embedding_model.ckpt"]
    before, after = (load_state(folder / "embedding_model.ckpt") for folder in voice)
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before if "num_batches" not in name)


# ---------------------------------------------------------------- bfloat16


def cosine(one, other):
    return ((one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)).min()


@pytest.mark.parametrize(("layer", "pooling"), [("conv4", "mean"), ("conv4", "max"), ("embedding", "mean")])
def test_conform_vggish_in_bfloat16_points_the_same_way(published, clip, layer, pooling):
    full, half = (
        vggish_torch.embed(torch_params(layer, pooling=pooling, precision=precision), **clip, weights=published)["rows"]
        for precision in ("fp32", "bf16")
    )
    assert full.dtype == half.dtype == np.float32
    assert (full != half).any()
    assert cosine(full, half) >= 0.999


def test_conform_xvectors_in_bfloat16_point_the_same_way(voice, spoken):
    full, half = (xvector.embed(voice_params(p), **spoken, weights=voice[1])["rows"] for p in ("fp32", "bf16"))
    assert (full != half).any()
    assert cosine(full, half) >= 0.999


# ---------------------------------------------------------------- company


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_conform_a_row_does_not_depend_on_its_company(published, voice, clip, spoken, precision):
    """The same bits alone, in the middle of others and at the end."""
    cases = [(vggish_torch.embed, torch_params(layer, precision=precision), clip, published)
             for layer in ("conv4", "embedding")]  # fmt: skip
    cases.append((xvector.embed, voice_params(precision), spoken, voice[1]))
    for embed, params, given, weights in cases:
        rows = embed(params, **given, weights=weights)["rows"]
        for chosen in ([0], [3, 1], [4, 0, 2, 5, 1, 3]):
            windows = {name: values[chosen] for name, values in given["windows"].items()}
            found = embed(params, given["sound"], windows, weights)["rows"]
            np.testing.assert_array_equal(found, rows[chosen])
