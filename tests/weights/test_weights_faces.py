"""Weights of the face encoders: seeded, and converted from every published layout."""

from __future__ import annotations

from collections import OrderedDict
from importlib import import_module
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from aver.errors import WeightsError
from aver.weights import keras_h5, vggface
from aver.weights.keras_h5 import read_layers
from aver.weights.state import load_state, save_state
from aver.weights.trunk import RESNET_50, TRUNK, VGG_M

NAMES = ("vggface", "vggm", "resnet50")
EACH = pytest.mark.parametrize("name", NAMES)
#: fc6 and fc7 with few outputs: the real ones take half a gigabyte.
SMALL = (("fc6", (6, 512, 7, 7)), ("fc7", (5, 6, 1, 1)))


def seeded(name: str, folder: Path, seed: int = 1) -> dict[str, torch.Tensor]:
    import_module(f"aver.weights.{name}").seed(np.random.default_rng(seed), folder, "trunk")
    # Copied: what is mapped from a file would follow it when it is written again.
    return {key: value.clone() for key, value in load_state(folder / f"{name}.pth").items()}


@pytest.fixture(scope="session")
def states(tmp_path_factory) -> dict[str, dict[str, torch.Tensor]]:
    """Made weights in which no tensor is like another, zero or one."""
    folder = tmp_path_factory.mktemp("made")
    made = {name: seeded(name, folder) for name in NAMES}
    rng = np.random.default_rng(2)
    for state in made.values():
        for key, value in state.items():
            if value.ndim == 1:
                state[key] = torch.from_numpy(rng.uniform(0.5, 1.5, len(value)).astype(np.float32))
    for layer, shape in SMALL:
        made["vggface"][f"{layer}.weight"] = torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
        made["vggface"][f"{layer}.bias"] = torch.from_numpy(rng.standard_normal(shape[0]).astype(np.float32))
    return made


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(vggface, "FULLY_CONNECTED", SMALL)


