"""The digest of code: what changes it, and what must not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aver.cache import code
from aver.cache.code import code_digests, code_modules
from aver.cache.step import Step, key_of

PACKAGE = "averlike"


def forget() -> None:
    """A new process would see changed sources; within one, forget what was read."""
    for cached in (code.code_modules, code._tree, code._normalised):
        cached.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return `write(module=source, …)`, which (re)writes modules of the package."""
    folder = tmp_path / "source" / PACKAGE
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setattr(code, "PACKAGE", PACKAGE)

    def write(**modules: str) -> None:
        for name, source in modules.items():
            (folder / f"{name}.py").write_text(source)
        forget()

    forget()
    yield write
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    forget()


BASE = '''"""What it is."""
from averlike.helper import scale

STEP = 3


class Box:
    """A box."""

    def area(self, side):
        """Return the area."""
        return side * side


def compute(params):
    """Return it."""
    return scale(params) * STEP
'''
HELPER = "FACTOR = 2\n\n\ndef scale(value):\n    return value * FACTOR\n"


def digest(write, **modules: str) -> str:
    write(**{"work": BASE, "helper": HELPER, **modules})
    return code_digests("averlike.work")


@pytest.mark.parametrize(
    "modules",
    [
        {"work": BASE.replace("STEP = 3\n", "STEP = 3  # three\n# a comment\n")},
        {"work": BASE.replace('"""What it is."""', '"""Another text."""')},
        {"work": BASE.replace('"""What it is."""\n', "")},
        {"work": BASE.replace('"""Return the area."""', "'''Something\n\n        longer.'''")},
        {"work": BASE.replace('"""A box."""\n', "\n")},
        {"work": BASE.replace("side * side", "(side\n            * side)").replace("\n\n\n", "\n\n\n\n")},
        {"helper": HELPER.replace("FACTOR\n", "FACTOR\n    # done\n")},
        {"helper": '"""Now documented."""\n' + HELPER},
        {"stranger": "VALUE = 1\n"},
    ],
    ids=["comment", "docstring", "no-docstring", "method", "class", "layout", "import-comment", "import-doc", "other"],
)
def test_what_computes_nothing_costs_nothing(write, modules):
    assert digest(write) == digest(write, **modules)


@pytest.mark.parametrize(
    "modules",
    [
        {"work": BASE.replace("STEP = 3", "STEP = 4")},
        {"work": BASE.replace("side * side", "side + side")},
        {"work": BASE.replace("* STEP", "* STEP + 0")},
        {"work": BASE.replace("def compute(params)", "def compute(params, more=1)")},
        {"helper": HELPER.replace("= 2", "= 3")},
        {"helper": HELPER.replace("value * FACTOR", "FACTOR * value")},
    ],
    ids=["constant", "method", "body", "default", "imported-constant", "imported-body"],
)
def test_what_computes_changes_the_digest(write, modules):
    assert digest(write) != digest(write, **modules)


def test_only_a_first_string_is_a_docstring(write):
    assert digest(write, helper=HELPER + "WORD = 'a'\n") != digest(write, helper=HELPER + "WORD = 'b'\n")


@pytest.mark.parametrize(
    "line",
    [
        "from averlike import far",
        "from averlike.far import VALUE",
        "import averlike.far",
        "import averlike.far as other",
        "from . import far",
        "from .far import VALUE",
        "def late():\n    from averlike.far import VALUE\n    return VALUE",
        "try:\n    from averlike import far\nexcept ImportError:\n    far = None",
    ],
)
def test_imports_are_followed_in_every_form_and_over_several_modules(write, line):
    write(far="from averlike import farther\nVALUE = 1\n", farther="DEEP = 1\n", work=line + "\n")
    before = code_digests("averlike.work")
    assert {"averlike.far", "averlike.farther", "averlike.work"} <= set(code_modules("averlike.work"))
    write(farther="DEEP = 2\n")
    assert code_digests("averlike.work") != before


def test_a_module_imported_only_for_type_checking_does_not_count(write):
    guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from averlike.far import VALUE\n"
    write(far="VALUE = 1\n", work=guarded)
    before = code_digests("averlike.work")
    assert code_modules("averlike.work") == ("averlike.work",)
    write(far="VALUE = 2\n")
    assert code_digests("averlike.work") == before


def test_the_other_branch_of_a_type_checking_block_runs_and_counts(write):
    write(far="VALUE = 1\n", work="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n"
          "    from averlike import far\n")  # fmt: skip
    assert "averlike.far" in code_modules("averlike.work")


def test_modules_that_import_each_other_end(write):
    write(one="from averlike import two\n", two="from averlike import one\n")
    assert {"averlike.one", "averlike.two"} <= set(code_modules("averlike.one"))


def test_other_packages_are_named_in_runtime_not_in_the_digest(write):
    write(work="import json\nimport numpy as np\nimport averlikes_not\n")
    assert code_modules("averlike.work") == ("averlike.work",)


def test_a_module_without_source_is_an_error(write):
    with pytest.raises(ModuleNotFoundError, match=r"averlike\.nowhere"):
        code_digests("averlike.nowhere")


@dataclass(frozen=True)
class Params:
    width: int = 3


def test_changed_code_changes_the_key_and_a_comment_does_not(write):
    def key_with(source):
        write(step=source)
        module = importlib.reload(importlib.import_module("averlike.step"))
        return key_of(Step("faces", module.work, Params()).parts({}))

    before = key_with("def work(params, **inputs):\n    return {'a': 1}\n")
    assert key_with("def work(params, **inputs):\n    # one\n    return {'a': 1}\n") == before
    assert key_with("def work(params, **inputs):\n    return {'a': 20}\n") != before
