"""Face encoders with seeded weights: what reaches the network, what a clip's rows depend on, what is refused."""

from __future__ import annotations

import math
import shutil
import weakref
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import torch
from facework import clip_of, crops_of, params_for, rows_of
from torch.nn import functional

from aver.cache.objects import pack
from aver.features import crops as faces
from aver.features import resnet50, vggface, vggm
from aver.features.fold import EPSILON, folded
from aver.features.registry import get_encoder
from aver.features.resample import resampled
from aver.weights.state import marks, save_state
from aver.weights.trunk import TRUNK

#: Every face encoder with a cheap choice of its keys, and the width of its rows.
CHEAP = [("vggface", {"layer": "trunk"}, 2048), ("vggface", {"layer": "pooled", "input_px": 64}, 512),
         ("vggm", {"input_px": 64}, 512), ("resnet50", {"input_px": 64}, 2048)]  # fmt: skip
EACH = pytest.mark.parametrize(("name", "keys", "width"), CHEAP, ids=["trunk", "pooled", "vggm", "resnet50"])
MEANS = {"vggface": (129.1863, 104.7624, 93.5940), "vggm": (131.4538, 103.9875, 91.4623),
         "resnet50": (131.0912, 103.8827, 91.4953)}  # fmt: skip


def vgg_16(x, state):
    """Simonyan & Zisserman 2015, configuration D, up to its last pooling."""
    for name, _, _ in TRUNK:
        x = functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1).relu()
        if name in ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"):
            x = functional.max_pool2d(x, 2, 2)
    return x


@pytest.fixture(scope="session")
def crops():
    return crops_of(37, 64)


# ---------------------------------------------------------------- what reaches the network


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("scaling", ["own", "rgb01", "bgr01"])
def test_a_scaling_hands_over_what_its_name_says(name, scaling):
    """One pixel of red 255, green 100, blue 0."""
    params = params_for(name, scaling=scaling, input_px=64)
    mean = {"vggface": vggface, "vggm": vggm, "resnet50": resnet50}[name].MEAN_RGB
    crop = np.full((1, 64, 64, 3), (255, 100, 0), np.uint8)
    x = faces.pictures(params, crop, mean)
    shifted = np.array([255, 100, 0]) - MEANS[name]
    expected = {"own": shifted, "rgb01": [1, 100 / 255, 0], "bgr01": [0, 100 / 255, 1]}
    assert (x.shape, x.dtype) == ((1, 3, 64, 64), torch.float32)
    assert x.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(x[0, :, 5, 9].numpy(), expected[scaling], atol=1e-4)


def test_pictures_keep_their_place_and_channels(crops):
    """No axis is mistaken for another: every value is where it was."""
    x = faces.pictures(params_for("vggface", scaling="rgb01"), crops[:2], vggface.MEAN_RGB)
    np.testing.assert_array_equal(x.numpy(), (crops[:2] / np.float32(255)).transpose(0, 3, 1, 2))


def test_crops_shrink_by_means_of_areas_and_grow_bilinearly(crops):
    params = params_for("vggface", scaling="own")
    large = crops_of(2, 128)
    shrunk = faces.pictures(params, large, (0.0, 0.0, 0.0)).numpy()
    means = large.reshape(2, 64, 2, 64, 2, 3).astype(np.float32).mean((2, 4))
    np.testing.assert_allclose(shrunk, means.transpose(0, 3, 1, 2), atol=1e-3)
    ramp = np.empty((1, 32, 32, 3), np.uint8)
    ramp[...] = np.arange(0, 128, 4)[:, None]  # from left to right, four more at each pixel
    grown = faces.pictures(params, ramp, (0.0, 0.0, 0.0)).numpy()[0, 0, 7]
    np.testing.assert_allclose(grown[1:-1], np.arange(1, 125, 2), atol=1e-4)


