"""ResNet-50 trained on VGGFace2 (Cao et al. 2018): the mean over its last map, 2048 values.

The network is the published one of the VGG group, Oxford: He et al. 2016, table 1, with the stride of a stage in the
first 1 x 1 convolution of its first block, a first convolution padded by 3 on each side, and a first pooling without
padding that rounds up.  (keras-vggface runs the same numbers with another padding of the first convolution, a first
pooling that rounds down, 55 x 55 instead of 56 x 56 values, and another epsilon, so its own rows differ a little.)
Normalisations are folded into the convolutions.  The side is 224 unless told, or any other multiple of 32.

Weights: see `aver.weights.resnet50`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from aver.weights.trunk import RESNET_50, RESNET_BLOCKS

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream, Window

#: Mean of the VGGFace2 training pictures (Cao et al. 2018, released with the models).
MEAN_RGB = (131.0912, 103.8827, 91.4953)
#: The side on which it was trained, pixels.
INPUT_PX = 224


def params_of(stream: Stream, window: Window | None) -> FaceParams:
    """Return the params of a stream."""
    return FaceParams(**faces.from_stream(stream, stream.input_px or INPUT_PX))


@lru_cache(maxsize=1)
def load(path: Path, written: tuple[int, int, int], params: FaceParams) -> Network:
    """Return the network with the weights in a file.

    `written` are the file's marks: a file that was written anew under the same path is read anew.
    """
    state, tensors = load_state(path), {}
    for name, *_ in RESNET_50:
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = folded(state, name, f"{name}_bn")
    return partial(forward, faces.placed(tensors, params))


def forward(tensors: Mapping[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Run the network on pictures [B, 3, px, px]: [B, 2048]."""

    def layer(name: str, x: torch.Tensor, **how: int) -> torch.Tensor:
        return functional.conv2d(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], **how)

    x = torch.relu_(layer("conv1_7x7_s2", x, stride=2, padding=3))
    x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
    for stage, blocks in enumerate(RESNET_BLOCKS, start=2):
        for block in range(1, blocks + 1):
            name, stride = f"conv{stage}_{block}", 2 if block == 1 and stage > 2 else 1
            y = torch.relu_(layer(f"{name}_1x1_reduce", x, stride=stride))
            y = torch.relu_(layer(f"{name}_3x3", y, padding=1))
            y = layer(f"{name}_1x1_increase", y)
            x = torch.relu_(y.add_(layer(f"{name}_1x1_proj", x, stride=stride) if block == 1 else x))
    return x.mean((2, 3), dtype=torch.float32)


def embed(params: FaceParams, crops: Arrays, weights: Path) -> Arrays:
    """Return one row per crop of a clip, with the crop's time and face status (see `aver.faces.crop.cut_out`)."""
    return next(embed_together([params], [{"crops": crops, "weights": weights}]))[1]


def embed_together(params: Sequence[FaceParams], clips: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Arrays]]:
    """Embed several clips; see `aver.features.crops.embed_together`."""
    return faces.embed_together(params[0], clips, 2048, MEAN_RGB, "resnet50.pth", load)


ENCODER = Encoder(
    name="resnet50",
    params=params_of,
    row_shape=lambda params: (2048,),
    embed=embed,
    runtime=lambda params: torch_runtime(params.device, params.precision),
    embed_together=embed_together,
)
