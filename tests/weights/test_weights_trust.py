"""Weights from outside are data: what could run code is refused before anything loads it."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import tarfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from aver.errors import WeightsError
from aver.tensorflow_import import import_tensorflow
from aver.weights.releases.sources import Published, Release, release_of
from aver.weights.releases.trust import check_trust
from aver.weights.releases.unpack import unpack
from aver.weights.xvector import HYPERPARAMS as XVECTOR_HYPERPARAMS

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
    check_trust(tmp_path)


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
        check_trust(tmp_path)


def test_aliases_that_multiply_or_contain_themselves_take_no_time(tmp_path):
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)), "loop: &loop [*loop]"]
    (tmp_path / "hyperparams.yaml").write_text("\n".join(lines))
    check_trust(tmp_path)
    (tmp_path / "hyperparams.yaml").write_text("\n".join([*lines, "bomb: [*a39, !new:os.mkdir [x]]"]))
    with pytest.raises(WeightsError, match=r"!new:os\.mkdir"):
        check_trust(tmp_path)
    (tmp_path / "hyperparams.yaml").write_text("[" * 100_000)
    with pytest.raises(WeightsError, match="is no YAML"):
        check_trust(tmp_path)


@pytest.mark.parametrize("name", ["vgg_face_weights.pth", "embedding_model.ckpt"])
def test_a_pickle_is_never_executed(tmp_path, name):
    torch.save({"conv1_1.weight": Bomb(tmp_path / "exploded")}, tmp_path / name)
    with pytest.raises(WeightsError, match="tensors only"):
        check_trust(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(WeightsError, match="tensors only"):
        check_trust(tmp_path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_weights_is_refused(tmp_path, content):
    (tmp_path / "vgg_face_weights.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"vgg_face_weights\.pth is no PyTorch file"):
        check_trust(tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_a_graph_that_touches_files_is_refused(tmp_path):
    tf = import_tensorflow()

    class Thief(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, waveform):
            return tf.strings.length(tf.io.read_file("/etc/passwd"))

    tf.saved_model.save(Thief(), str(tmp_path / "thief"))
    with pytest.raises(WeightsError, match=r"saved_model\.pb runs the operation ReadFile"):
        check_trust(tmp_path / "thief")
    (tmp_path / "thief" / "saved_model.pb").write_bytes(b"\xff\xff no model")
    with pytest.raises(WeightsError, match="is no SavedModel"):
        check_trust(tmp_path / "thief")


def keras(path: Path) -> None:
    """A file as Keras 2 writes it, with a group in a circle."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"conv1_1"]
        group = file.create_group("conv1_1")
        group.attrs["weight_names"] = [b"conv1_1/kernel:0"]
        group["conv1_1/kernel:0"] = np.ones((3, 3), np.float32)
        group.create_dataset("packed", data=np.ones((30, 30), np.float32), compression="gzip")
        group["again"] = group["conv1_1/kernel:0"]
        group["round"] = file


def test_a_keras_file_is_let_through(tmp_path):
    keras(tmp_path / "a.h5")
    check_trust(tmp_path)


