"""Weights from outside are data: what could run code is refused before anything loads it."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from aver.errors import WeightsError
from aver.params.releases import Published, Release, release_of
from aver.tensorflow_import import import_tensorflow
from aver.weights import vggish, vggish_saved
from aver.weights.releases.trust import check_trust
from aver.weights.releases.unpack import unpack


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize(
    "name", ["a.bin", "a.pt", "saved_model.pbtxt", "saved_model.cpb", "other/hyperparams.yaml", "variables/a.py", "PTH"]
)
def test_a_file_that_nothing_looks_through_is_refused(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(WeightsError, match=f"{Path(name).name} is of no kind that weights are published in"):
        check_trust(tmp_path)


@pytest.mark.parametrize("name", ["vgg_face_weights.pth", "embedding_model.ckpt"])
def test_a_pickle_is_never_executed(tmp_path, name):
    torch.save({"conv1_1.weight": Bomb(tmp_path / "exploded")}, tmp_path / name)
    with pytest.raises(WeightsError, match=r"tensors only \(it names posix\.mkdir\)"):
        check_trust(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(WeightsError, match="tensors only"):
        check_trust(tmp_path)
    assert not (tmp_path / "exploded").exists()


def packed(content: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a", content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"\n<html>\xff404</html>", "it is text, perhaps a web page"),
        (b"Access denied\r\n", "it is text, perhaps a web page"),
        (b"PK\x03\x04 cut", "it is truncated, or no zip archive"),
        (packed("x"), "it is a zip archive of something else"),
    ],
)
def test_a_file_that_is_no_weights_is_refused(tmp_path, content, words):
    """In words of AVER's: PyTorch's would advise to load it all the same."""
    (tmp_path / "vgg_face_weights.pth").write_bytes(content)
    with pytest.raises(WeightsError) as error:
        check_trust(tmp_path)
    assert f"vgg_face_weights.pth is no PyTorch file that holds tensors only ({words}). It was not" in str(error.value)
    assert "weights_only" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["a.pth", "a.ckpt", "a.h5", "saved_model.pb", "hyperparams.yaml", "variables/variables.index"]
)
def test_a_pointer_of_git_lfs_is_named_whatever_its_name(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n")
    with pytest.raises(WeightsError, match=f"{Path(name).name} is a git-lfs pointer, not the file; run `git lfs pull`"):
        check_trust(tmp_path)


@pytest.fixture(scope="session")
def vggish_model(tmp_path_factory) -> Path:
    """Seeded VGGish in the published structure, small."""
    folder = tmp_path_factory.mktemp("vggish")
    vggish.seed(np.random.default_rng(0), folder, "trunk")
    (folder / "vggish.pth").unlink()
    return folder


def test_the_graph_of_vggish_is_let_through(vggish_model):
    check_trust(vggish_model)


EFFECTS = {
    "ReadFile": lambda tf, to: tf.io.read_file("/etc/passwd"),
    "MatchingFiles": lambda tf, to: tf.raw_ops.MatchingFiles(pattern="/etc/*"),
    "WriteFile": lambda tf, to: tf.io.write_file(to, "x"),
    "SaveV2": lambda tf, to: tf.raw_ops.SaveV2(
        prefix=to, tensor_names=["a"], shape_and_slices=[""], tensors=[tf.zeros(3)]
    ),
    "RestoreV2": lambda tf, to: tf.raw_ops.RestoreV2(
        prefix=to, tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    ),
    "PyFunc": lambda tf, to: tf.numpy_function(lambda: np.float32(0), [], tf.float32),
    "Print": lambda tf, to: tf.print("x", output_stream=f"file://{to}"),
    "Cache": lambda tf, to: tf.data.Dataset.from_tensors([1.0]).cache(to).reduce(0.0, lambda a, b: a + b[0]),
    "Summary": lambda tf, to: tf.raw_ops.CreateSummaryFileWriter(
        writer=tf.raw_ops.SummaryWriter(shared_name="q"), logdir=to, max_queue=1, flush_millis=1, filename_suffix="x"
    ),
    "Table": lambda tf, to: tf.raw_ops.InitializeTableFromTextFileV2(
        table_handle=tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="x"),
        filename="/etc/passwd", key_index=-2, value_index=-1,
    ),
    "ImmutableConst": lambda tf, to: tf.raw_ops.ImmutableConst(
        dtype=tf.float32, shape=[4], memory_region_name="/etc/passwd"
    ),
    "DebugIdentity": lambda tf, to: tf.raw_ops.DebugIdentity(input=tf.zeros(3), debug_urls=[f"file://{to}"]),
    "DebugIdentityV2": lambda tf, to: tf.raw_ops.DebugIdentityV2(input=tf.zeros(3), debug_urls=[f"file://{to}"]),
    "Abort": lambda tf, to: tf.raw_ops.Abort(),
    "Random": lambda tf, to: tf.random.uniform([3]),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EFFECTS)
def test_a_graph_that_does_more_than_numbers_is_refused(tmp_path, monkeypatch, name):
    """The published network, with one operation more; some of them would write to `to`."""
    network, to = vggish_saved._network, tmp_path / "to"

    def harmful(tf: Any, samples: Any, get: Any) -> Any:
        made = EFFECTS[name](tf, str(to))
        with tf.control_dependencies([] if made is None else [made]):
            return network(tf, tf.identity(samples), get)

    monkeypatch.setattr(vggish_saved, "_network", harmful)
    (tmp_path / "model").mkdir()
    vggish.seed(np.random.default_rng(0), tmp_path / "model", "trunk")
    (tmp_path / "model/vggish.pth").unlink()
    with pytest.raises(WeightsError, match=r"saved_model\.pb runs the operation \w+, which (takes or|has)"):
        check_trust(tmp_path / "model")
    assert not list(tmp_path.glob("to*"))


def rewritten(model: Path, folder: Path, change: Callable[[Any], object]) -> Path:
    """Copy a model with another graph."""
    import_tensorflow()
    from tensorflow.core.protobuf import saved_model_pb2

    shutil.copytree(model, folder)
    read = saved_model_pb2.SavedModel.FromString((model / "saved_model.pb").read_bytes())
    change(read.meta_graphs[0])
    (folder / "saved_model.pb").write_bytes(read.SerializeToString())
    return folder


def saver(meta: Any) -> Any:
    return next(f for f in meta.graph_def.library.function if "traced_save" in f.signature.name)


def wrapped(meta: Any) -> Any:
    return next(f for f in meta.graph_def.library.function if "wrapped" in f.signature.name)


def outer(meta: Any) -> Any:
    return next(f for f in meta.graph_def.library.function if "lambda" in f.signature.name)


def call_saver(meta: Any) -> None:
    call = next(node for node in outer(meta).node_def if node.op == "StatefulPartitionedCall")
    call.attr["f"].func.name = saver(meta).signature.name


def call_by_name(meta: Any) -> None:
    wrapped(meta).node_def.add(name="evil", op=saver(meta).signature.name)


def give_out_saver(meta: Any) -> None:
    node = next(n for n in meta.object_graph_def.nodes if n.HasField("bare_concrete_function"))
    node.bare_concrete_function.concrete_function_name = saver(meta).signature.name


def give_out_saver_as_a_function(meta: Any) -> None:
    node = next(n for n in meta.object_graph_def.nodes if n.HasField("function"))
    node.function.concrete_functions[0] = saver(meta).signature.name


def same_name_twice(meta: Any) -> None:
    library = meta.graph_def.library.function
    evil = library.add()
    evil.CopyFrom(wrapped(meta))
    evil.node_def.add(name="evil", op="ReadFile")
    good = library.add()
    good.CopyFrom(wrapped(meta))
    del good.node_def[-1:]


def operation_as_function(meta: Any) -> None:
    meta.graph_def.library.function.add().signature.name = "ReadFile"
    wrapped(meta).node_def.add(name="evil", op="ReadFile")


def type_of_the_callers(meta: Any) -> None:
    node = next(node for node in wrapped(meta).node_def if node.op == "Reshape")
    node.attr["T"].placeholder = "T"


def types_of_the_callers(meta: Any) -> None:
    wrapped(meta).node_def.add(name="evil", op="IdentityN").attr["T"].placeholder = "T"


def resource(meta: Any) -> None:
    meta.object_graph_def.nodes.add().resource.device = ""


def asset(meta: Any) -> None:
    meta.object_graph_def.nodes.add().asset.asset_file_def_index = 0


GRAPHS = {
    "no objects": (lambda meta: meta.ClearField("object_graph_def"), "has no graph of objects"),
    "saver called": (call_saver, "calls StatefulPartitionedCall, __inference__traced_save"),
    "saver called by name": (call_by_name, "calls __inference__traced_save"),
    "saver given out": (give_out_saver, "names the function '__inference__traced_save"),
    "saver given out as a function": (give_out_saver_as_a_function, "names the function '__inference__traced_save"),
    "file in a saver": (lambda meta: saver(meta).node_def.add(name="e", op="ReadFile"), "operation ReadFile"),
    "file at the top": (lambda meta: meta.graph_def.node.add(name="e", op="ReadFile"), "operation ReadFile"),
    "unknown": (lambda meta: wrapped(meta).node_def.add(name="e", op="OwnKernel"), "calls OwnKernel, .*unknown"),
    "two of a name": (same_name_twice, "operation ReadFile"),
    "an operation's name": (operation_as_function, "function with the name of the operation ReadFile"),
    "type of the caller's": (type_of_the_callers, "Reshape, which takes or gives other things than numbers"),
    "types of the caller's": (types_of_the_callers, "IdentityN, which takes or gives other things than numbers"),
    "resource": (resource, "object of the kind resource"),
    "asset": (asset, "object of the kind asset"),
    "class": (
        lambda meta: setattr(meta.object_graph_def.nodes[0].user_object, "identifier", "_tf_keras_model"),
        "object of the class '_tf_keras_model'",
    ),
    "own restoring": (
        lambda meta: setattr(meta.object_graph_def.nodes[5], "registered_saver", "evil"), "own way of being restored"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_of_another_structure_is_refused(vggish_model, tmp_path, name):
    change, words = GRAPHS[name]
    with pytest.raises(WeightsError, match=rf"saved_model\.pb .*{words}"):
        check_trust(rewritten(vggish_model, tmp_path / "model", change))


def test_a_file_that_is_no_saved_model_is_refused(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff no model")
    with pytest.raises(WeightsError, match="is no SavedModel"):
        check_trust(tmp_path)


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
