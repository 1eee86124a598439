"""Which device a computation runs on, and what of it belongs into a key."""

from __future__ import annotations

import torch


def resolve(device: str) -> str:
    """Return `cpu` or `cuda` for `auto | cpu | cuda`; `auto` takes CUDA where there is one."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def torch_runtime(device: str) -> dict[str, str]:
    """Return the runtime part of a key: torch's version, the class of the device, fp32, one thread."""
    return {
        "torch": torch.__version__.partition("+")[0],
        "device": resolve(device),
        "precision": "fp32",
        "threads": "1",
    }
