"""Encoders with real libraries and seeded weights: right values, independent of company, the same twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from aver.cache.objects import pack
from aver.errors import ParamsError
from aver.features import vggface, vggish, xvector
from aver.features.registry import ENCODERS, get_encoder
from aver.params.blocks import Stream, Weights
from aver.weights.build import build_weights
from aver.weights.layouts import LAYOUTS
from aver.weights.trunk import TRUNK


@pytest.fixture(scope="session")
def encoder_weights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("encoders")
    for encoder in LAYOUTS:
        (folder / encoder).mkdir()
        build_weights(encoder, Weights("seeded", 1), folder / encoder)
    return folder


@pytest.fixture(scope="session")
def tone() -> dict[str, np.ndarray]:
    """Three seconds of a rising tone in noise, 16 kHz."""
    time = np.arange(48000) / 16000
    noise = np.random.default_rng(0).standard_normal(len(time))
    return {"samples": (9000 * np.sin(2 * np.pi * (200 + 150 * time) * time) + 900 * noise).astype(np.int16)}


FACE = vggface.VggFaceParams("rgb01", "cpu")
VOICE = xvector.XvectorParams(normalise=False, device="cpu")
PATCH = vggish.VggishParams(normalise=False)


@pytest.fixture(scope="session")
def crops():
    return np.random.default_rng(0).integers(0, 256, (21, 64, 64, 3), np.uint8)


@pytest.fixture(scope="session")
def face_rows(crops, encoder_weights):
    return vggface.encode(FACE, crops, encoder_weights / "vggface")


def windows(*pairs, status=None):
    samples = np.array(pairs, np.int64).reshape(-1, 2)
    return {"samples": samples, "times_s": samples / 16000, "status": np.array(status or ["complete"] * len(pairs))}


def vgg_16(x, state):
    """Simonyan & Zisserman 2015, configuration D, up to its last pooling."""
    for name, _, _ in TRUNK:
        x = functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1).relu()
        if name in ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"):
            x = functional.max_pool2d(x, 2, 2)
    return x.reshape(len(x), -1)


@pytest.mark.parametrize("scaling", ["rgb01", "bgr_mean"])
def test_vggface_rows_are_those_of_a_plain_vgg_16(crops, encoder_weights, scaling):
    state = torch.load(encoder_weights / "vggface" / "vgg_face_weights.pth", weights_only=True)
    if scaling == "rgb01":
        x = crops[:3] / 255
    else:  # the mean of each channel taken off, then blue first
        x = np.stack([crops[:3, ..., 2] - 93.5940, crops[:3, ..., 1] - 104.7624, crops[:3, ..., 0] - 129.1863], axis=-1)
    with torch.inference_mode():
        expected = vgg_16(torch.from_numpy(x.astype(np.float32)).permute(0, 3, 1, 2), state).numpy()
    rows = vggface.encode(vggface.VggFaceParams(scaling, "cpu"), crops[:3], encoder_weights / "vggface")
    assert rows.shape == (3, 2048)
    np.testing.assert_allclose(rows, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("chosen", [(0, 1), (3, 4), (0, 8), (8, 11), (0, 17), (15, 21), (16, 20)])
def test_a_face_row_does_not_depend_on_how_many_come_along(crops, face_rows, encoder_weights, chosen):
    """To the last bit where the forward pass has the same shape, else as close as float32 sums are."""
    first, end = chosen
    rows = vggface.encode(FACE, crops[first:end], encoder_weights / "vggface")
    np.testing.assert_allclose(rows, face_rows[first:end], rtol=1e-5, atol=1e-6 * face_rows.max())
    if chosen == (16, 20):
        np.testing.assert_array_equal(rows, face_rows[16:20])


def test_a_face_row_does_not_depend_on_the_faces_beside_it(crops, face_rows, encoder_weights):
    company = crops[::-1].copy()
    company[[0, 7, 20]] = crops[[0, 7, 20]]
    rows = vggface.encode(FACE, company, encoder_weights / "vggface")
    np.testing.assert_array_equal(rows[[0, 7, 20]], face_rows[[0, 7, 20]])


def test_faces_differ_and_no_crop_gives_no_row(face_rows, encoder_weights):
    assert len(np.unique(face_rows, axis=0)) == 21
    assert vggface.encode(FACE, np.zeros((0, 64, 64, 3), np.uint8), encoder_weights / "vggface").shape == (0, 2048)


def test_vggface_embeds_a_clip_with_times_and_status(crops, face_rows, encoder_weights):
    times = np.stack([np.arange(3.0), np.arange(3.0) + 1], axis=1)
    faces = {"crops": crops[:3], "times_s": times, "status": np.array([0, 1, 2, 0, 1], np.uint8)}
    found = vggface.embed(FACE, faces, encoder_weights / "vggface")
    np.testing.assert_array_equal(found["rows"], face_rows[:3])
    np.testing.assert_array_equal(found["times_s"], times)
    assert found["status"].tolist() == ["detected", "interpolated", "detected"]
    assert pack(found) == pack(vggface.embed(FACE, faces, encoder_weights / "vggface"))


def test_crops_of_another_side_are_resampled(crops, face_rows, encoder_weights):
    """Every pixel four times is the same picture at twice the side; its means of areas are the picture again."""
    twice = crops[:3].repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(
        vggface.encode(FACE, twice, encoder_weights / "vggface"), face_rows[:3], rtol=1e-5, atol=1e-6
    )
    half = crops[:3, ::2, ::2]
    assert vggface.encode(FACE, half, encoder_weights / "vggface").shape == (3, 2048)


def test_fully_connected_layers_of_the_published_file_are_left_aside(crops, face_rows, encoder_weights, tmp_path):
    state = torch.load(encoder_weights / "vggface" / "vgg_face_weights.pth", weights_only=True)
    torch.save(
        {**state, "fc6.weight": torch.zeros(4, 4), "fc6.bias": torch.zeros(4)}, tmp_path / "vgg_face_weights.pth"
    )
    np.testing.assert_array_equal(vggface.encode(FACE, crops[:2], tmp_path), face_rows[:2])


# ---------------------------------------------------------------- x-vector


@pytest.fixture(scope="session")
def speechbrain_xvector(encoder_weights):
    """speechbrain's modules put together by hand: Fbank, mean normalisation of the sentence, Xvector."""
    from aver.weights.speechbrain_import import import_speechbrain

    import_speechbrain()
    from speechbrain.lobes.features import Fbank
    from speechbrain.lobes.models.Xvector import Xvector

    model = Xvector(in_channels=24, activation=torch.nn.LeakyReLU, tdnn_blocks=5, lin_neurons=512,
                    tdnn_channels=[512, 512, 512, 512, 1500], tdnn_kernel_sizes=[5, 3, 3, 1, 1],
                    tdnn_dilations=[1, 2, 3, 1, 1])  # fmt: skip
    model.load_state_dict(torch.load(encoder_weights / "xvector" / "embedding_model.ckpt", weights_only=True))
    model.eval()
    bank = Fbank(n_mels=24)

    def embed(samples):
        with torch.inference_mode():
            features = bank(torch.from_numpy(samples.astype(np.float32) / 32768)[None])
            features = features - features.mean(dim=1, keepdim=True)
            return model(features, torch.ones(1)).numpy().ravel()

    return embed


