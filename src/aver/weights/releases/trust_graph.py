"""A TensorFlow graph is a program: of a foreign one, only what computes numbers from numbers is let through.

`hub.load` makes Python objects out of the object graph, gives variables their values by Python's own reader of
checkpoints, and makes functions out of the library.  The outermost graph and the functions that save and restore, which
only it calls, are never run; they hold texts and write files by their nature.  Everything else may know no text, so it
can name no file, and may keep no state but variables.  Rules stand here instead of a list of operations, because the
published model of 2020 need not use quite those that today's TensorFlow writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Any

from aver.tensorflow_import import import_tensorflow

#: Kinds of the object graph's nodes, of which loading makes no more than plain objects, variables and functions.
OBJECTS = frozenset(
    {"user_object", "variable", "function", "bare_concrete_function", "constant", "captured_tensor"}
)  # fmt: skip
#: Python classes that loading may make of a `user_object`.
CLASSES = frozenset(
    {"_generic_user_object", "signature_map", "trackable_dict_wrapper", "trackable_list_wrapper",
     "trackable_tuple_wrapper"}
)  # fmt: skip
#: Operations that may have state, which is variables and what functions of the library have.
WITH_VARIABLES = frozenset(
    {"AssignVariableOp", "Identity", "If", "PartitionedCall", "ReadVariableOp", "StatefulPartitionedCall",
     "StatelessIf", "StatelessWhile", "VarHandleOp", "VarIsInitializedOp", "While"}
)  # fmt: skip
#: Operations with texts or state in what is never run.
NEVER_RUN = frozenset(
    {"AssignVariableOp", "Const", "DisableCopyOnRead", "Identity", "MergeV2Checkpoints", "Pack", "PartitionedCall",
     "Placeholder", "RestoreV2", "SaveV2", "Select", "SelectV2", "ShardedFilename", "StatefulPartitionedCall",
     "StaticRegexFullMatch", "StringJoin"}
)  # fmt: skip
#: Attributes that are free text for TensorFlow, and name nothing outside the graph.
PLAIN_TEXTS = frozenset({"bad_indices_policy", "equation"})
_SAVER = re.compile(r"__inference__traced_(save|restore)")


def check_graph(path: Path) -> Iterator[str]:
    """Yield what is wrong with a `saved_model.pb`, as words that follow its name."""
    import_tensorflow()
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.framework import op_def_registry

    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as exc:
        yield f"is no SavedModel ({exc})"
        return
    if len(model.meta_graphs) != 1 or not model.meta_graphs[0].HasField("object_graph_def"):
        yield "is no SavedModel of TensorFlow 2: it has no graph of objects"
        return
    meta = model.meta_graphs[0]
    functions = [(function.signature.name, function.node_def) for function in meta.graph_def.library.function]
    names = {name for name, _ in functions}
    run = {name for name in names if not _SAVER.match(name)}
    for name in sorted(name for name in names if op_def_registry.get(name)):
        yield f"holds a function with the name of the operation {name}"
    yield from _objects(meta.object_graph_def, run)
    yield from _operations(meta.graph_def.node, names, NEVER_RUN)
    for name, nodes in functions:
        yield from _operations(nodes, run, frozenset() if name in run else NEVER_RUN)


def _objects(graph: Any, run: Set[str]) -> Iterator[str]:
    """Check what loading makes Python objects of; functions must be those that are looked through as run."""
    for node in graph.nodes:
        kind = node.WhichOneof("kind")
        if kind not in OBJECTS:
            yield f"holds an object of the kind {kind}"
        if kind == "user_object" and node.user_object.identifier not in CLASSES:
            yield f"holds an object of the class {node.user_object.identifier!r}"
        if node.saveable_objects or node.registered_name or node.registered_saver:
            yield "holds an object with its own way of being restored"
        named = {*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name} - {""}
        for function in sorted(named.difference(run)):
            yield f"names the function {function!r}"


def _operations(nodes: Iterable[Any], known: Set[str], never_run: Set[str]) -> Iterator[str]:
    """Check the operations of one graph, which may call the functions that are known to it."""
    from tensorflow.python.framework import op_def_registry

    for node in nodes:
        functions = [value.func.name for value in node.attr.values() if value.HasField("func")]
        functions += [function.name for value in node.attr.values() for function in value.list.func]
        definition = None if node.op in known else op_def_registry.get(node.op)
        if set(functions).difference(known) or (node.op not in known and definition is None):
            yield f"calls {', '.join((node.op, *functions))}, which it may not or which is unknown"
        elif definition and (problem := _problem(node, definition, never_run)):
            yield f"runs the operation {node.op}, which {problem}"


def _problem(node: Any, definition: Any, never_run: Set[str]) -> str:
    """Say what an operation may do beyond computing numbers from numbers."""
    from tensorflow.core.framework.types_pb2 import (
        DT_FLOAT_REF,
        DT_INVALID,
        DT_RESOURCE,
        DT_STRING,
        DT_STRING_REF,
        DT_VARIANT,
    )

    if node.op in never_run:
        return ""
    kinds = _kinds(node, definition)
    if not kinds.isdisjoint({DT_INVALID, DT_STRING, DT_STRING_REF, DT_VARIANT}):
        return "takes or gives other things than numbers"
    if node.op in WITH_VARIABLES:
        return ""
    if definition.is_stateful or DT_RESOURCE in kinds or max(kinds, default=0) >= DT_FLOAT_REF:
        return "has state"
    for attribute in definition.attr:
        free = attribute.type in ("string", "list(string)") and not attribute.HasField("allowed_values")
        if free and attribute.name not in PLAIN_TEXTS:
            return f"has the text {attribute.name!r}"
    return ""


def _kinds(node: Any, definition: Any) -> set[int]:
    """Return the types of what an operation takes and gives; DT_INVALID where it does not say."""
    defaults = {attribute.name: attribute.default_value for attribute in definition.attr}
    kinds: set[int] = set()
    for argument in (*definition.input_arg, *definition.output_arg):
        name = argument.type_attr or argument.type_list_attr
        value = node.attr[name] if name in node.attr else defaults.get(name)
        if argument.type_list_attr:
            kinds.update(value.list.type if value and not value.placeholder else [0])
        else:
            kinds.add(value.type if value else argument.type)
    return kinds
