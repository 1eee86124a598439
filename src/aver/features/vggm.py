"""VGG-M trained on facial expressions: its last convolution, pooled, 512 values (system B, MATER).

The network is VGG-M (Chatfield et al. 2014, table 1) with batch normalisation, trained on FER by the VGG group, Oxford
(Albanie & Vedaldi 2016).  MATER feeds faces of 96 x 96 and means over the map of `conv5` behind its ReLU, 5 x 5 there.
How the map becomes 512 values is not published; `pooling` is `mean` or `max` over it.  Paddings and the rounding of the
poolings are those of the published model; normalisations are folded into the convolutions.

Weights: see `aver.weights.vggm`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from aver.device import torch_runtime
from aver.features import crops as faces
from aver.features.crops import FaceParams, Network
from aver.features.encoder import Encoder
from aver.features.fold import folded
from aver.weights.state import load_state
from aver.weights.trunk import VGG_M

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream, Window

#: The mean that the published model takes off pictures of 0 to 255; it divides by nothing.
MEAN_RGB = (131.45376586914062, 103.98748016357422, 91.46234893798828)
#: MATER's side, pixels.
INPUT_PX = 96


@dataclass(frozen=True)
class VggMParams(FaceParams):
    """What decides the bytes: see `FaceParams`; `pooling` is `mean | max`."""

    pooling: str


def params_of(stream: Stream, window: Window | None) -> VggMParams:
    """Return the params of a stream."""
    assert stream.pooling
    return VggMParams(**faces.from_stream(stream, stream.input_px or INPUT_PX), pooling=stream.pooling)


@lru_cache(maxsize=1)
def load(path: Path, written: tuple[int, int, int], params: VggMParams) -> Network:
    """Return the network with the weights in a file.

    `written` are the file's marks: a file that was written anew under the same path is read anew.
    """
    state, tensors = load_state(path), {}
    for number, (name, *_) in enumerate(VGG_M, start=1):
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = folded(state, name, f"bn{number}")
    return partial(forward, params.pooling, faces.placed(tensors, params))


def forward(pooling: str, tensors: Mapping[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Run the network on pictures [B, 3, px, px]: [B, 512]."""

    def layer(name: str, x: torch.Tensor, **how: int) -> torch.Tensor:
        return torch.relu_(functional.conv2d(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], **how))

    x = functional.max_pool2d(layer("conv1", x, stride=2), 3, 2)
    x = functional.max_pool2d(layer("conv2", x, stride=2, padding=1), 3, 2, ceil_mode=True)
    for name in ("conv3", "conv4", "conv5"):
        x = layer(name, x, padding=1)
    return x.amax((2, 3)) if pooling == "max" else x.mean((2, 3), dtype=torch.float32)


def embed(params: VggMParams, crops: Arrays, weights: Path) -> Arrays:
    """Return one row per crop of a clip, with the crop's time and face status (see `aver.faces.crop.cut_out`)."""
    return next(embed_together([params], [{"crops": crops, "weights": weights}]))[1]


def embed_together(params: Sequence[VggMParams], clips: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Arrays]]:
    """Embed several clips; see `aver.features.crops.embed_together`."""
    return faces.embed_together(params[0], clips, 512, MEAN_RGB, "vggm.pth", load)


ENCODER = Encoder(
    name="vggm",
    params=params_of,
    row_shape=lambda params: (512,),
    embed=embed,
    runtime=lambda params: torch_runtime(params.device, params.precision),
    embed_together=embed_together,
)
