"""The digests of the code that computes a result.

They cover the module of the compute function and, closed over imports, every `aver` module that one needs.  Each is
reduced to `ast.unparse` of its syntax tree without docstrings, so a comment, a docstring or white space costs nothing
and a changed line recomputes exactly what depends on it.  Imports under `if TYPE_CHECKING:` do not count: they compute
nothing.  This is why compute modules must stay leaves (`tests/test_conventions.py` keeps them so).
"""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import TypeVar

PACKAGE = "aver"
Documented = TypeVar("Documented", ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_digests(module: str) -> dict[str, str]:
    """Return the sha256 (hex) of each `aver` module that `module` computes with, itself included, by name."""
    return {name: hashlib.sha256(_normalised(name).encode()).hexdigest() for name in code_modules(module)}


@lru_cache(maxsize=256)
def code_modules(module: str) -> tuple[str, ...]:
    """Return the sorted names of the `aver` modules that `module` needs, itself included."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(_imports(name))
    return tuple(sorted(seen))


@lru_cache(maxsize=256)
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))


def _file(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source file for module {module}", name=module)
    return Path(spec.origin)


@lru_cache(maxsize=256)
def _normalised(module: str) -> str:
    return ast.unparse(_Computing().visit(ast.parse(_file(module).read_text(encoding="utf-8"))))


class _Computing(ast.NodeTransformer):
    def _strip(self, node: Documented) -> Documented:
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Leave out `if TYPE_CHECKING:` bodies: they compute nothing."""
        self.generic_visit(node)
        return (node.orelse or ast.Pass()) if _for_types(node) else node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _strip  # noqa: N815


def _imports(module: str) -> set[str]:
    """Return the `aver` modules that `module` imports anywhere but under `if TYPE_CHECKING:`."""
    package = module if _file(module).name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in _running(_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            found.add(base)
            # `from aver.media import probe` names a module, `from aver.clock import exact` a function.
            found.update(f"{base}.{alias.name}" for alias in node.names if _is_module(f"{base}.{alias.name}"))
    return {name for name in found if name == PACKAGE or name.startswith(PACKAGE + ".")}


def _is_module(name: str) -> bool:
    if not name.startswith(PACKAGE + "."):
        return False
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _running(node: ast.AST) -> list[ast.AST]:
    """Return all nodes below `node` that can run, leaving out `if TYPE_CHECKING:` bodies."""
    nodes: list[ast.AST] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _for_types(child):
            for other in child.orelse:
                nodes.extend([other, *_running(other)])
            continue
        nodes.extend([child, *_running(child)])
    return nodes


def _for_types(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
