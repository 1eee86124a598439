"""Weights from outside are data: a file that could run code when it is loaded is refused before it is used.

- `.pth`, `.ckpt`: PyTorch files are pickles.  They must load with `weights_only`, which builds tensors and plain
  containers and calls nothing else.
- `hyperparams.yaml`: speechbrain's HyperPyYAML creates any Python object that a tag names and calls any function.  Only
  the tags and classes that the published x-vector needs are let through.
- `saved_model.pb`: a TensorFlow graph is a program.  Operations that run Python or touch files beyond the saving of the
  model's own variables are refused.
- `.h5`: HDF5 can say that its content lies in other files (external links, external storage, virtual datasets), which
  would be read as weights.  Keras writes none of these, and no soft links.

An archive is looked at while it is unpacked (`aver.weights.releases.unpack`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from aver.errors import WeightsError

#: Classes and functions that a hyperparams.yaml may name (those of speechbrain/spkrec-xvect-voxceleb and of our own).
NAMES = frozenset(
    {
        "speechbrain.dataio.encoder.CategoricalEncoder",
        "speechbrain.lobes.features.Fbank",
        "speechbrain.lobes.models.Xvector.Classifier",
        "speechbrain.lobes.models.Xvector.Xvector",
        "speechbrain.processing.features.InputNormalization",
        "speechbrain.utils.parameter_transfer.Pretrainer",
        "torch.nn.Identity",
        "torch.nn.LeakyReLU",
    }
)
#: Tags that name nothing to run.
PLAIN_TAGS = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)|!ref|!copy|!tuple|!PLACEHOLDER")
NAMING_TAGS = re.compile(r"!(?:new|name):(.+)")
#: TensorFlow operations that run Python, or read and write files of the graph's choice.
REFUSED_OPERATIONS = frozenset(
    {
        "EagerPyFunc", "FixedLengthRecordReader", "FixedLengthRecordReaderV2", "IdentityReader", "IdentityReaderV2",
        "MatchingFiles", "PrintV2", "PyFunc", "PyFuncStateless", "ReadFile", "TFRecordReader", "TFRecordReaderV2",
        "TextLineReader", "TextLineReaderV2", "WholeFileReader", "WholeFileReaderV2", "WriteFile",
    }
)  # fmt: skip


def check_trust(folder: Path) -> None:
    """Look through the files of pretrained weights before anything loads them.

    Raises:
        WeightsError: a file is not what its name says, or could run code; names the file and what it holds.
    """
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        check = _CHECKS.get(path.name, _CHECKS.get(path.suffix))
        for problem in check(path) if check else ():
            raise WeightsError(
                f"{path.name} {problem}. It was not loaded. Use the published file "
                "(compare its sha256 with the publisher's), or set the source to 'seeded'."
            )


def _tensors(path: Path) -> Iterator[str]:
    import torch

    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except Exception as exc:  # PyTorch's reader has no error of its own for bytes that it cannot read
        yield f"is no PyTorch file that holds tensors only ({[*str(exc).splitlines(), type(exc).__name__][0][:200]})"


def _tags(path: Path) -> Iterator[str]:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
        yield f"is no YAML that can be read ({str(exc).splitlines()[0]})"
        return
    for node in _nodes(root):
        named = NAMING_TAGS.fullmatch(node.tag)
        if not (named and named[1] in NAMES) and not PLAIN_TAGS.fullmatch(node.tag):
            yield f"names {node.tag!r} in line {node.start_mark.line + 1}, which the published x-vector does not need"


def _nodes(root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Yield every node once, however often aliases repeat it."""
    seen: set[int] = set()
    waiting = [root] if root else []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _operations(path: Path) -> Iterator[str]:
    from aver.tensorflow_import import import_tensorflow

    import_tensorflow()
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as exc:
        yield f"is no SavedModel ({exc})"
        return
    graphs = [meta.graph_def for meta in model.meta_graphs]
    nodes = [node for graph in graphs for node in graph.node]
    nodes += [node for graph in graphs for function in graph.library.function for node in function.node_def]
    for operation in sorted({node.op for node in nodes} & REFUSED_OPERATIONS):
        yield f"runs the operation {operation}, which the published model does not need"


def _own_content(path: Path) -> Iterator[str]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield from _foreign(file)
    except (OSError, RuntimeError, KeyError, ValueError) as exc:  # h5py's words for bytes that HDF5 cannot read
        if isinstance(exc, OSError) and exc.errno is not None and not path.is_file():
            raise
        yield f"is no HDF5 file that can be read ({[*str(exc).splitlines(), type(exc).__name__][0][:200]})"


def _foreign(root: Any) -> Iterator[str]:
    """Say of every link and dataset below a group whether its content may lie elsewhere."""
    import h5py

    seen: set[int] = set()
    waiting = [root]
    while waiting:
        group = waiting.pop()
        for name in group:
            try:
                hard = isinstance(group.get(name, getlink=True), h5py.HardLink)
            except TypeError:  # a kind of link of somebody's own
                hard = False
            if not hard:
                yield f"has the link {group.name.rstrip('/')}/{name} to another place, which Keras does not write"
                return
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if isinstance(item, h5py.Group) and address not in seen:
                waiting.append(item)
            elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
                yield f"keeps the numbers of {item.name} in another file, which Keras does not do"
                return
            seen.add(address)


_CHECKS = {
    ".pth": _tensors, ".ckpt": _tensors, ".yaml": _tags, "saved_model.pb": _operations, ".h5": _own_content
}  # fmt: skip
