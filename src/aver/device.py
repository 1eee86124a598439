"""Which device a computation runs on, and what of it belongs into a key."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

#: Numbers in a network's weights and between its layers, by the name of the precision; rows are float32 always.
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def resolve(device: str) -> Literal["cpu", "cuda"]:
    """Return `cpu` or `cuda` for `auto | cpu | cuda`; `auto` takes CUDA where there is one."""
    cuda = torch.cuda.is_available() if device == "auto" else device == "cuda"
    return "cuda" if cuda else "cpu"


def torch_runtime(device: str, precision: str = "fp32") -> dict[str, str]:
    """Return the runtime part of a key: torch's version, the class of the device, the precision, one thread.

    Args:
        device: `auto | cpu | cuda`.
        precision: of the products, `fp32` or `bf16`.
    """
    return {
        "torch": torch.__version__.partition("+")[0],
        "device": resolve(device),
        "precision": precision,
        "threads": "1",
    }


def training_precision(device: str) -> str:
    """Return `bf16` where training computes its products in bfloat16 (see `mixed_precision`), else `fp32`."""
    return "bf16" if _mixes(resolve(device)) else "fp32"


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
