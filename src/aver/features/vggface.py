"""VGG-Face (Parkhi et al. 2015): VGG-16 on faces, in three layers.

- `trunk`: the last max-pooling, channels first when flattened.  A side of 64 gives 2 x 2 x 512 = 2048 values (system A,
  Salas-Cáceres et al. 2024, §4.1); any multiple of 32 will do.
- `pooled`: the mean over the map of that pooling, 512 values; keras-vggface's `pooling='avg'`.  Side 224 unless told.
- `fc7`: the 4096 values behind the second fully connected layer and its ReLU, from a side of exactly 224: what DeepFace
  calls VGG-Face (which also scales them to unit length: `normalise`).

Weights: see `aver.weights.vggface`.
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
from aver.weights.state import load_state
from aver.weights.trunk import BLOCKS, FULLY_CONNECTED, TRUNK

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream, Window

#: Mean of the VGG-Face training pictures (Parkhi et al. 2015, released with the model).
MEAN_RGB = (129.1863, 104.7624, 93.5940)
#: The side that each layer reads unless told, pixels.
INPUT_PX = {"trunk": 64, "pooled": 224, "fc7": 224}
#: The blocks whose maps are widest, 13 MB each for a picture of 224 x 224.  On a CPU they run on a few pictures at a
#: time, whose maps stay in its caches: the network is 1.12 times as fast so, and the bits are the same.
WIDE, AT_A_TIME = range(1, 3), 2
#: Five poolings halve the side: the trunk reads multiples of this, pixels.
STEP_PX = 32


def params_of(stream: Stream, window: Window | None) -> FaceParams:
    """Return the params of a stream."""
    assert stream.layer
    return FaceParams(**faces.from_stream(stream, stream.input_px or INPUT_PX[stream.layer]))


def row_shape(params: FaceParams) -> tuple[int]:
    """Return the shape of one row."""
    return ({"trunk": 512 * (params.input_px // STEP_PX) ** 2, "pooled": 512, "fc7": 4096}[params.layer],)


@lru_cache(maxsize=1)
def load(path: Path, written: tuple[int, int, int], params: FaceParams) -> Network:
    """Return the network with the weights in a file.

    `written` are the file's marks: a file that was written anew under the same path is read anew.

    Raises:
        ValueError: fc7 is wanted and the weights do not hold it.
    """
    state = load_state(path)
    wanted = [name for name, *_ in TRUNK]
    if params.layer == "fc7":
        wanted += [name for name, _ in FULLY_CONNECTED]
        if "fc6.weight" not in state:
            raise ValueError(
                f"{path} holds the trunk alone, and layer fc7 needs fc6 and fc7: set "
                "weights.vggface.layers to all in params.yaml and run `dvc repro weights`"
            )
    tensors = {f"{name}.{part}": state[f"{name}.{part}"] for name in wanted for part in ("weight", "bias")}
    for name in wanted[len(TRUNK) :]:
        tensors[f"{name}.weight"] = tensors[f"{name}.weight"].flatten(1)
    return partial(forward, params.layer, faces.placed(tensors, params))


def forward(layer: str, tensors: Mapping[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Run the network on pictures [B, 3, px, px] up to a layer: [B, *row_shape]."""

    def run(x: torch.Tensor, blocks: range) -> torch.Tensor:
        for block in blocks:
            for number in range(1, len(BLOCKS[block - 1]) + 1):
                name = f"conv{block}_{number}"
                x = torch.relu_(functional.conv2d(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], padding=1))
            x = functional.max_pool2d(x, 2)
        return x

    if x.device.type == "cpu" and x.shape[-1] > faces.SMALL_PX:
        x = torch.cat([run(part, WIDE) for part in torch.split(x, AT_A_TIME)])
    else:
        x = run(x, WIDE)
    x = run(x, range(WIDE.stop, len(BLOCKS) + 1))
    if layer == "pooled":
        return x.mean((2, 3), dtype=torch.float32)
    x = x.flatten(1)
    for name, _ in FULLY_CONNECTED if layer == "fc7" else ():
        # A convolution over the whole map is this product; its columns run over channels, then height and width.
        x = torch.relu_(functional.linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"]))
    return x


def embed(params: FaceParams, crops: Arrays, weights: Path) -> Arrays:
    """Return one row per crop of a clip, with the crop's time and face status (see `aver.faces.crop.cut_out`)."""
    return next(embed_together([params], [{"crops": crops, "weights": weights}]))[1]


def embed_together(params: Sequence[FaceParams], clips: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Arrays]]:
    """Embed several clips; see `aver.features.crops.embed_together`."""
    return faces.embed_together(params[0], clips, row_shape(params[0])[0], MEAN_RGB, "vggface.pth", load)


ENCODER = Encoder(
    name="vggface",
    params=params_of,
    row_shape=row_shape,
    embed=embed,
    runtime=lambda params: torch_runtime(params.device, params.precision),
    embed_together=embed_together,
)
