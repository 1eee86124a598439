"""Encoders of sound with real libraries and seeded weights: right values, independent of company, the same twice."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
import torch

from aver.cache.objects import pack
from aver.features import vggish, vggish_torch, xvector
from aver.features.log_mel import frames_of, samples_of, samples_taken
from aver.params.blocks import Stream, Window
from aver.weights.state import load_state, save_state

VOICE = xvector.XvectorParams(normalise=False, precision="fp32", device="cpu")
PATCH = vggish.VggishParams(normalise=False)
HALF = vggish_torch.params_of(
    Stream("vggish-torch", "half", layer="conv4", pooling="mean", precision="fp32", device="cpu"), Window("fixed", 0.5)
)
MODULES = {"xvector": (xvector, VOICE, "xvector"), "vggish": (vggish, PATCH, "vggish"),
           "vggish-torch": (vggish_torch, HALF, "vggish")}  # fmt: skip


@pytest.fixture(scope="session")
def tone() -> dict[str, np.ndarray]:
    """Three seconds of a rising tone in noise, 16 kHz."""
    time = np.arange(48000) / 16000
    noise = np.random.default_rng(0).standard_normal(len(time))
    return {"samples": (9000 * np.sin(2 * np.pi * (200 + 150 * time) * time) + 900 * noise).astype(np.int16)}


def windows(*pairs, status=None):
    samples = np.array(pairs, np.int64).reshape(-1, 2)
    return {"samples": samples, "times_s": samples / 16000, "status": np.array(status or ["complete"] * len(pairs))}


# ---------------------------------------------------------------- x-vector

THREE = ((0, 16000), (16000, 32000), (20000, 48000))


@pytest.fixture(scope="session")
def voice_rows(tone, encoder_weights):
    return xvector.embed(VOICE, tone, windows(*THREE), encoder_weights("xvector"))


def test_a_window_does_not_depend_on_its_company(voice_rows, tone, encoder_weights):
    alone = xvector.embed(VOICE, tone, windows(THREE[2]), encoder_weights("xvector"))
    np.testing.assert_array_equal(alone["rows"][0], voice_rows["rows"][2])


def test_xvectors_are_the_same_bytes_twice_and_leave_the_random_numbers_alone(voice_rows, tone, encoder_weights):
    torch.manual_seed(99)
    xvector._load.cache_clear()
    assert pack(xvector.embed(VOICE, tone, windows(*THREE), encoder_weights("xvector"))) == pack(voice_rows)
    found = torch.rand(3)
    torch.manual_seed(99)
    assert torch.equal(found, torch.rand(3))


def test_xvectors_differ_between_sounds(voice_rows):
    rows = voice_rows["rows"]
    assert (rows.shape, rows.dtype) == ((3, 512), np.float32)
    assert np.abs(rows[0] - rows[1]).max() > 0.02 * np.abs(rows).max()


def test_short_windows_are_padded_and_marked(tone, encoder_weights):
    pairs = ((0, 3999), (0, 4000), (5, 6), (7, 7))
    found = xvector.embed(VOICE, tone, windows(*pairs), encoder_weights("xvector"))
    assert found["status"].tolist() == ["padded", "complete", "padded", "padded"]
    assert np.isfinite(found["rows"]).all()
    filled = {"samples": np.append(tone["samples"][:3999], np.int16(0))}
    expected = xvector.embed(VOICE, filled, windows((0, 4000)), encoder_weights("xvector"))
    np.testing.assert_array_equal(found["rows"][0], expected["rows"][0])


def test_a_folder_that_moved_is_read_without_network_links_or_traces(
    voice_rows, tone, encoder_weights, tmp_path, monkeypatch
):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(encoder_weights("xvector"), tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    for path in (*(tmp_path / "new").iterdir(), tmp_path / "new"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    rows = xvector.embed(VOICE, tone, windows(*THREE), tmp_path / "new")["rows"]
    np.testing.assert_array_equal(rows, voice_rows["rows"])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    (tmp_path / "new").chmod(0o755)


# ---------------------------------------------------------------- VGGish, as published


@pytest.fixture(scope="session")
def patch_rows(tone, encoder_weights):
    pairs = ((0, 15360), (15360, 30720), (30720, 48000), (40000, 48000))
    return vggish.embed(PATCH, tone, windows(*pairs), encoder_weights("vggish"))


def test_vggish_gives_one_row_per_window(patch_rows):
    assert (patch_rows["rows"].shape, patch_rows["rows"].dtype) == ((4, 128), np.float32)
    assert patch_rows["status"].tolist() == ["complete", "complete", "complete", "padded"]
    assert len(np.unique(patch_rows["rows"], axis=0)) == 4


def test_vggish_rows_are_the_models_own(patch_rows, tone, encoder_weights):
    """A window gives its first 0.96 s and then zeros, up to the 15600 samples that one row needs."""
    model = vggish.load(encoder_weights("vggish"))
    sound = tone["samples"].astype(np.float32) / 32768
    for row, part in zip(patch_rows["rows"][2:], (sound[30720:46080], sound[40000:]), strict=True):
        patch = np.append(part, np.zeros(15600 - len(part), np.float32))
        np.testing.assert_array_equal(model(patch).numpy(), row[None])
    assert model(sound[:31200]).shape == (2, 128)


def test_vggish_is_the_same_bytes_alone(patch_rows, tone, encoder_weights):
    alone = vggish.embed(PATCH, tone, windows((15360, 30720)), encoder_weights("vggish"))
    np.testing.assert_array_equal(alone["rows"][0], patch_rows["rows"][1])


def test_a_model_that_is_not_vggish_is_told(tone, tmp_path, monkeypatch):
    class Answer:
        def numpy(self):
            return np.zeros((0, 128), np.float32)

    monkeypatch.setattr(vggish, "load", lambda weights: lambda patch: Answer())
    with pytest.raises(ValueError, match=r"\[0, 128\] values of 15600 samples.*not google/vggish/1|is not google"):
        vggish.embed(PATCH, tone, windows((0, 15360)), tmp_path)


# ---------------------------------------------------------------- VGGish in PyTorch


@pytest.mark.parametrize(
    ("window_s", "frames", "taken"), [(0.25, 24, 4000), (0.5, 48, 8000), (0.96, 96, 15360), (0.3, 24, 4800),
                                      (0.29, 24, 4640), (0.08, 8, 1280), (0.07, 0, 1120), (3.0, 96, 15360),
                                      (None, 96, 15360)],
)  # fmt: skip
def test_the_frames_of_a_window(window_s, frames, taken):
    assert (frames_of(window_s), samples_taken(window_s)) == (frames, taken)


def test_the_samples_of_frames():
    assert [samples_of(frames) for frames in (24, 48, 96)] == [4080, 7920, 15600]


def torch_params(window_s, layer="conv4", pooling="mean", precision="fp32", normalise=False):
    stream = Stream("vggish-torch", "w", layer=layer, pooling=pooling, precision=precision, normalise=normalise,
                    device="cpu")  # fmt: skip
    return vggish_torch.params_of(stream, Window("thirds") if window_s is None else Window("fixed", window_s))


def test_a_window_gives_its_own_samples_and_then_zeros(tone, encoder_weights):
    """0.25 s: 80 zeros; 0.5 s: none; longer than 0.96 s and thirds: the first 0.96 s and 240 zeros."""
    folder = encoder_weights("vggish")
    for window_s, end, used in ((0.25, 4000, 4000), (0.5, 8000, 7920), (0.96, 15360, 15360), (1.5, 24000, 15360),
                                (None, 21000, 15360)):  # fmt: skip
        params = torch_params(window_s)
        found = vggish_torch.embed(params, tone, windows((0, end)), folder)
        silent = {"samples": tone["samples"].copy()}
        silent["samples"][used:] = 0
        after = vggish_torch.embed(params, silent, windows((0, end)), folder)
        np.testing.assert_array_equal(found["rows"], after["rows"])
        silent["samples"][used - 100 :] = 0
        assert (vggish_torch.embed(params, silent, windows((0, end)), folder)["rows"] != found["rows"]).any()
        assert found["status"].tolist() == ["complete"]


def test_a_window_that_ends_early_is_padded_and_marked(tone, encoder_weights):
    params = torch_params(0.5)
    found = vggish_torch.embed(params, tone, windows((0, 8000), (0, 7999), (9, 9)), encoder_weights("vggish"))
    assert found["status"].tolist() == ["complete", "padded", "padded"]
    np.testing.assert_array_equal(found["rows"][0], found["rows"][1])  # the network reads 7920 of its samples


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("layer", ["conv4", "embedding"])
def test_a_clip_has_the_same_bytes_in_any_company(tone, encoder_weights, layer, precision):
    window_s, step = (0.25, 4000) if layer == "conv4" else (0.96, 3000)
    params = torch_params(window_s, layer, precision=precision)
    counts = (3, 0, 11, 1, 5)
    clips = [
        {
            "sound": {"samples": np.roll(tone["samples"], 777 * place)},
            "windows": windows(*((step * n, step * n + 4000) for n in range(count))),
            "weights": encoder_weights("vggish", "all"),
        }
        for place, count in enumerate(counts)
    ]
    together = list(vggish_torch.embed_together([params] * len(clips), iter(clips)))
    assert [place for place, _ in together] == list(range(len(clips)))
    for (_, found), clip, count in zip(together, clips, counts, strict=True):
        assert found["rows"].shape == (count, 512 if layer == "conv4" else 128)
        assert pack(found) == pack(vggish_torch.embed(params, **clip))
    rows = np.concatenate([found["rows"] for _, found in together])
    assert len(np.unique(rows, axis=0)) == sum(counts)


def test_poolings_differ_and_only_the_map_has_one(tone, encoder_weights):
    mean, greatest = (
        vggish_torch.embed(torch_params(0.5, pooling=pooling), tone, windows((0, 8000)), encoder_weights("vggish"))[
            "rows"
        ]
        for pooling in ("mean", "max")
    )
    assert (greatest >= mean).all()
    assert (greatest > mean).any()
    assert torch_params(0.96, "embedding", "mean") == torch_params(0.96, "embedding", "max")


def test_the_embedding_asks_for_the_layers_that_trunk_leaves_out(tone, encoder_weights):
    with pytest.raises(ValueError, match=r"set weights\.vggish\.layers to 'all'"):
        vggish_torch.embed(torch_params(0.96, "embedding"), tone, windows((0, 15360)), encoder_weights("vggish"))


def test_the_trunk_gives_the_same_map_with_and_without_the_rest(tone, encoder_weights, tmp_path):
    whole = encoder_weights("vggish", "all")
    save_state({name: value for name, value in load_state(whole / "vggish.pth").items() if "fc" not in name},
               tmp_path / "vggish.pth")  # fmt: skip
    for folder in (tmp_path, encoder_weights("vggish")):
        assert pack(vggish_torch.embed(HALF, tone, windows((0, 8000)), folder)) == pack(
            vggish_torch.embed(HALF, tone, windows((0, 8000)), whole)
        )


# ---------------------------------------------------------------- all


@pytest.mark.parametrize("name", MODULES)
def test_silence_gives_finite_rows(name, encoder_weights):
    module, params, weights = MODULES[name]
    silence = {"samples": np.zeros(16000, np.int16)}
    assert np.isfinite(module.embed(params, silence, windows((0, 16000)), encoder_weights(weights))["rows"]).all()


@pytest.mark.parametrize("name", MODULES)
def test_weights_that_were_written_again_are_read_again(name, tone, tmp_path):
    module, params, weights = MODULES[name]
    found = []
    for seed in (1, 2):
        import_module(f"aver.weights.{weights}").seed(np.random.default_rng(seed), tmp_path, "trunk")
        found.append(module.embed(params, tone, windows((0, 16000)), tmp_path)["rows"])
    assert (found[0] != found[1]).any()


def test_tensorflow_is_told_to_leave_gpus_alone():
    """Its keys say `cpu`, so it may not take a GPU that it finds."""
    code = (
        "import tensorflow as tf; from aver.tensorflow_import import import_tensorflow; asked = []; "
        "tf.config.set_visible_devices = lambda *wanted: asked.append(wanted); "
        "import_tensorflow(); print(asked)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[([], 'GPU')]\n"


@pytest.mark.parametrize("name", MODULES)
def test_normalised_rows_have_unit_length_and_the_same_direction(name, tone, encoder_weights):
    module, params, weights = MODULES[name]
    unit = type(params)(**{**params.__dict__, "normalise": True})
    plain, row = (
        module.embed(asked, tone, windows((0, 16000)), encoder_weights(weights))["rows"][0] for asked in (params, unit)
    )
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(row * np.linalg.norm(plain), plain, rtol=1e-4, atol=1e-4 * np.abs(plain).max())


@pytest.mark.parametrize("name", MODULES)
def test_times_and_marks_of_the_windows_are_kept(name, tone, encoder_weights):
    module, params, weights = MODULES[name]
    found = module.embed(params, tone, windows((0, 16000), status=["padded"]), encoder_weights(weights))
    assert found["status"].tolist() == ["padded"]
    assert found["times_s"].tolist() == [[0, 1]]


@pytest.mark.parametrize("name", MODULES)
def test_a_clip_without_windows_gives_no_rows(name, tone, encoder_weights):
    module, params, weights = MODULES[name]
    found = module.embed(params, tone, windows(), encoder_weights(weights))
    assert found["rows"].shape == (0, *module.ENCODER.row_shape(params))
