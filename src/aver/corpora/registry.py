"""The corpus adapters by name.  Adding one is one file and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from aver.corpora.clip import Adapter
from aver.params.file import known

ADAPTERS = {
    "synthetic": "aver.corpora.synthetic",
    "ravdess": "aver.corpora.ravdess",
    "folder": "aver.corpora.folder",
}


def get_adapter(name: str) -> Adapter:
    """Return an adapter by name.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("corpus adapter", name, list(ADAPTERS))
    return cast(Adapter, import_module(ADAPTERS[name]))