@pytest.mark.parametrize(("side", "px"), [(224, 64), (96, 64), (97, 64), (63, 62)])
def test_crops_shrink_by_exact_areas_where_no_window_is_whole(side, px):
    """Against every pixel repeated until windows are whole, and then averaged."""
    x = torch.from_numpy(crops_of(2, side)).permute(0, 3, 1, 2)
    times = px // math.gcd(side, px)
    fine = x.double().repeat_interleave(times, 2).repeat_interleave(times, 3)
    expected = functional.avg_pool2d(fine, side * times // px)
    found = resampled(x.float(), px)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-4)


def test_a_shrunk_crop_has_the_same_bits_in_any_company():
    x = torch.from_numpy(crops_of(16, 97)).permute(0, 3, 1, 2).float()
    order = torch.from_numpy(np.random.default_rng(0).permutation(16))
    company = torch.cat([x[15:], torch.zeros(15, 3, 97, 97)])
    assert torch.equal(resampled(x[order], 64), resampled(x, 64)[order])
    assert torch.equal(resampled(company, 64)[0], resampled(x, 64)[15])


def test_crops_of_another_side_are_embedded(crops, encoder_weights):
    twice = crops[:3].repeat(2, axis=1).repeat(2, axis=2)
    expected = rows_of("vggface", crops[:3], encoder_weights("vggface"))
    found = rows_of("vggface", twice, encoder_weights("vggface"))
    np.testing.assert_allclose(found, expected, atol=1e-5 * expected.max())
    assert rows_of("vggface", crops[:3, ::2, ::2], encoder_weights("vggface")).shape == (3, 2048)


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize("layer", ["trunk", "pooled"])
def test_vggface_rows_are_those_of_a_plain_vgg_16(crops, encoder_weights, layer):
    state = torch.load(encoder_weights("vggface") / "vggface.pth", weights_only=True)
    x = np.stack([crops[:3, ..., 0] - 129.1863, crops[:3, ..., 1] - 104.7624, crops[:3, ..., 2] - 93.5940])
    map_ = vgg_16(torch.from_numpy(x.astype(np.float32)).transpose(0, 1), state).numpy()
    expected = map_.reshape(3, -1) if layer == "trunk" else map_.mean((2, 3))
    rows = rows_of("vggface", crops[:3], encoder_weights("vggface"), layer=layer, input_px=64)
    np.testing.assert_allclose(rows, expected, atol=1e-4 * expected.max())


def test_a_folded_normalisation_changes_no_number():
    torch.manual_seed(0)
    convolution = torch.nn.Conv2d(5, 7, 3).double()
    norm = torch.nn.BatchNorm2d(7, eps=EPSILON).double().eval()
    for value in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        value.data = torch.rand(7).double() + 0.1
    state = {f"c.{key}": value for key, value in convolution.state_dict().items()}
    state |= {f"n.{key}": value for key, value in norm.state_dict().items()}
    x = torch.randn(2, 5, 9, 9)
    for own in (state, {key: value for key, value in state.items() if key != "c.bias"}):
        if "c.bias" not in own:
            convolution.bias = None
        found = functional.conv2d(x, *folded(own, "c", "n"))
        torch.testing.assert_close(found, norm(convolution(x.double())).float(), rtol=1e-5, atol=1e-5)


def test_vggm_pools_by_mean_or_max(crops, encoder_weights):
    mean, largest = (rows_of("vggm", crops[:2], encoder_weights("vggm"), pooling=how) for how in ("mean", "max"))
    assert (largest >= mean).all()
    assert (largest > mean).mean() > 0.5


@EACH
def test_rows_differ_and_have_the_promised_shape(name, keys, width, crops, encoder_weights):
    found = get_encoder(name).embed(params_for(name, **keys), clip_of(crops[:5]), encoder_weights(name))
    assert found["rows"].shape == (5, width) == (5, *get_encoder(name).row_shape(params_for(name, **keys)))
    assert found["rows"].dtype == np.float32
    assert len(np.unique(found["rows"], axis=0)) == 5
    assert found["status"].tolist() == ["detected", "interpolated", "detected", "interpolated", "detected"]
    np.testing.assert_array_equal(found["times_s"], clip_of(crops[:5])["times_s"])