THREE = ((0, 16000), (16000, 32000), (20000, 48000))


@pytest.fixture(scope="session")
def voice_rows(tone, encoder_weights):
    return xvector.embed(VOICE, tone, windows(*THREE), encoder_weights / "xvector")


def test_xvectors_are_speechbrains(voice_rows, tone, speechbrain_xvector):
    rows = voice_rows["rows"]
    assert (rows.shape, rows.dtype) == ((3, 512), np.float32)
    for row, (first, end) in zip(rows, THREE, strict=True):
        expected = speechbrain_xvector(tone["samples"][first:end])
        # speechbrain's statistics pooling adds Gaussian noise of 1e-5 to the mean and deviation it pools.
        np.testing.assert_allclose(row, expected, rtol=0, atol=2e-3 * np.abs(expected).max())
    assert np.abs(rows[0] - rows[1]).max() > 0.02 * np.abs(rows).max()


def test_a_window_does_not_depend_on_its_company(voice_rows, tone, encoder_weights):
    alone = xvector.embed(VOICE, tone, windows(THREE[2]), encoder_weights / "xvector")
    np.testing.assert_array_equal(alone["rows"][0], voice_rows["rows"][2])


def test_xvectors_are_the_same_bytes_twice(voice_rows, tone, encoder_weights):
    torch.manual_seed(99)
    assert pack(xvector.embed(VOICE, tone, windows(*THREE), encoder_weights / "xvector")) == pack(voice_rows)


