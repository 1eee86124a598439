"""Published files: the one that is there, its tensors by name, and each of them checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aver.errors import WeightsError
from aver.weights.state import load_state

REMEDY = (
    "Bring the published file again (`aver weights NAME` tells where from), or set the source to 'seeded' in "
    "params.yaml."
)
#: What data-parallel training puts before every name.
PREFIX = "module."
#: What the numbers of a tensor in a torch file may be; all become float32.
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
#: How PyTorch and Keras call what cannot be negative.
VARIANCES = ("running_var", "moving_variance")


def file_in(found: Path) -> Path:
    """Return the one file of tensors, `.pth` or `.h5`, in a folder with the published files of one release."""
    (path,) = (path for path in found.iterdir() if path.suffix in (".pth", ".h5"))
    return path


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
    """Return a tensor or array of a file as a float32 tensor of its own memory, in the order of its axes.

    So equal numbers are saved as equal bytes, whatever they were views of.

    Args:
        path: the file, for the message.
        tensors: what was found in it.
        name: the tensor's name there.
        shape: the shape that it must have there.

    Raises:
        WeightsError: it is missing, no plain tensor of floating-point numbers or of another shape, or it holds numbers
            that are not finite, or negative variances.
    """
    value = tensors.get(name)
    if value is None:
        known = ", ".join(list(tensors)[:8]) + (" …" if len(tensors) > 8 else "")
        raise WeightsError(f"{path.name} holds no {name} of shape {shape}. It holds: {known or 'nothing'}. {REMEDY}")
    fault = _misfit(value, shape)
    if not fault:
        if isinstance(value, np.ndarray):
            with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
                value = torch.from_numpy(np.ascontiguousarray(value, np.float32))
        value = packed(value.detach().to(torch.float32))
        if not value.isfinite().all():
            fault = "holds numbers that are not finite in float32"
        elif name.endswith(VARIANCES) and (value < 0).any():
            fault = "holds negative variances"
    if fault:
        raise WeightsError(f"{path.name}: {name} {fault}, expected shape {shape} of finite numbers. {REMEDY}")
    return value


def packed(value: torch.Tensor) -> torch.Tensor:
    """Return a copy with memory of its own, its numbers in the order of its axes."""
    return value.clone(memory_format=torch.contiguous_format)


def _misfit(value: Any, shape: tuple[int, ...]) -> str:
    """Return in which way something is no plain array of floating-point numbers of a shape; "" if it is one."""
    if isinstance(value, torch.Tensor):
        kind = f"is {'nested' if value.is_nested else value.layout}, {value.dtype}, on {value.device}"
        strided = not value.is_nested and value.layout is torch.strided
        plain = strided and value.dtype in FLOATS and value.device.type == "cpu"
    elif isinstance(value, np.ndarray):
        kind, plain = f"is an array of {value.dtype}", value.dtype.kind == "f"
    else:
        kind, plain = f"has type {type(value).__name__}", False
    if plain:
        kind = "" if tuple(value.shape) == shape else f"has shape {tuple(value.shape)}"
    return kind
