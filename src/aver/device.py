"""Which device a computation runs on, and what of it belongs into a key."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def resolve(device: str) -> str:
    """Return `cpu` or `cuda` for `auto | cpu | cuda`; `auto` takes CUDA where there is one."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def torch_runtime(device: str, *, mixed: bool = False) -> dict[str, str]:
    """Return the runtime part of a key: torch's version, the class of the device, the precision, one thread.

    Args:
        device: `auto | cpu | cuda`.
        mixed: products are computed in `mixed_precision`.
    """
    return {
        "torch": torch.__version__.partition("+")[0],
        "device": resolve(device),
        "precision": "bf16" if mixed and _mixes(resolve(device)) else "fp32",
        "threads": "1",
    }


def mixed_precision(device: torch.device) -> AbstractContextManager[None]:
    """Return a context of mixed precision: bfloat16 products on CUDA devices that have them, nothing elsewhere.

    bfloat16 has the range of float32, so no loss has to be scaled, and runs that train together cannot disturb each
    other by a common scale.
    """
    return torch.autocast("cuda", torch.bfloat16) if _mixes(device.type) else nullcontext()


def _mixes(device: str) -> bool:
    return device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def prepare(device: str) -> str:
    """Return the resolved device after making torch's results on it repeatable and what `torch_runtime` says.

    One thread: workers share the cores already.  No TF32: a key that says fp32 means it.
    """
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    return resolve(device)