def test_short_windows_are_padded_and_marked(tone, encoder_weights, speechbrain_xvector):
    found = xvector.embed(VOICE, tone, windows((0, 3999), (0, 4000), (5, 6), (7, 7)), encoder_weights / "xvector")
    assert found["status"].tolist() == ["padded", "complete", "padded", "padded"]
    assert np.isfinite(found["rows"]).all()
    expected = speechbrain_xvector(np.append(tone["samples"][:3999], np.int16(0)))
    np.testing.assert_allclose(found["rows"][0], expected, rtol=0, atol=2e-3 * np.abs(expected).max())


def test_a_window_marked_padded_stays_so(tone, encoder_weights):
    found = xvector.embed(VOICE, tone, windows((0, 8000), status=["padded"]), encoder_weights / "xvector")
    assert found["status"].tolist() == ["padded"]


def test_silence_gives_finite_rows(encoder_weights):
    silence = {"samples": np.zeros(16000, np.int16)}
    for embed, params, name in ((xvector.embed, VOICE, "xvector"), (vggish.embed, PATCH, "vggish")):
        assert np.isfinite(embed(params, silence, windows((0, 16000)), encoder_weights / name)["rows"]).all()


# ---------------------------------------------------------------- VGGish


@pytest.fixture(scope="session")
def patch_rows(tone, encoder_weights):
    return vggish.embed(PATCH, tone, windows((0, 15360), (15360, 30720), (30720, 48000), (40000, 48000)),
                        encoder_weights / "vggish")  # fmt: skip


def test_vggish_gives_one_row_per_window(patch_rows):
    assert (patch_rows["rows"].shape, patch_rows["rows"].dtype) == ((4, 128), np.float32)
    assert patch_rows["status"].tolist() == ["complete", "complete", "complete", "padded"]
    assert len(np.unique(patch_rows["rows"], axis=0)) == 4


def test_vggish_rows_are_the_models_own(patch_rows, tone, encoder_weights):
    """Two whole patches in one call of the SavedModel; a longer window uses its first 0.96 s, a shorter one zeros."""
    model = vggish.load(encoder_weights / "vggish")
    sound = tone["samples"].astype(np.float32) / 32768
    np.testing.assert_allclose(model(sound[30720:46080]).numpy(), patch_rows["rows"][2:3], rtol=1e-4, atol=1e-4)
    padded = np.append(sound[40000:], np.zeros(15360 - 8000, np.float32))
    np.testing.assert_allclose(model(padded).numpy(), patch_rows["rows"][3:], rtol=1e-4, atol=1e-4)
    assert model(sound[:15359]).shape == (0, 128) or model(sound[:15359]).shape == (1, 128)


def test_vggish_is_the_same_bytes_twice_and_alone(patch_rows, tone, encoder_weights):
    alone = vggish.embed(PATCH, tone, windows((15360, 30720)), encoder_weights / "vggish")
    np.testing.assert_array_equal(alone["rows"][0], patch_rows["rows"][1])


# ---------------------------------------------------------------- all


@pytest.mark.parametrize(
    ("module", "params", "name"), [(xvector, xvector.XvectorParams(True, "cpu"), "xvector"),
                                   (vggish, vggish.VggishParams(True), "vggish")],
    ids=["xvector", "vggish"],
)  # fmt: skip
def test_normalised_rows_have_unit_length_and_the_same_direction(module, params, name, tone, encoder_weights):
    plain = module.embed(type(params)(**{**params.__dict__, "normalise": False}), tone, windows((0, 16000)),
                         encoder_weights / name)["rows"][0]  # fmt: skip
    row = module.embed(params, tone, windows((0, 16000)), encoder_weights / name)["rows"][0]
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(row * np.linalg.norm(plain), plain, rtol=1e-4, atol=1e-4 * np.abs(plain).max())


@pytest.mark.parametrize("name", ["xvector", "vggish"])
def test_a_clip_without_windows_gives_no_rows(name, tone, encoder_weights):
    encoder = get_encoder(name)
    params = encoder.params(Stream(name, "thirds", device="cpu"))
    found = encoder.embed(params, tone, windows(), encoder_weights / name)
    assert found["rows"].shape == (0, *encoder.row_shape)


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_is_registered_as_itself_with_weights_and_runtime(name):
    encoder = get_encoder(name)
    assert encoder.name == name
    assert name in LAYOUTS
    params = encoder.params(Stream(name, "x", device="cpu"))
    assert {"device", "precision"} <= set(encoder.runtime(params))
    assert all(isinstance(value, str) for value in encoder.runtime(params).values())


def test_an_unknown_encoder_is_named():
    with pytest.raises(ParamsError, match="did you mean 'vggface'"):
        get_encoder("vgg-face")