@EACH
def test_normalised_rows_have_unit_length_and_the_same_direction(name, keys, width, crops, encoder_weights):
    plain, scaled = (rows_of(name, crops[:2], encoder_weights(name), **keys, normalise=on) for on in (False, True))
    length = np.linalg.norm(plain, axis=1, keepdims=True)
    assert length.min() > 2
    np.testing.assert_allclose(scaled * length, plain, rtol=1e-5, atol=1e-5 * plain.max())


# ---------------------------------------------------------------- clips together


@EACH
def test_clips_together_get_the_bytes_that_each_gets_alone(name, keys, width, crops, encoder_weights):
    """Longer than two batches, shorter than one, and without any crop."""
    params, found = params_for(name, **keys), get_encoder(name)
    clips = [clip_of(part) for part in (crops[:0], crops[:33], crops[33:35], crops[:0], crops[35:])]
    given = [{"crops": clip, "weights": encoder_weights(name)} for clip in clips]
    together = list(found.embed_together([params] * 5, iter(given)))
    assert [place for place, _ in together] == [0, 1, 2, 3, 4]
    for (_, arrays), clip in zip(together, clips, strict=True):
        assert pack(arrays) == pack(found.embed(params, clip, encoder_weights(name)))
    assert together[0][1]["rows"].shape == (0, width)
    assert together[0][1]["times_s"].shape == (0, 2)


def test_clips_are_read_as_they_are_needed_and_given_as_they_are_done(crops, encoder_weights):
    """Batches of 16 crops: the second clip fills the first, so the third is not read before the first is given."""
    read = []

    def clips():
        for number in range(3):
            read.append(number)
            yield {"crops": clip_of(crops[10 * number : 10 * number + 10]), "weights": encoder_weights("vggm")}

    params = params_for("vggm", input_px=64)
    seen = [(place, list(read)) for place, _ in vggm.embed_together([params] * 3, clips())]
    assert seen == [(0, [0, 1]), (1, [0, 1, 2]), (2, [0, 1, 2])]


def test_a_clip_is_let_go_before_the_next_is_made(crops, encoder_weights):
    held = []

    def clips():
        for _ in range(3):
            assert not [one for one in held if one() is not None]
            own = crops[:5].copy()
            held.append(weakref.ref(own))
            yield {"crops": {**clip_of(crops[:5]), "crops": own}, "weights": encoder_weights("vggm")}
            del own

    assert len(list(vggm.embed_together([params_for("vggm", input_px=64)] * 3, clips()))) == 3


def test_clips_without_crops_need_no_network(tmp_path):
    found = vggface.embed(params_for("vggface"), clip_of(crops_of(1, 64)[:0]), tmp_path / "nothing")
    assert {name: value.shape for name, value in found.items()} == {
        "rows": (0, 2048), "times_s": (0, 2), "status": (0,),
    }  # fmt: skip