@pytest.mark.parametrize("kind", ["external link", "soft link", "deep link", "external numbers", "virtual numbers"])
def test_a_keras_file_that_reads_other_files_is_refused(tmp_path, kind):
    (tmp_path / "other").mkdir()
    keras(tmp_path / "other/secret.h5")
    keras(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        if kind == "external link":
            file["conv1_2"] = h5py.ExternalLink("other/secret.h5", "/conv1_1")
        elif kind == "soft link":
            file["conv1_2"] = h5py.SoftLink("/conv1_1")
        elif kind == "deep link":
            file["conv1_1"].create_group("x/y")["z"] = h5py.ExternalLink("/etc/passwd", "/")
        elif kind == "external numbers":
            file.create_dataset("conv1_2", (4,), "u1", external=[("/etc/passwd", 0, 4)])
        else:
            layout = h5py.VirtualLayout((3, 3), np.float32)
            layout[:] = h5py.VirtualSource(tmp_path / "other/secret.h5", "conv1_1/again", (3, 3))
            file.create_virtual_dataset("conv1_2", layout)
    words = "keeps the numbers of /conv1_2 in another file" if "numbers" in kind else "has the link /conv1_"
    with pytest.raises(WeightsError, match=rf"a\.h5 {words}"):
        check_trust(tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\x89HDF\r\n\x1a\n cut"])
def test_a_file_that_is_no_hdf5_is_refused(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(WeightsError, match=r"a\.h5 is no HDF5 file"):
        check_trust(tmp_path)


def test_a_damaged_hdf5_is_refused_or_read_whole(tmp_path):
    keras(tmp_path / "good.h5")
    content = (tmp_path / "good.h5").read_bytes()
    (tmp_path / "bad").mkdir()
    for place in range(0, len(content), 97):
        harmed = bytearray(content)
        harmed[place] ^= 0xFF
        (tmp_path / "bad/a.h5").write_bytes(harmed)
        with contextlib.suppress(WeightsError):
            check_trust(tmp_path / "bad")


SMALL = Release("tfhub", (Published("saved_model.pb"), Published("variables/variables.index")), "", "",
                archive=Published("vggish_1.tar.gz"))  # fmt: skip


def archive(path: Path, *members: tuple[str, bytes | str | None]) -> Path:
    """Pack members: bytes are a file, a text is a symbolic link, None is a folder."""
    with tarfile.open(path / "vggish_1.tar.gz", "w:gz") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size, member.mode = len(content), 0o7777
                tar.addfile(member, io.BytesIO(content))
            else:
                member.type = tarfile.DIRTYPE if content is None else tarfile.SYMTYPE
                member.linkname = content or ""
                tar.addfile(member)
    return path / "vggish_1.tar.gz"


GOOD = (("./", None), ("./saved_model.pb", b"model"), ("./variables", None), ("variables/variables.index", b"index"))


def unpacked(packed: Path) -> dict[str, bytes]:
    folder = packed.parent / "deep/folder"
    folder.mkdir(parents=True, exist_ok=True)
    unpack(SMALL, packed, folder)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_declared_members_of_an_archive_come_out_and_no_others(tmp_path):
    packed = archive(tmp_path, *GOOD, ("assets/run.sh", b"rm"), ("link", "/etc"), ("fingerprint.pb", b"x"))
    assert unpacked(packed) == {"saved_model.pb": b"model", "variables/variables.index": b"index"}
    assert not (tmp_path / "deep/folder/saved_model.pb").stat().st_mode & 0o7111


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "variables/../../evil", "./../../evil"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path, name):
    before = sorted(tmp_path.rglob("*"))
    packed = archive(tmp_path, (name, b"evil"), *GOOD)
    with pytest.raises(WeightsError, match=r"vggish_1\.tar\.gz holds '.*evil', which leads out of its folder"):
        unpacked(packed)
    assert [path for path in sorted(tmp_path.rglob("*")) if path.is_file() and path != packed] == before


def test_a_link_in_the_place_of_a_member_is_refused(tmp_path):
    packed = archive(tmp_path, ("saved_model.pb", "/etc/passwd"), GOOD[3])
    with pytest.raises(WeightsError, match=r"saved_model\.pb in vggish_1\.tar\.gz is no plain file"):
        unpacked(packed)
    packed = archive(tmp_path, ("variables", "/tmp"), *GOOD[1:2], GOOD[3])
    assert unpacked(packed)["variables/variables.index"] == b"index"
    assert not (tmp_path / "deep/folder/variables").is_symlink()


def test_an_archive_without_a_member_or_without_an_end_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"does not hold variables/variables\.index"):
        unpacked(archive(tmp_path, *GOOD[:2]))
    packed = archive(tmp_path, *GOOD[:3], ("variables/variables.index", bytes(range(256)) * 400))
    content = packed.read_bytes()
    for harmed in (content[: len(content) // 2], b"<html>", b"", content[:20] + b"x" * 30 + content[50:]):
        packed.write_bytes(harmed)
        with pytest.raises(WeightsError, match=r"vggish_1\.tar\.gz (is no whole \.tar\.gz|does not hold)"):
            unpacked(packed)


def test_the_declared_members_are_the_models():
    assert [file.name for file in release_of("vggish", "tfhub").files] == [
        "saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index",
    ]  # fmt: skip
