"""Weights of the encoders of sound: seeded in the published structure, published ones read whatever their names."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from aver.errors import WeightsError
from aver.features import vggish as vggish_encoder
from aver.tensorflow_import import import_tensorflow
from aver.weights import vggish, xvector
from aver.weights.releases.trust import check_trust
from aver.weights.state import load_state
from aver.weights.vggish_layers import shapes, variable
from aver.weights.vggish_saved import read_variables
from aver.weights.xvector_model import read_model

VARIABLES = ("variables/variables.data-00000-of-00001", "variables/variables.index")
CHECKPOINT = "embedding_model.ckpt"
#: As speechbrain published it.
HYPERPARAMS = (Path(__file__).parents[1] / "features/hyperparams.yaml").read_text(encoding="utf-8")
MODULES = {"vggish": vggish, "xvector": xvector}


def seeded(name: str, folder: Path, seed: int = 1, layers: str = "all") -> Path:
    folder.mkdir(parents=True)
    MODULES[name].seed(np.random.default_rng(seed), folder, layers)
    return folder


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Path:
    return seeded("vggish", tmp_path_factory.mktemp("seeded") / "vggish")


@pytest.fixture(scope="session")
def voice(tmp_path_factory) -> Path:
    return seeded("xvector", tmp_path_factory.mktemp("seeded") / "xvector")


def converted(name: str, found: Path, folder: Path, layers: str = "all") -> Path:
    folder.mkdir()
    MODULES[name].convert(found, folder, layers)
    return folder


# ---------------------------------------------------------------- VGGish


def test_the_seeded_saved_model_has_the_published_structure(saved):
    """A list `_variables` with the published names in the published order, and nothing padded: 15600 samples a row."""
    tf = import_tensorflow()
    model = vggish_encoder.load(saved)
    assert [found.name for found in model._variables] == [f"{name}:0" for name in shapes(256)]
    assert [tuple(found.shape) for found in model._variables] == list(shapes(256).values())
    assert hasattr(model, "_vggish_fn")
    assert [model(tf.zeros(count)).shape[0] for count in (15600, 30959, 30960)] == [1, 1, 2]
    assert not (saved / "fingerprint.pb").exists()


def test_the_published_order_of_variables():
    assert list(shapes(4096))[::2] == [f"vggish/{layer}/weights" for layer in (
        "conv1", "conv2", "conv3/conv3_1", "conv3/conv3_2", "conv4/conv4_1", "conv4/conv4_2", "fc1/fc1_1", "fc1/fc1_2",
        "fc2")]  # fmt: skip
    assert shapes(4096)[variable("fc1_1", "weights")] == (12288, 4096)
    assert len(set(list(shapes(4096).values())[::2])) == len(set(list(shapes(256).values())[::2])) == 9
    assert shapes(4096)[variable("fc2", "biases")] == (128,)


def test_seeded_numbers_are_the_same_bytes_twice_and_others_with_another_seed(saved, voice, tmp_path):
    for name, folder, files in (("vggish", saved, (*VARIABLES, "vggish.pth")), ("xvector", voice, (CHECKPOINT,))):
        again, other = seeded(name, tmp_path / f"{name}-1", 1), seeded(name, tmp_path / f"{name}-2", 2)
        for file in files:
            assert (again / file).read_bytes() == (folder / file).read_bytes()
        assert (other / files[-1]).read_bytes() != (folder / files[-1]).read_bytes()


def test_seeded_layers_keep_the_scale_of_activations(saved, voice):
    """He et al. 2015, eq. 10: variance 2 / fan-in, biases 0."""
    states = (load_state(saved / "vggish.pth"), load_state(voice / "embedding_model.ckpt"))
    for name, value in {**states[0], **states[1]}.items():
        if name.endswith("weight") and value.ndim > 1:
            assert value.var().item() == pytest.approx(2 / value[0].numel(), rel=0.2), name
        elif name.endswith("bias"):
            assert not value.any()


def test_layers_decide_what_the_port_keeps(saved, tmp_path):
    trunk = load_state(seeded("vggish", tmp_path / "trunk", layers="trunk") / "vggish.pth")
    whole = load_state(saved / "vggish.pth")
    assert list(trunk) == list(whole)[:12]
    assert list(whole)[12:] == [f"{name}.{kind}" for name in ("fc1_1", "fc1_2", "fc2") for kind in ("weight", "bias")]
    assert all(torch.equal(trunk[name], whole[name]) for name in trunk)
    assert whole["conv4_1.weight"].shape == (512, 256, 3, 3)
    assert whole["fc1_1.weight"].shape == (256, 12288)
    assert (tmp_path / "trunk" / "vggish.pth").stat().st_size < 19e6


def test_converted_is_what_was_seeded(saved, tmp_path):
    (saved / "assets").mkdir(exist_ok=True)
    found = converted("vggish", saved, tmp_path / "made")
    for file in ("saved_model.pb", *VARIABLES, "vggish.pth"):
        assert (found / file).read_bytes() == (saved / file).read_bytes()
    assert sorted(path.name for path in found.iterdir()) == ["saved_model.pb", "variables", "vggish.pth"]


def as_tensorflow_1(values: dict[str, np.ndarray], folder: Path) -> Path:
    """Variables under their own names as keys, as `tf.compat.v1.train.Saver` writes them."""
    tf = import_tensorflow()
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, value in values.items():
            tf.compat.v1.get_variable(name, initializer=value)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(folder / "variables" / "variables"), write_meta_graph=False)
    return folder


def as_tensorflow_2(values: dict[str, np.ndarray], folder: Path) -> Path:
    """Variables of a module's list `_variables`, whose names were lost."""
    tf = import_tensorflow()
    module = tf.Module()
    module._variables = [tf.Variable(value) for value in values.values()]
    tf.saved_model.save(module, str(folder))
    return folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("write", [as_tensorflow_1, as_tensorflow_2], ids=["names as keys", "names lost"])
