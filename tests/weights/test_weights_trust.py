"""Weights from outside are data: what could run code is refused before anything loads it."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from aver.errors import WeightsError
from aver.params.blocks import Weights
from aver.tensorflow_import import import_tensorflow
from aver.weights.build import RECORD, build_weights
from aver.weights.seeded import XVECTOR_HYPERPARAMS
from aver.weights.trust import check_trust

#: The shape of the hyperparams of speechbrain/spkrec-xvect-voxceleb, beyond what our own seeded file has.
PUBLISHED = XVECTOR_HYPERPARAMS.replace(
    "classifier: !new:torch.nn.Identity",
    """\
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
classifier: !new:speechbrain.lobes.models.Xvector.Classifier
    input_shape: [null, null, !ref <emb_dim>]
    activation: !name:torch.nn.LeakyReLU
    lin_blocks: 1
    lin_neurons: !ref <emb_dim>
    out_neurons: 7205
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder""",
)


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("text", [XVECTOR_HYPERPARAMS, PUBLISHED], ids=["seeded", "published"])
def test_the_hyperparams_of_the_x_vector_are_let_through(tmp_path, text):
    (tmp_path / "hyperparams.yaml").write_text(text)
    check_trust("xvector", tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "bomb: !apply:os.system [touch x]",
        "bomb: !new:subprocess.Popen [[touch, x]]",
        "bomb: !name:os.system",
        "bomb: !module:this",
        "bomb: !include:/etc/passwd",
        "bomb: !applyref:os.system [touch x]",
        "bomb: !new:speechbrain.utils.fetching.fetch",
        "bomb: !!python/object/apply:os.system [touch x]",
        "deep: [1, {a: !new:os.mkdir [x]}]",
        "? !new:os.mkdir [x]\n: 1",
        "%TAG !e! !new:os.\n---\nbomb: !e!mkdir [x]",
        "a: [",
        "b: \x00",
    ],
)
def test_other_hyperparams_are_refused(tmp_path, line):
    (tmp_path / "hyperparams.yaml").write_text(line)
    with pytest.raises(WeightsError, match=r"hyperparams\.yaml (names|is no YAML)"):
        check_trust("xvector", tmp_path)


def test_aliases_that_multiply_or_contain_themselves_take_no_time(tmp_path):
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)), "loop: &loop [*loop]"]
    (tmp_path / "hyperparams.yaml").write_text("\n".join(lines))
    check_trust("xvector", tmp_path)
    (tmp_path / "hyperparams.yaml").write_text("\n".join([*lines, "bomb: [*a39, !new:os.mkdir [x]]"]))
    with pytest.raises(WeightsError, match=r"!new:os\.mkdir"):
        check_trust("xvector", tmp_path)
    (tmp_path / "hyperparams.yaml").write_text("[" * 100_000)
    with pytest.raises(WeightsError, match="is no YAML"):
        check_trust("xvector", tmp_path)


@pytest.mark.parametrize(("encoder", "name"), [("vggface", "vgg_face_weights.pth"), ("xvector", "classifier.ckpt")])
def test_a_pickle_is_never_executed(tmp_path, encoder, name):
    torch.save({"conv1_1.weight": Bomb(tmp_path / "exploded")}, tmp_path / name)
    with pytest.raises(WeightsError, match="tensors only"):
        check_trust(encoder, tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(WeightsError, match="tensors only"):
        check_trust(encoder, tmp_path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_weights_is_refused(tmp_path, content):
    (tmp_path / "vgg_face_weights.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"vgg_face_weights\.pth is no PyTorch file"):
        check_trust("vggface", tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_a_graph_that_touches_files_is_refused(tmp_path):
    tf = import_tensorflow()

    class Thief(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, waveform):
            return tf.strings.length(tf.io.read_file("/etc/passwd"))

    tf.saved_model.save(Thief(), str(tmp_path / "thief"))
    with pytest.raises(WeightsError, match=r"saved_model\.pb runs the operation ReadFile"):
        check_trust("vggish", tmp_path / "thief")
    (tmp_path / "thief" / "saved_model.pb").write_bytes(b"\xff\xff no model")
    with pytest.raises(WeightsError, match="is no SavedModel"):
        check_trust("vggish", tmp_path / "thief")


def test_the_weights_stage_asks_before_it_records(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    build_weights("xvector", Weights("seeded", 1), source)
    shutil.copytree(source, tmp_path / "good")
    with (source / "hyperparams.yaml").open("a") as file:
        file.write("bomb: !apply:os.system [touch x]\n")
    with pytest.raises(WeightsError, match=r"weights of xvector: hyperparams\.yaml names '!apply:os\.system'"):
        build_weights("xvector", Weights("pretrained", location=str(source)), target)
    assert not (target / RECORD).exists()
    build_weights("xvector", Weights("pretrained", location=str(tmp_path / "good")), target)
    assert (target / RECORD).exists()
