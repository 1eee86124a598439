"""Layers of a Keras-2 HDF5 file, the format of `save_weights` and `save` before Keras 3.

The file, or its group `model_weights` where a whole model was saved, has the attribute `layer_names` and a group for
each; a group has the attribute `weight_names`, paths below it.  Lists too long for one attribute are cut into numbered
ones.  Only the last part of a weight's path says what it is: `conv1_1/kernel:0`, in older files `conv1_1_W_1:0`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import count
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from aver.errors import WeightsError
from aver.weights.tensors import REMEDY

#: No published file holds more, bytes: a damaged one may declare any number.
MOST_BYTES = 2**31
#: The names of variables in files of Keras 1, and those of Keras 2.
OLD = {"W": "kernel", "b": "bias", "running_mean": "moving_mean", "running_std": "moving_variance"}


def read_layers(path: Path, wanted: Collection[str]) -> dict[str, NDArray[Any]]:
    """Return the variables of the wanted layers that the file has, as `layer/variable`, e.g. `conv1_1/kernel`.

    Variables are `kernel`, `bias`, `gamma`, `beta`, `moving_mean`, `moving_variance`, in Keras' layouts: convolutions
    [height, width, inputs, outputs], dense layers [inputs, outputs].

    Raises:
        WeightsError: it is no HDF5 file of Keras, or what it declares cannot be weights.
    """
    found: dict[str, NDArray[Any]] = {}
    held = 0
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            for layer in _names(root, "layer_names"):
                if layer in wanted:
                    group = root[layer]
                    for name in _names(group, "weight_names"):
                        dataset = group[name]
                        held += _bytes(name, dataset)
                        if held > MOST_BYTES:
                            raise ValueError(f"up to {name} it declares {held} bytes of weights")
                        found[f"{layer}/{_variable(layer, name)}"] = np.asarray(dataset)
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as exc:
        raise WeightsError(f"{path.name} is no weights file of Keras 2 ({exc}). {REMEDY}") from exc
    return found


def _bytes(name: str, dataset: Any) -> int:
    """Return the size of a dataset's numbers, without reading them."""
    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None or dataset.dtype.kind != "f":
        raise TypeError(f"{name} holds no floating-point numbers")
    return int(dataset.nbytes)


def _names(group: Any, attribute: str) -> list[str]:
    """Return a list of names from one attribute, or from numbered ones."""
    if attribute in group.attrs:
        parts = [group.attrs[attribute]]
    else:
        parts = [group.attrs[f"{attribute}0"]]
        for number in count(1):
            if f"{attribute}{number}" not in group.attrs:
                break
            parts.append(group.attrs[f"{attribute}{number}"])
    return [name.decode() if isinstance(name, bytes) else str(name) for part in parts for name in part]


def _variable(layer: str, name: str) -> str:
    """Return which variable a weight's path names.

    Example:
        >>> _variable("conv1_1", "conv1_1/kernel:0"), _variable("conv1_1", "conv1_1/conv1_1_W_1:0")
        ('kernel', 'kernel')
    """
    last = name.rpartition(":")[0] or name
    last = last.removeprefix(f"{layer}_").rpartition("/")[2]
    last = re.sub(r"_\d+$", "", last.removeprefix(layer.rpartition("/")[2] + "_"))
    return OLD.get(last, last)