def test_variables_are_found_by_name_or_by_order(saved, tmp_path, write):
    values, kinds = read_variables(saved), {"weights": "weight", "biases": "bias"}
    for number, name in enumerate(values):
        if name.endswith("biases"):  # seeded ones are all zero
            values[name] = values[name] + np.float32(number + 1)
    found = load_state(converted("vggish", write(values, tmp_path / "found"), tmp_path / "made") / "vggish.pth")
    before = load_state(saved / "vggish.pth")
    assert list(found) == [f"{name.split('/')[-2]}.{kinds[name.split('/')[-1]]}" for name in values] == list(before)
    for (name, value), tensor in zip(values.items(), found.values(), strict=True):
        if name.endswith("biases"):
            np.testing.assert_array_equal(tensor, value, err_msg=name)
    assert all(torch.equal(found[name], before[name]) for name in found if name.endswith("weight"))


CONV2, FC2 = variable("conv2", "weights"), variable("fc2", "biases")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("write", [as_tensorflow_1, as_tensorflow_2], ids=["names as keys", "names lost"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({CONV2: np.zeros((5, 5, 64, 128), np.float32)}, f"{CONV2} has the shape .5, 5, 64, 128., not .3, 3, 64, 128."),
        ({FC2: None}, f"{FC2} is missing"),
        ({variable("fc1_1", "biases"): np.zeros(300, np.float32)}, "fc1_1/weights has the shape .12288, 256., not"),
    ],
    ids=["shape", "missing", "widths"],
)
def test_a_variable_that_is_missing_or_misshapen_is_named(saved, tmp_path, write, change, message):
    values = {name: value for name, value in {**read_variables(saved), **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=f"weights of vggish: the variable .*{message}.*google/vggish/1"):
        converted("vggish", write(values, tmp_path / "found"), tmp_path / "made")
    assert not list((tmp_path / "made").iterdir())


@pytest.mark.parametrize("harm", ["cut", "flip", "no index", "no index but garbage"])
def test_variables_that_cannot_be_read_are_told(saved, tmp_path, harm):
    shutil.copytree(saved, tmp_path / "found")
    data, index = (tmp_path / "found" / name for name in VARIABLES)
    if harm == "cut":
        data.write_bytes(data.read_bytes()[:1000])
    elif harm == "flip":
        changed = bytearray(data.read_bytes())
        changed[1_000_000] ^= 1
        data.write_bytes(changed)
    elif harm == "no index":
        index.unlink()
    else:
        index.write_bytes(b"garbage")
    with pytest.raises(WeightsError, match=r"variables in .* cannot be read \(.*google/vggish/1 again"):
        converted("vggish", tmp_path / "found", tmp_path / "made")


# ---------------------------------------------------------------- x-vector


def published(voice: Path, folder: Path, text: str = HYPERPARAMS) -> Path:
    shutil.copytree(voice, folder)
    (folder / "hyperparams.yaml").write_text(text, encoding="utf-8")
    return folder


def test_what_was_seeded_comes_back_from_the_published_files(voice, tmp_path):
    found = published(voice, tmp_path / "found")
    (found / "classifier.ckpt").write_bytes(b"not needed")
    made = converted("xvector", found, tmp_path / "made")
    assert [path.name for path in made.iterdir()] == [CHECKPOINT]
    assert (made / CHECKPOINT).read_bytes() == (voice / CHECKPOINT).read_bytes()


BANK, NORM = "!new:speechbrain.lobes.features.Fbank", "!new:speechbrain.processing.features.InputNormalization"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mean_var_norm: !new", "other: !new", f"mean_var_norm is nothing, not {NORM}"),
        ("n_mels: 24", "n_mels: 80", "compute_features.n_mels is 80, not 24"),
        ("n_mels: !ref <n_mels>", "f_min: 0", "compute_features.n_mels is 40, not 24"),
        ("n_mels: !ref <n_mels>", "n_mels: 24\n    sample_rate: 8000", "compute_features.sample_rate is 8000, not 160"),
        ("n_mels: !ref <n_mels>", "n_mels: 24\n    volume: 1", "compute_features.volume is 1, not nothing"),
        ("n_mels: !ref <n_mels>", "n_mels: 24\n    n_mels: 80", "compute_features: a key comes twice"),
        ("n_mels: !ref <n_mels>", "n_mels: !ref <n_mels> * 1", "n_mels is a reference to nothing, not 24"),
        ("n_mels: 24", "n_mels: !ref <n_mels>", "n_mels is !ref, not 24"),
        ("n_mels: 24", "n_mels: !!int ''", "index out of range"),
        ("n_mels: 24", "n_mels: !!python/object/apply:os.mkdir [FLAG]", "n_mels is .*os.mkdir, not 24"),
        ("std_norm: False", "std_norm: True", "mean_var_norm.std_norm is True, not False"),
        ("    std_norm: False", "", "mean_var_norm.std_norm is True, not False"),
        ("norm_type: sentence", "norm_type: global", "mean_var_norm.norm_type is global, not 'sentence'"),
        ("tdnn_blocks: 5", "tdnn_blocks: 1000000000000", "tdnn_blocks is 1000000000000, not 5"),
        ("[1, 2, 3, 1, 1]", "[1, 1, 1, 1, 1]", "tdnn_dilations is .1, 1, 1, 1, 1., not .1, 2, 3, 1, 1."),
        ("[1, 2, 3, 1, 1]", "[1, 2, 3, 1, [1]]", "tdnn_dilations is .1, 2, 3, 1, 'tag:yaml.org,2002:seq'., not"),
        ("lin_neurons: 512", "lin_neurons: 500", "embedding_model.lin_neurons is 500, not 512"),
        ("torch.nn.LeakyReLU", "torch.nn.Identity", "activation is !name:torch.nn.Identity, not .*LeakyReLU"),
        ("features.Fbank", "features.MFCC", f"compute_features is !new:.*MFCC, not {BANK}"),
        (f"{BANK}\n    n_mels: !ref <n_mels>", f"{BANK} [24]", f"compute_features is .* not {BANK} with named"),
        ("n_mels: 24\n", "n_mels: 24\nn_mels: 24\n", "a key comes twice"),
        ("n_mels: 24\n", "- n_mels\n- 24\n", "no YAML that can be read"),
        ("n_mels: 24", "n_mels: [", "no YAML that can be read"),
        ("n_mels: 24", "n_mels: \x00", "no YAML that can be read"),
        ("n_mels: 24", "n_mels: " + "[" * 50_000, "no YAML that can be read"),
        ("n_mels: 24", "n_mels: 24" + " " * 100_000, "longer than 100000 bytes"),
    ],
)
def test_hyperparams_of_another_network_are_refused(voice, tmp_path, old, new, message):
    """Numbers of another network would be plausible, and wrong."""
    assert old in HYPERPARAMS
    found = published(
        voice, tmp_path / "found", HYPERPARAMS.replace(old, new.replace("FLAG", str(tmp_path / "flag")), 1)
    )
    with pytest.raises(
        WeightsError, match=f"hyperparams.yaml is not that of the published x-vector: .*{message}"
    ) as error:
        converted("xvector", found, tmp_path / "made")
    assert "huggingface.co/speechbrain/spkrec-xvect-voxceleb" in str(error.value)
    assert not list((tmp_path / "made").iterdir())
    assert not (tmp_path / "flag").exists()


