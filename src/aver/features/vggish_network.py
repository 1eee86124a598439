"""VGGish's network in PyTorch, with the published variables (`aver.weights.vggish`).

TensorFlow's `SAME` poolings of 2 x 2 are plain ones here: frames come in multiples of 8 (16 at the last pooling, which
only a patch of 96 reaches), so no side is ever odd.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from aver.device import DTYPES
from aver.features.log_mel import LogMel
from aver.weights.state import load_state, marks
from aver.weights.vggish_layers import CONNECTED, CONVOLUTIONS, POOLED


def load(weights: Path, layer: str, pooling: str | None, precision: str, device: str) -> Callable[[Tensor], Tensor]:
    """Return the network in a folder with `vggish.pth`: sound [N, S] float32 on the device to [N, values] float32.

    Raises:
        ValueError: the file lacks the fully connected layers that the embedding needs.
    """
    return _load(weights, layer, pooling, precision, device, marks(weights / "vggish.pth"))


@lru_cache(maxsize=1)
def _load(
    weights: Path, layer: str, pooling: str | None, precision: str, device: str, found: tuple[int, int, int]
) -> Callable[[Tensor], Tensor]:
    state = load_state(weights / "vggish.pth")
    connected = CONNECTED if layer == "embedding" else ()
    if not all(f"{name}.weight" in state for name in connected):
        raise ValueError(f"{weights / 'vggish.pth'} has no fully connected layers: set weights.vggish.layers to 'all'")
    tensors = {
        f"{name}.{kind}": _placed(state[f"{name}.{kind}"], DTYPES[precision], device)
        for name in (*(name for name, _, _ in CONVOLUTIONS), *connected)
        for kind in ("weight", "bias")
    }
    front = LogMel().to(device)

    def forward(sound: Tensor) -> Tensor:
        with torch.inference_mode():
            x = front(sound)[:, None].to(DTYPES[precision], memory_format=torch.channels_last)
            last = last_map(x, tensors)
            if layer == "embedding":
                return embedding(last, tensors).float()
            return last.float().amax((2, 3)) if pooling == "max" else last.float().mean((2, 3))

    return forward


def last_map(x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Return the last map before its pooling, [N, 512, frames / 8, 8], of patches [N, 1, frames, 64]."""
    for name, _, _ in CONVOLUTIONS:
        x = functional.conv2d(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], padding=1).relu_()
        if name in POOLED[:-1]:
            x = functional.max_pool2d(x, 2)
    return x


def embedding(last: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Return the output [N, 128] from the last map of patches of 96 frames."""
    x = functional.max_pool2d(last, 2).permute(0, 2, 3, 1).flatten(1)  # in the order of the columns of fc1_1
    for name in CONNECTED:
        x = functional.linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])
        if name != CONNECTED[-1]:
            x = x.relu_()
    return x


def _placed(tensor: Tensor, dtype: torch.dtype, device: str) -> Tensor:
    tensor = tensor.to(device, dtype, copy=True)  # what was read is a map of the file
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
