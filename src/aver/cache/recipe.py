"""How an object is made: enough to make it again, in words that survive in a file."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from aver.cache.code import code_digests
from aver.cache.objects import FORMAT, Arrays, file_digest
from aver.cache.sealed import unseal
from aver.cache.step import Inline, Input, Source, Step
from aver.outcome import Unusable

#: JSON-ready: format, step, module, function, params_class, classes inside it, params, code (in a cache, not in
#: outs), and per input its digest and, for a file, its path.
Recipe = dict[str, Any]
#: The packages whose functions a recipe may name.  Recipes travel with outs and shared caches; their checksum is no
#: signature, and any other function could do anything.
TRUSTED = {"aver"}


def recipe_of(step: Step, inputs: Mapping[str, Input], root: Path | None = None) -> Recipe | None:
    """Return how a step makes its object from these inputs; None if arrays were handed over, which no recipe holds.

    Args:
        step: the computation.
        inputs: what it reads.
        root: write the paths of files below it relative to it, so that the recipe means the same on every host.
    """
    if any(isinstance(value, Inline) for value in inputs.values()):
        return None
    kind = type(step.params)
    # Recipes in outs hold no code: an out must not change with code that changes no result.
    code = {} if root else {"code": step.fixed_parts["code"]}
    inner = {type(value).__name__: _spelt(type(value)) for value in _inside(step.params)}
    return {
        "format": FORMAT,
        "step": step.name,
        "module": step.function.__module__,
        "function": step.function.__qualname__,
        "params_class": _spelt(kind),
        **({"classes": inner} if inner else {}),
        **code,
        "params": asdict(step.params),
        "inputs": {name: _described(value, root) for name, value in inputs.items()},
    }


def _inside(params: Any) -> list[Any]:
    """Return the dataclass instances among the fields of another, all the way down."""
    found = [value for field in fields(params) if is_dataclass(value := getattr(params, field.name))]
    return found + [deeper for value in found for deeper in _inside(value)]


def _spelt(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _imported(name: str) -> Any:
    """Return a function or class of AVER by `module:name`; recipes come from outside and must not name any others."""
    module, _, word = name.partition(":")
    if module.partition(".")[0] not in TRUSTED:
        raise ValueError(f"its recipe names {name}, which is no part of AVER")
    found = getattr(importlib.import_module(module), word)
    if getattr(found, "__module__", "") != module:
        raise ValueError(f"its recipe names {name}, which is not defined there")
    return found


def _described(value: Input, root: Path | None) -> dict[str, Any]:
    if not isinstance(value, Source):
        return {"digest": value.digest}
    path = value.path if root is None else value.path.relative_to(root)
    return {"digest": value.digest, "path": str(path if root else path.resolve()), "checked": value.checked}


def located(recipe: Recipe, root: Path) -> Recipe:
    """Return a recipe with paths relative to `root` as one with absolute paths."""
    inputs = {
        name: value | {"path": str((root / value["path"]).resolve())} if "path" in value else value
        for name, value in recipe["inputs"].items()
    }
    return recipe | {"inputs": inputs}


def read_recipe(path: Path) -> Recipe | None:
    """Return the recipe in a file; None if it is missing, damaged, or of another format than this AVER's.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        recipe: Recipe = unseal(path.read_bytes())
        return recipe if recipe["format"] == FORMAT else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def obstacle(recipe: Recipe) -> str:
    """Return why an object cannot be made again here (a file is gone, its code changed), or an empty text."""
    paths = (value["path"] for value in recipe["inputs"].values() if "path" in value)
    gone = next((f"{path} is not there" for path in paths if not Path(path).exists()), "")
    return gone or ("" if _same_code(recipe) else f"the code of {recipe['module']} changed")


def _same_code(recipe: Recipe) -> bool:
    try:
        return "code" not in recipe or code_digests(recipe["module"]) == recipe["code"]
    except ImportError:
        return False


def follow(recipe: Recipe, load: Callable[[str], Arrays]) -> Arrays:
    """Make an object again.

    Args:
        recipe: how, with absolute paths.
        load: gives the arrays of an input object.

    Raises:
        Unusable: a file is gone, changed or cannot be decoded.
        Exception: whatever else happens when code or params changed since, or a file cannot be read.
    """
    if recipe["format"] != FORMAT:
        raise ValueError(f"its recipe has format {recipe['format']}, this AVER reads {FORMAT}")
    inputs: dict[str, Path | Arrays] = {}
    for name, value in recipe["inputs"].items():
        if "path" not in value:
            inputs[name] = load(value["digest"])
            continue
        inputs[name] = path = Path(value["path"])
        if not path.exists():
            raise Unusable("missing", f"{path} is not there", lasting=False)
        if value["checked"] and file_digest(path) != value["digest"]:
            raise Unusable("changed", f"{path} is not the file it was", lasting=False)
    function = _imported(f"{recipe['module']}:{recipe['function']}")
    params = TypeAdapter(_imported(recipe["params_class"]))
    # Leaf modules name some classes for the type checker only; here they are needed.
    params.rebuild(_types_namespace={name: _imported(where) for name, where in recipe.get("classes", {}).items()})
    arrays: Arrays = function(params.validate_json(json.dumps(recipe["params"])), **inputs)
    return arrays
