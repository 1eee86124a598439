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


def prepare(device: str) -> str:
    """Return the resolved device after making torch's results on it repeatable and what `torch_runtime` says.

    One thread: workers share the cores already.  No TF32: a key that says fp32 means it.
    """
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    return resolve(device)
