"""Reducers by name (`aver.params.names.REDUCERS`)."""

from __future__ import annotations

from aver.params.names import REDUCERS, known, module_of
from aver.reducers.reducer import Reducer


def get_reducer(name: str) -> Reducer:
    """Return a reducer by name.

    Raises:
        ParamsError: the name is not known; lists the known ones.
    """
    known("reducer", name, REDUCERS)
    reducer: Reducer = module_of("reducers", name).REDUCER
    return reducer
