"""Published files: which one is there, its tensors by name, and each of them checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from aver.errors import WeightsError
from aver.weights.state import load_state

REMEDY = (
    "Download the published file again, by the address that `aver weights` shows, or set the source to 'seeded' in "
    "params.yaml."
)
#: What data-parallel training puts before every name.
PREFIX = "module."


def file_of(found: Path, names: Sequence[str]) -> Path:
    """Return the first of these files that lies in the folder `found`.

    Raises:
        WeightsError: none does.
    """
    for name in names:
        if (found / name).is_file():
            return found / name
    raise WeightsError(f"{found} holds none of {', '.join(names)}. {REMEDY}")


def read_torch(path: Path) -> dict[str, Any]:
    """Return the state dict in a torch file, taken out of a `state_dict` entry and of data-parallel names.

    Raises:
        WeightsError: the file holds no state dict.
    """
    state = load_state(path)
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise WeightsError(f"{path.name} holds no state dict, but {type(state).__name__}. {REMEDY}")
    cut = len(PREFIX) if state and all(name.startswith(PREFIX) for name in state) else 0
    return {name[cut:]: value for name, value in state.items()}


def take(path: Path, tensors: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Return a tensor or array of a file as a float32 tensor.

    Args:
        path: the file, for the message.
        tensors: what was found in it.
        name: the tensor's name there.
        shape: the shape that it must have there.

    Raises:
        WeightsError: it is missing, no tensor of numbers, or has another shape.
    """
    value = tensors.get(name)
    if value is None:
        known = ", ".join(list(tensors)[:8]) + (" …" if len(tensors) > 8 else "")
        raise WeightsError(f"{path.name} holds no {name} of shape {shape}. It holds: {known or 'nothing'}. {REMEDY}")
    if tuple(getattr(value, "shape", ())) != shape:
        is_what = f"shape {tuple(value.shape)}" if hasattr(value, "shape") else f"type {type(value).__name__}"
        raise WeightsError(f"{path.name}: {name} has {is_what}, expected shape {shape}. {REMEDY}")
    return torch.as_tensor(value).detach().to(torch.float32)