def published_torch(name: str, file: str, made: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return made weights as they are in a published state dict, with a classifier behind."""
    state = dict(made)
    if name == "vggm":
        for number in range(1, 6):
            for part in ("weight", "bias", "running_mean", "running_var"):
                state[f"bn{48 + number}.{part}"] = state.pop(f"bn{number}.{part}")
    if file == "vgg_face_dag.pth":
        for layer in ("fc6", "fc7"):
            state[f"{layer}.weight"] = state[f"{layer}.weight"].flatten(1)
    return {**state, "fc8.weight": torch.zeros(3, 5), "fc8.bias": torch.zeros(3)}


def published_keras(name: str, made: dict[str, torch.Tensor]) -> dict[str, dict[str, np.ndarray]]:
    """Return made weights as the variables of Keras layers."""
    layers: dict[str, dict[str, np.ndarray]] = {}
    state = {key: value.numpy() for key, value in made.items()}
    for layer in dict.fromkeys(key.rpartition(".")[0] for key in state):
        if layer.endswith("_bn"):
            parts = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
            own = layer.removesuffix("_bn").replace("conv1_7", "conv1/7") + "/bn"
            layers[own] = {keras: state[f"{layer}.{part}"] for keras, part in parts.items()}
            continue
        weight = state[f"{layer}.weight"]
        if layer.startswith("fc"):
            kernel = weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))
        else:
            kernel = weight.transpose(2, 3, 1, 0)
            if layer in ("conv1_1", "conv1_7x7_s2"):
                kernel = kernel[:, :, ::-1]  # blue first
        bias = {"bias": state[f"{layer}.bias"]} if f"{layer}.bias" in state else {}
        layers[layer.replace("conv1_7", "conv1/7")] = {"kernel": kernel, **bias}
    return layers


def write_h5(path: Path, layers: dict[str, dict[str, np.ndarray]], how: str = "plain") -> None:
    """Write variables as Keras 2 lays them out; `how` is one of its older or rarer ways."""
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if how == "whole model" else file
        names = [layer.encode() for layer in ("input_1", *layers)]
        if how == "numbered":
            root.attrs["layer_names0"], root.attrs["layer_names1"] = names[:3], names[3:]
        else:
            root.attrs["layer_names"] = names
        root.create_group("input_1").attrs["weight_names"] = np.zeros(0, "S1")
        for layer, variables in layers.items():
            group = root.require_group(layer)
            old = {"kernel": "W", "bias": "b"}
            paths = {
                variable: f"{layer}_{old[variable]}_1:0" if how == "old" else f"{layer}/{variable}:0"
                for variable in variables
            }
            group.attrs["weight_names"] = [own.encode() for own in paths.values()]
            for variable, value in variables.items():
                group[paths[variable]] = value


def assert_made(folder: Path, name: str, expected: dict[str, torch.Tensor]) -> None:
    found = load_state(folder / f"{name}.pth")
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].dtype == torch.float32
        assert torch.equal(found[key], value), key


def trunk_of(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key: value for key, value in state.items() if not key.startswith("fc")}


# ---------------------------------------------------------------- seeded


@EACH
def test_seeded_weights_are_byte_identical_twice_and_follow_the_seed(name, tmp_path):
    contents = []
    for number, seed in enumerate((1, 1, 2)):
        (tmp_path / str(number)).mkdir()
        seeded(name, tmp_path / str(number), seed)
        contents.append((tmp_path / str(number) / f"{name}.pth").read_bytes())
    assert contents[0] == contents[1] != contents[2]


@EACH
def test_seeded_layers_keep_the_scale_of_activations(name, tmp_path):
    """He et al. 2015, eq. 10: variance 2 / fan-in, biases 0; normalisations that change nothing."""
    state = seeded(name, tmp_path)
    for key, value in state.items():
        if value.ndim == 4:
            assert value.var().item() == pytest.approx(2 / value[0].numel(), rel=0.1)
        else:
            ones = "var" in key or (key.endswith("weight") and value.ndim == 1)
            assert torch.equal(value, torch.ones_like(value) if ones else torch.zeros_like(value))


def test_the_seeded_trunk_has_the_numbers_it_always_had(tmp_path):
    """The first and last draws of numpy's generator with seed 1, in the order of the layers."""
    state, rng = seeded("vggface", tmp_path), np.random.default_rng(1)
    for layer, inputs, outputs in TRUNK:
        drawn = rng.standard_normal((outputs, inputs, 3, 3)) * np.sqrt(2 / (9 * inputs))
        np.testing.assert_array_equal(state[f"{layer}.weight"].numpy(), drawn.astype(np.float32))


def test_the_fully_connected_layers_are_drawn_after_the_trunk(tmp_path, monkeypatch, small):
    monkeypatch.setattr(vggface, "DRAWN", 1)
    trunk = seeded("vggface", tmp_path)
    vggface.seed(np.random.default_rng(1), tmp_path, "all")
    state = load_state(tmp_path / "vggface.pth")
    assert list(state) == [*trunk, "fc6.weight", "fc6.bias", "fc7.weight", "fc7.bias"]
    assert all(torch.equal(state[key], value) for key, value in trunk.items())
    assert state["fc6.weight"].var().item() == pytest.approx(2 / (512 * 49), rel=0.1)
    assert not state["fc7.bias"].any()
    assert state["fc6.weight"].unique().numel() == pytest.approx(6 * 512 * 49, rel=0.01)


def test_the_tables_are_the_published_networks():
    assert ([name for name, *_ in TRUNK][:4], TRUNK[-1]) == (
        ["conv1_1", "conv1_2", "conv2_1", "conv2_2"], ("conv5_3", 512, 512),
    )  # fmt: skip
    assert (len(TRUNK), len(VGG_M), len(RESNET_50)) == (13, 5, 53)
    # parameters of the convolutions: 14.7 and 23.5 million are published for VGG-16 and ResNet-50
    assert sum(9 * inputs * outputs + outputs for _, inputs, outputs in TRUNK) == 14_714_688
    assert sum(inputs * outputs * side**2 for _, inputs, outputs, side in RESNET_50) == 23_454_912
    assert ("conv4_1_1x1_proj", 512, 1024, 1) in RESNET_50
    assert RESNET_50[-1] == ("conv5_3_1x1_increase", 512, 2048, 1)


# ---------------------------------------------------------------- converted

TORCH_FILES = [("vggface", "vgg_face_weights.pth"), ("vggface", "vgg_face_dag.pth"),
               ("vggm", "vgg_m_face_bn_fer_dag.pth"), ("resnet50", "resnet50_ft_dag.pth")]  # fmt: skip
KERAS_FILES = [("vggface", "rcmalli_vggface_tf_vgg16.h5"), ("resnet50", "rcmalli_vggface_tf_resnet50.h5"),
               ("resnet50", "rcmalli_vggface_tf_notop_resnet50.h5")]  # fmt: skip


@pytest.mark.parametrize(("name", "file"), TORCH_FILES)
@pytest.mark.parametrize("how", ["plain", "wrapped", "data parallel", "old format", "double"])
def test_a_torch_release_becomes_the_made_file(name, file, how, states, small, tmp_path):
    state: object = published_torch(name, file, states[name])
    if how == "wrapped":
        state = {"epoch": 3, "state_dict": OrderedDict(state)}
    elif how == "data parallel":
        state = {f"module.{key}": value for key, value in state.items()}
    elif how == "double":
        state = {key: value.double() for key, value in state.items()}
    torch.save(state, tmp_path / file, _use_new_zipfile_serialization=how != "old format")
    import_module(f"aver.weights.{name}").convert(tmp_path, tmp_path, "all")
    assert_made(tmp_path, name, states[name])


@pytest.mark.parametrize(("name", "file"), KERAS_FILES)
@pytest.mark.parametrize("how", ["plain", "whole model", "numbered"])
def test_a_keras_release_becomes_the_made_file(name, file, how, states, small, tmp_path):
    write_h5(tmp_path / file, published_keras(name, states[name]), how)
    import_module(f"aver.weights.{name}").convert(tmp_path, tmp_path, "all")
    assert_made(tmp_path, name, states[name])


@pytest.mark.parametrize("how", ["plain", "old"])
def test_the_trunk_of_keras_alone_becomes_the_made_file(how, states, tmp_path):
    trunk = trunk_of(states["vggface"])
    write_h5(tmp_path / "rcmalli_vggface_tf_notop_vgg16.h5", published_keras("vggface", trunk), how)
    vggface.convert(tmp_path, tmp_path, "trunk")
    assert_made(tmp_path, "vggface", trunk)


def test_a_state_dict_of_the_trunk_alone_is_read(states, tmp_path):
    trunk = trunk_of(states["vggface"])
    torch.save(trunk, tmp_path / "vgg_face_dag.pth")
    vggface.convert(tmp_path, tmp_path, "trunk")
    assert_made(tmp_path, "vggface", trunk)


def test_the_layout_follows_the_content_where_the_name_says_otherwise(states, small, tmp_path):
    torch.save(published_torch("vggface", "vgg_face_dag.pth", states["vggface"]), tmp_path / "vgg_face_weights.pth")
    vggface.convert(tmp_path, tmp_path, "all")
    assert_made(tmp_path, "vggface", states["vggface"])


@pytest.mark.parametrize("how", ["of one buffer", "channels last", "expanded", "parameters"])
def test_views_become_the_same_bytes(how, states, tmp_path):
    """Equal numbers have equal keys, and a made file holds nothing but them."""
    trunk = trunk_of(states["vggface"])
    trunk["conv1_1.bias"] = torch.ones(64)
    save_state(trunk, tmp_path / "expected")
    if how == "of one buffer":
        whole = torch.cat([value.flatten() for value in trunk.values()])
        parts = whole.split([value.numel() for value in trunk.values()])
        trunk = {key: part.view(value.shape) for (key, value), part in zip(trunk.items(), parts, strict=True)}
    elif how == "channels last":
        last = torch.channels_last
        trunk = {
            key: value.contiguous(memory_format=last) if value.ndim == 4 else value for key, value in trunk.items()
        }
    elif how == "expanded":
        trunk["conv1_1.bias"] = torch.ones(1).expand(64)
    else:
        trunk = {key: torch.nn.Parameter(value) for key, value in trunk.items()}
    torch.save(trunk, tmp_path / "vgg_face_weights.pth")
    (tmp_path / "made").mkdir()
    vggface.convert(tmp_path, tmp_path / "made", "trunk")
    assert (tmp_path / "made" / "vggface.pth").read_bytes() == (tmp_path / "expected").read_bytes()


def test_the_made_file_is_the_same_from_every_release(states, small, tmp_path):
    """Equal numbers have equal bytes, hence equal keys."""
    for number, file in enumerate(("vgg_face_weights.pth", "vgg_face_dag.pth", "rcmalli_vggface_tf_vgg16.h5")):
        (tmp_path / str(number)).mkdir()
        if file.endswith("h5"):
            write_h5(tmp_path / str(number) / file, published_keras("vggface", states["vggface"]))
        else:
            torch.save(published_torch("vggface", file, states["vggface"]), tmp_path / str(number) / file)
        vggface.convert(tmp_path / str(number), tmp_path / str(number), "all")
    made = {(tmp_path / str(number) / "vggface.pth").read_bytes() for number in range(3)}
    assert len(made) == 1


# ---------------------------------------------------------------- refused


def error_of(name: str, folder: Path, layers: str = "trunk") -> str:
    with pytest.raises(WeightsError) as error:
        import_module(f"aver.weights.{name}").convert(folder, folder, layers)
    assert not (folder / f"{name}.pth").exists()
    assert "aver weights" in str(error.value)
    return str(error.value)


LAST = {"vggface": "conv5_3.bias", "vggm": "bn53.running_var", "resnet50": "conv5_3_1x1_increase_bn.bias"}
#: What a file may hold in the place of a tensor of numbers, and the words for it.
NO_NUMBERS = {
    "nan": (lambda good: good.clone().fill_(np.nan), "not finite"),
    "infinite": (lambda good: torch.full(good.shape, -np.inf), "not finite"),
    "too large": (lambda good: torch.full(good.shape, 1e300, dtype=torch.float64), "not finite"),
    "whole": (lambda good: good.long(), "torch.int64"),
    "boolean": (lambda good: good > 0, "torch.bool"),
    "complex": (lambda good: good.to(torch.complex64), "torch.complex64"),
    "meta": (lambda good: good.to("meta"), "meta"),
    "sparse": (lambda good: good.to_sparse(), "torch.sparse_coo"),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_a_tensor_that_holds_no_plain_numbers_is_named(kind, states, tmp_path):
    state, file = dict(states["vggface"]), "vgg_face_weights.pth"
    make, words = NO_NUMBERS[kind]
    state["conv5_3.bias"] = make(state["conv5_3.bias"])
    torch.save(state, tmp_path / file)
    message = error_of("vggface", tmp_path)
    assert f"{file}: conv5_3.bias " in message
    assert words in message


@pytest.mark.parametrize(("name", "file"), [TORCH_FILES[2], TORCH_FILES[3], KERAS_FILES[1]])
def test_a_negative_variance_is_named(name, file, states, tmp_path):
    state = {key: value.clone() for key, value in states[name].items()}
    next(value for key, value in state.items() if key.endswith("running_var"))[3] = -1e-3
    if file.endswith("h5"):
        write_h5(tmp_path / file, published_keras(name, state))
    else:
        torch.save(published_torch(name, file, state), tmp_path / file)
    assert "holds negative variances" in error_of(name, tmp_path)


@pytest.mark.parametrize(("name", "file"), TORCH_FILES)
def test_a_tensor_that_is_missing_or_misshapen_is_named(name, file, states, tmp_path):
    state = published_torch(name, file, states[name])
    last = LAST[name]
    torch.save({key: value for key, value in state.items() if key != last}, tmp_path / file)
    message = error_of(name, tmp_path)
    width = len(state[last])
    assert f"{file} holds no {last} of shape ({width},)" in message
    torch.save({**state, last: torch.zeros(7)}, tmp_path / file)
    assert f"{file}: {last} has shape (7,), expected shape ({width},)" in error_of(name, tmp_path)
    torch.save({**state, last: 3}, tmp_path / file)
    assert f"{file}: {last} has type int, expected shape ({width},)" in error_of(name, tmp_path)


def test_layers_that_are_wanted_and_not_there_are_named(states, tmp_path):
    torch.save(trunk_of(states["vggface"]), tmp_path / "vgg_face_weights.pth")
    assert "holds no fc6.weight of shape (4096, 512, 7, 7)" in error_of("vggface", tmp_path, "all")
    (tmp_path / "vgg_face_weights.pth").unlink()
    file = "rcmalli_vggface_tf_notop_vgg16.h5"
    write_h5(tmp_path / file, published_keras("vggface", trunk_of(states["vggface"])))
    assert f"{file} holds no fc6/kernel of shape (25088, 4096)" in error_of("vggface", tmp_path, "all")


@pytest.mark.parametrize(("name", "file"), KERAS_FILES)
def test_a_variable_of_another_shape_is_named_as_keras_names_it(name, file, states, tmp_path):
    layers = published_keras(name, states[name])
    layer = {"vggface": "conv1_1", "resnet50": "conv1/7x7_s2"}[name]
    layers[layer]["kernel"] = layers[layer]["kernel"][..., :60]
    write_h5(tmp_path / file, layers)
    side = {"vggface": 3, "resnet50": 7}[name]
    expected = f"{layer}/kernel has shape ({side}, {side}, 3, 60), expected shape ({side}, {side}, 3, 64)"
    assert expected in error_of(name, tmp_path)


def test_what_is_no_state_dict_or_no_keras_file_is_told(tmp_path):
    torch.save([torch.zeros(2)], tmp_path / "resnet50_ft_dag.pth")
    assert "resnet50_ft_dag.pth holds no state dict, but list" in error_of("resnet50", tmp_path)
    (tmp_path / "resnet50_ft_dag.pth").unlink()
    (tmp_path / "rcmalli_vggface_tf_vgg16.h5").write_bytes(b"<html>404</html>")
    assert "rcmalli_vggface_tf_vgg16.h5 is no weights file of Keras 2" in error_of("vggface", tmp_path)
    with h5py.File(tmp_path / "rcmalli_vggface_tf_vgg16.h5", "w") as file:
        file["rows"] = np.zeros(3)
    assert "is no weights file of Keras 2" in error_of("vggface", tmp_path)


def damaged_h5(path: Path, how: str) -> None:
    """Write a file of one layer with one thing that Keras would not write."""
    write_h5(path, {"conv1_1": {"bias": np.ones(64, np.float32)}})
    with h5py.File(path, "r+") as file:
        layer, own = file["conv1_1"], "conv1_1/kernel:0"
        layer.attrs["weight_names"] = [own.encode()]
        if how == "8 TB":  # declared, not written
            layer.create_dataset(own, (2**41,), np.float32, chunks=(2**20,))
        elif how == "many":
            names = [f"conv1_1/w{number}:0" for number in range(9)]
            layer.attrs["weight_names"] = [name.encode() for name in names]
            for name in names:
                layer[name] = np.ones(2**8, np.float32)
        elif how == "text":
            layer[own] = ["3", "4"]
        elif how == "empty":
            layer[own] = h5py.Empty("f4")
        elif how == "group":
            layer.create_group(own)
        elif how == "number for names":
            layer.attrs["weight_names"] = 3
        elif how == "no unicode":
            layer.attrs["weight_names"] = [b"\xff\xfe"]
        elif how == "nothing for names":
            layer.attrs["weight_names"] = h5py.Empty("S1")


@pytest.mark.parametrize(
    "how", ["8 TB", "many", "text", "empty", "group", "number for names", "no unicode", "nothing for names"]
)
def test_a_keras_file_that_declares_no_weights_is_refused_unread(how, tmp_path, monkeypatch):
    damaged_h5(tmp_path / "rcmalli_vggface_tf_vgg16.h5", how)
    if how == "many":
        monkeypatch.setattr(keras_h5, "MOST_BYTES", 2**13)
    assert "is no weights file of Keras 2" in error_of("vggface", tmp_path)


# ---------------------------------------------------------------- files


def test_only_the_wanted_layers_of_a_keras_file_are_read(states, tmp_path):
    write_h5(tmp_path / "x.h5", published_keras("vggface", states["vggface"]))
    assert sorted(read_layers(tmp_path / "x.h5", ["conv1_1", "fc7", "nothing"])) == [
        "conv1_1/bias", "conv1_1/kernel", "fc7/bias", "fc7/kernel",
    ]  # fmt: skip