@pytest.mark.parametrize(
    "evil",
    [
        "evil: (!!python/object/apply:os.mkdir ['FLAG'])",
        "evil: !tuple \"(!!python/object/apply:os.mkdir ['FLAG'])\"",
        "evil: !apply:os.mkdir [FLAG]",
        "evil: !new:os.mkdir [FLAG]",
        "evil: !!python/object/apply:os.mkdir [FLAG]",
        "a: 9\nevil: !ref <a> ** <a> ** <a> ** <a>",
        "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)) + "\nl: &l [*l]",
        "# \x85zzz: '\nevil: !apply:os.mkdir [FLAG]\n# '",
    ],
)
def test_nothing_that_hyperparams_name_is_run(voice, tmp_path, evil):
    """Neither when weights are made nor when features are; what the embedding does not need is not looked at."""
    flag = tmp_path / "flag"
    found = published(voice, tmp_path / "found", HYPERPARAMS + evil.replace("FLAG", str(flag)) + "\n")
    check_trust(found)
    with contextlib.suppress(WeightsError):
        converted("xvector", found, tmp_path / "made")
    assert read_model(found)(torch.zeros(16000)).shape == (512,)
    assert not flag.exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("blocks.0.conv.weight", None, r"holds no blocks\.0\.conv\.weight of shape \(512, 24, 5\)"),
        ("blocks.16.w.weight", torch.zeros(500, 3000), r"blocks\.16\.w\.weight has shape \(500, 3000\), expected"),
    ],
)
def test_a_checkpoint_of_another_network_is_told(voice, tmp_path, name, value, message):
    found = published(voice, tmp_path / "found")
    state = dict(load_state(voice / CHECKPOINT)) | {name: value}
    torch.save({name: value for name, value in state.items() if value is not None}, found / CHECKPOINT)
    with pytest.raises(WeightsError, match=message):
        converted("xvector", found, tmp_path / "made")
