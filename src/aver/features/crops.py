"""From the crops of clips to the rows of a face network: scaling, resampling, fixed batches.

The first layer of every network reads red, green, blue (see `aver.weights.vggface`).  What a scaling hands over:

- `own`: R, G, B of 0 to 255, each minus the network's mean of that channel: what the network was trained with.
- `rgb01`: R, G, B divided by 255.  System A's public code feeds VGG-Face so.
- `bgr01`: B, G, R divided by 255.  DeepFace feeds VGG-Face so.

Crops of another side than the network's are resampled first, as float32 (`aver.features.resample`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from aver.device import DTYPES, prepare
from aver.features.batches import stream
from aver.features.resample import resampled
from aver.features.unit_length import unit_length
from aver.weights.state import marks

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream

#: Crops per forward pass, by device, for pictures up to `SMALL_PX` and for larger ones.  On a CPU 8 to 32 run equally
#: fast; 16 read VGG-Face's fc6, 0.4 GB, seldom enough.  A GPU wants many more to be busy.
BATCH = {"cpu": (16, 16), "cuda": (256, 64)}
SMALL_PX = 128

#: A network ready to run: pictures [B, 3, px, px] to rows [B, width].
Network = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class FaceParams:
    """What decides the bytes of a face encoder's rows.

    Args:
        layer: whose output a row is.
        input_px: side of the pictures that the network reads.
        scaling: `own | rgb01 | bgr01`.
        normalise: rows are scaled to unit length.
        precision: `fp32 | bf16`, of weights and activations.
        device: `cpu | cuda`.
    """

    layer: str
    input_px: int
    scaling: str
    normalise: bool
    precision: str
    device: str


def from_stream(stream: Stream, input_px: int) -> dict[str, Any]:
    """Return the fields of `FaceParams` for a settled stream whose network reads pictures of `input_px`."""
    return {
        "layer": stream.layer,
        "input_px": input_px,
        "scaling": stream.scaling,
        "normalise": stream.normalise,
        "precision": stream.precision,
        "device": stream.device,
    }


def embed_together(
    params: FaceParams,
    clips: Iterable[Mapping[str, Any]],
    width: int,
    mean_rgb: tuple[float, float, float],
    file: str,
    load: Callable[[Path, tuple[int, int, int], Any], Network],
) -> Iterator[tuple[int, Arrays]]:
    """Embed several clips, whose crops share forward passes (see `aver.features.batches`).

    Args:
        params: of all of them.
        clips: of each, `crops`, what `aver.faces.crop.cut_out` gave, and `weights`, a folder; read once, in order.
        width: values per row.
        mean_rgb: the mean that the network takes off each channel.
        file: name of the network's file in the folder.
        load: returns the network of a file with these marks (`aver.weights.state.marks`); it keeps the last one itself.

    Yields:
        A clip's place, and one row per crop with its time and face status.
    """
    path = Path()

    def faces() -> Iterator[tuple[NDArray[np.uint8], tuple[NDArray[np.float64], NDArray[np.str_]]]]:
        nonlocal path
        for given in clips:
            found, path = given["crops"], given["weights"] / file
            status = found["status"][found["status"] > 0]
            yield found["crops"], (found["times_s"], np.where(status == 1, "detected", "interpolated"))
            del given, found  # else the clip would be held while the next one is made

    def rows_of(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            network = load(path, marks(path), params)
            rows = network(pictures(params, crops, mean_rgb)).float().cpu().numpy()
        return unit_length(rows) if params.normalise else rows

    prepare(params.device)
    size = BATCH[params.device][params.input_px > SMALL_PX]
    for place, rows, (times_s, status) in stream(faces(), size, (width,), rows_of):
        yield place, {"rows": rows, "times_s": times_s, "status": status}


def pictures(params: FaceParams, crops: NDArray[np.uint8], mean_rgb: tuple[float, float, float]) -> torch.Tensor:
    """Return crops [B, S, S, 3] uint8 RGB as the network reads them, [B, 3, px, px], channels last in memory."""
    x = torch.from_numpy(crops).to(params.device).permute(0, 3, 1, 2).float()
    x = resampled(x, params.input_px)
    if params.scaling == "own":
        x = x.sub_(torch.tensor(mean_rgb, device=x.device)[:, None, None])
    else:
        x = (x.flip(1) if params.scaling == "bgr01" else x).div_(255)
    return x.to(DTYPES[params.precision], memory_format=torch.channels_last)


def placed(tensors: Mapping[str, torch.Tensor], params: FaceParams) -> dict[str, torch.Tensor]:
    """Return copies of a network's tensors where and in the precision in which it runs, convolutions channels last.

    Copies, because a tensor that is mapped from a file would change when that file is written again.
    """
    found = {name: value.to(params.device, DTYPES[params.precision], copy=True) for name, value in tensors.items()}
    return {
        name: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value
        for name, value in found.items()
    }
