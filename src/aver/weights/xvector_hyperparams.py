"""Compare speechbrain's `hyperparams.yaml` with the published x-vector, without running any of it.

HyperPyYAML, which reads such files for speechbrain, makes any object and calls any function that they name.  Here a
file is parsed into nodes by PyYAML, `!ref <key>` is looked up, and what the embedding depends on must be what was
published: the network is built from `aver.weights.xvector_model.PUBLISHED`, never from the file.  Whatever else a file
names (the classifier of speakers, its labels, the pretrainer) is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import yaml

from aver.weights.xvector_model import CLASSES, PUBLISHED, class_of

#: The published file has 2 KB.
GREATEST_BYTES = 100_000
#: Tags of plain values.
PLAIN = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "null", "str"))
ACTIVATION = "!name:torch.nn.LeakyReLU"
_REFERENCE = re.compile(r"<(\w+)>")


def differences(path: Path) -> Iterator[str]:
    """Yield in what a file differs from the published x-vector: key, what was found, what was expected."""
    try:
        if path.stat().st_size > GREATEST_BYTES:
            yield f"it is longer than {GREATEST_BYTES} bytes"
            return
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        top = dict(_pairs(root))
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        yield f"it is no YAML that can be read ({' '.join(str(exc).split())[:200]})"
        return
    for name, path_of_class in CLASSES.items():
        node = _followed(top.get(name), top)
        found, expected = node.tag if node else "nothing", f"!new:{path_of_class}"
        if found != expected or not isinstance(node, yaml.MappingNode):
            yield f"{name} is {found[:100]}, not {expected} with named values"
        else:
            yield from _values(name, node, top)


def _values(name: str, node: yaml.Node, top: Mapping[str, yaml.Node]) -> Iterator[str]:
    """Compare the arguments of one object; those that are left out are speechbrain's defaults."""
    defaults = {key: value.default for key, value in signature(class_of(name)).parameters.items()}
    expected = defaults | PUBLISHED[name]
    try:
        given = {key: _value(_followed(value, top)) for key, value in _pairs(node)}
    except (ValueError, LookupError) as exc:  # PyYAML's words for a number that is none
        yield f"{name}: {str(exc)[:200]}"
        return
    for key, value in (defaults | given).items():
        if key not in expected or value != expected[key]:
            wanted = repr(expected[key]) if key in expected else "nothing"
            yield f"{name}.{key} is {str(value)[:100]}, not {wanted}"


def _pairs(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    """Return the keys and values of a mapping.

    Raises:
        ValueError: it is no mapping, or a key is no plain one or comes twice.
    """
    if not isinstance(node, yaml.MappingNode):
        raise ValueError("expected keys and values")
    keys = [key.value if isinstance(key, yaml.ScalarNode) else "" for key, _ in node.value]
    if len(set(keys)) < len(keys):
        raise ValueError("a key comes twice")
    return [(key, value) for key, (_, value) in zip(keys, node.value, strict=True)]


def _followed(node: yaml.Node | None, top: Mapping[str, yaml.Node]) -> yaml.Node | None:
    """Return what a reference to a key at the top stands for; a reference to a reference is none."""
    if node is None or node.tag != "!ref":
        return node
    named = _REFERENCE.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    return top.get(named[1]) if named else None


def _value(node: yaml.Node | None) -> Any:
    """Return a plain value or a list of them; the published activation as its class; anything else as its tag.

    Raises:
        ValueError, LookupError: a number is none.
    """
    if node is None:
        return "a reference to nothing"
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return [part.tag if isinstance(part, yaml.CollectionNode) else _value(part) for part in node.value]
    if node.tag == ACTIVATION and isinstance(node, yaml.ScalarNode) and not node.value:
        return PUBLISHED["embedding_model"]["activation"]
    if isinstance(node, yaml.ScalarNode) and node.tag in PLAIN and len(node.value) < 50:
        return yaml.SafeLoader("").construct_object(node)
    return node.tag