def test_a_network_is_loaded_once_and_again_for_other_weights(crops, encoder_weights, tmp_path):
    vggface.load.cache_clear()
    params = params_for("vggface")
    one, other = (vggface.embed(params, clip_of(crops[:2]), encoder_weights("vggface"))["rows"] for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert vggface.load.cache_info().misses == 1
    vggface.embed(replace(params, precision="bf16"), clip_of(crops[:2]), encoder_weights("vggface"))
    shutil.copytree(encoder_weights("vggface"), tmp_path / "copy")
    vggface.embed(params, clip_of(crops[:2]), tmp_path / "copy")
    assert vggface.load.cache_info().misses == 3


@EACH
def test_weights_that_are_written_anew_are_read_anew(name, keys, width, crops, encoder_weights, tmp_path):
    shutil.copyfile(encoder_weights(name) / f"{name}.pth", tmp_path / f"{name}.pth")
    before = rows_of(name, crops[:1], tmp_path, **keys)
    import_module(f"aver.weights.{name}").seed(np.random.default_rng(2), tmp_path, "trunk")
    after = rows_of(name, crops[:1], tmp_path, **keys)
    assert not np.array_equal(before, after)
    shutil.copytree(tmp_path, tmp_path / "other")
    np.testing.assert_array_equal(rows_of(name, crops[:1], tmp_path / "other", **keys), after)


def test_a_loaded_network_does_not_follow_its_file(crops, encoder_weights, tmp_path):
    """The file is mapped while it is read; written again in place, it must not change what was loaded from it."""
    path, params = tmp_path / "vggface.pth", params_for("vggface")
    shutil.copyfile(encoder_weights("vggface") / "vggface.pth", path)
    network, x = vggface.load(path, marks(path), params), faces.pictures(params, crops[:1], vggface.MEAN_RGB)
    with torch.inference_mode():
        before = network(x)
        with path.open("r+b") as file:
            file.write(b"\xff" * path.stat().st_size)
        assert torch.equal(network(x), before)


# ---------------------------------------------------------------- params


def test_each_layer_has_its_own_side():
    sides = {layer: params_for("vggface", layer=layer).input_px for layer in ("trunk", "pooled", "fc7")}
    assert sides == {"trunk": 64, "pooled": 224, "fc7": 224}
    assert [params_for(name).input_px for name in ("vggm", "resnet50")] == [96, 224]


@pytest.mark.parametrize(
    ("keys", "width"), [({"input_px": 32}, 512), ({"input_px": 96}, 4608), ({"layer": "pooled", "input_px": 96}, 512),
                        ({"layer": "fc7"}, 4096), ({"layer": "trunk", "input_px": 224}, 25088)],
)  # fmt: skip
def test_the_width_of_vggface_rows_follows_layer_and_side(keys, width):
    assert vggface.ENCODER.row_shape(params_for("vggface", **keys)) == (width,)


def test_the_smallest_side_of_vggm_is_embedded(crops, encoder_weights):
    assert np.isfinite(rows_of("vggm", crops[:1], encoder_weights("vggm"), input_px=63)).all()


def test_fc7_of_weights_that_hold_the_trunk_alone_is_refused(crops, encoder_weights):
    with pytest.raises(ValueError, match=r"set weights\.vggface\.layers to all"):
        rows_of("vggface", crops[:1], encoder_weights("vggface"), layer="fc7")


def test_fc7_reads_the_flattened_map_of_the_last_pooling(encoder_weights, tmp_path):
    """With an fc6 that hands on chosen values of the map and an fc7 that doubles them."""
    state = torch.load(encoder_weights("vggface") / "vggface.pth", weights_only=True)
    places = [(0, 0, 0), (511, 6, 6), (300, 2, 5)]
    state["fc6.weight"], state["fc6.bias"] = torch.zeros(3, 512, 7, 7), torch.zeros(3)
    for row, place in enumerate(places):
        state["fc6.weight"][(row, *place)] = 1
    state["fc7.weight"], state["fc7.bias"] = 2 * torch.eye(3)[:, :, None, None], torch.tensor([0.0, 0.0, -1e9])
    save_state(state, tmp_path / "vggface.pth")
    crops = crops_of(1, 224)
    path = tmp_path / "vggface.pth"
    network = vggface.load(path, marks(path), params_for("vggface", layer="fc7"))
    x = faces.pictures(params_for("vggface", layer="fc7"), crops, vggface.MEAN_RGB)
    with torch.inference_mode():
        found, map_ = network(x)[0], vgg_16(x, state)[0]
    torch.testing.assert_close(found[:2], torch.stack([2 * map_[place] for place in places[:2]]))
    assert map_[places[2]] >= 0
    assert found[2] == 0
    vggface.load.cache_clear()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_precision_is_part_of_params_and_runtime(precision):
    for name in MEANS:
        params = params_for(name, precision=precision)
        assert params.precision == precision
        assert get_encoder(name).runtime(params)["precision"] == precision
