"""VGG-Face: the VGG-16 trunk on 64 x 64 crops, 2048-d per crop.

System A (Salas-Cáceres et al. 2024, §4.1) embeds faces with VGG-Face, VGG-16 backbone, 2048 values: the trunk's five
max-poolings take 64 x 64 to 2 x 2 x 512.  Layer names follow the published PyTorch state dict (`conv1_1` … `conv5_3`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aver.device import prepare, torch_runtime
from aver.features.encoder import Encoder
from aver.weights.trunk import BLOCKS, TRUNK

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: Mean of the VGG-Face training pictures, RGB (Parkhi et al. 2015, released with the model).
MEAN_RGB = (129.1863, 104.7624, 93.5940)
#: The side that the trunk takes to 2048 values, pixels.
CROP_PX = 64
#: Crops per forward pass: as many passes of the first shape as fit, the rest in the second, padded.  Shapes are fixed,
#: so a row depends on its place in its clip only, and at most three of a clip's crops are padding.
BATCHES = (16, 4)


@dataclass(frozen=True)
class VggFaceParams:
    """What decides the bytes: `rgb01` (RGB / 255, system A's public code) or `bgr_mean` (BGR minus the mean)."""

    scaling: str
    device: str


class VggFace(nn.Module):
    """The trunk: [B, 3, 64, 64] float32 -> [B, 2048] float32, channels first when flattened."""

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        super().__init__()
        for name, inputs, outputs in TRUNK:
            self.add_module(name, nn.Conv2d(inputs, outputs, 3, padding=1))
        self.load_state_dict({key: state[key] for key in self.state_dict()})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run the trunk."""
        for block, widths in enumerate(BLOCKS, start=1):
            for number in range(1, len(widths) + 1):
                x = torch.relu_(self.get_submodule(f"conv{block}_{number}")(x))
            x = nn.functional.max_pool2d(x, 2)
        return x.flatten(1)


@lru_cache(maxsize=1)
def load(weights: Path, device: str) -> VggFace:
    """Return the trunk with the weights in a folder; fully connected layers in the file are left aside."""
    state = torch.load(weights / "vgg_face_weights.pth", map_location="cpu", weights_only=True)
    model = VggFace(state).eval().to(device)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def scale(crops: NDArray[np.uint8], scaling: str) -> NDArray[np.float32]:
    """Return crops [B, H, W, 3] uint8 RGB as the network wants them, [B, 3, H, W] float32."""
    values: NDArray[np.float32] = crops.astype(np.float32)
    values = values / np.float32(255) if scaling == "rgb01" else (values - np.array(MEAN_RGB, np.float32))[..., ::-1]
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def encode(params: VggFaceParams, crops: NDArray[np.uint8], weights: Path) -> NDArray[np.float32]:
    """Return the embedding [N, 2048] of crops [N, S, S, 3] uint8 RGB; other sides than 64 are resampled to it."""
    device = prepare(params.device)
    model = load(weights, device)
    rows = np.zeros((len(crops), 2048), np.float32)
    with torch.inference_mode():
        for start, end, shape in batches(len(crops)):
            batch = np.zeros((shape, *crops.shape[1:]), np.uint8)
            batch[: end - start] = crops[start:end]
            x = torch.from_numpy(scale(batch, params.scaling)).to(device, memory_format=torch.channels_last)
            rows[start:end] = model(_resampled(x))[: end - start].cpu().numpy()
    return rows


def _resampled(x: torch.Tensor) -> torch.Tensor:
    """Return [B, 3, S, S] at the trunk's side: means of areas when it shrinks, bilinear when it grows."""
    if x.shape[-1] == CROP_PX:
        return x
    mode = "area" if x.shape[-1] > CROP_PX else "bilinear"
    return nn.functional.interpolate(x, (CROP_PX, CROP_PX), mode=mode)


def batches(count: int) -> Iterator[tuple[int, int, int]]:
    """Yield (first crop, end, crops in the forward pass) for `count` crops.

    Example:
        >>> list(batches(22))
        [(0, 16, 16), (16, 20, 4), (20, 22, 4)]
    """
    start = 0
    for shape in BATCHES:
        while count - start >= shape or (start < count and shape == BATCHES[-1]):
            yield start, min(start + shape, count), shape
            start += shape


def embed(params: VggFaceParams, crops: Arrays, weights: Path) -> Arrays:
    """Return one row per crop of a clip, with the crop's time and face status (see `aver.faces.crop.cut_out`)."""
    status = crops["status"][crops["status"] > 0]
    return {
        "rows": encode(params, crops["crops"], weights),
        "times_s": crops["times_s"],
        "status": np.where(status == 1, "detected", "interpolated"),
    }


ENCODER = Encoder(
    name="vggface",
    reads="faces",
    row_shape=(2048,),
    params=lambda stream: VggFaceParams(stream.scaling or "rgb01", stream.device),
    embed=embed,
    runtime=lambda params: torch_runtime(params.device),
)
