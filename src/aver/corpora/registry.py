"""Corpus adapters by name (`aver.params.names.ADAPTERS`)."""

from __future__ import annotations

from typing import cast

from aver.corpora.clip import Adapter
from aver.params.names import ADAPTERS, known, module_of


def get_adapter(name: str) -> Adapter:
    """Return an adapter by name.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("corpus adapter", name, ADAPTERS)
    return cast(Adapter, module_of("corpora", name))
