"""A throw-away package whose source the tests change, in the place of `aver` for the code digest."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aver.cache import code

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
