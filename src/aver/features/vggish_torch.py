"""VGGish (Hershey et al. 2017) in PyTorch, with the published variables, for windows from 80 ms on.

- `conv4`: the map [frames / 8, 8, 512] after the last convolution's ReLU, before the last pooling, pooled over time and
  bands (`mean | max`) to 512 values; for windows of 0.25, 0.5 and 0.96 s and whatever lies between (`log_mel`).
- `embedding`: the output of the last layer, 128 values; for patches of 96 frames only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from aver.device import prepare, torch_runtime
from aver.features.batches import stream as stream_batches
from aver.features.encoder import Encoder
from aver.features.log_mel import frames_of, samples_of, samples_taken
from aver.features.unit_length import unit_length
from aver.features.vggish_network import load
from aver.features.windows_of_sound import equal_windows

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream, Window

#: Patches per forward pass: fast on one core without much waste on a few patches; a GPU wants more.
BATCH = {"cpu": 8, "cuda": 256}
VALUES = {"conv4": 512, "embedding": 128}


@dataclass(frozen=True)
class VggishTorchParams:
    """What decides the bytes.

    Args:
        layer: `conv4 | embedding`.
        pooling: `mean | max` of the last map; None for `embedding`.
        frames: log-mel frames of a patch.
        samples: those that a whole window gives; a shorter one is filled up with zeros and marked `padded`.
        normalise: rows are scaled to unit length.
        precision: of convolutions and products, `fp32 | bf16`; the log-mel is the same.
        device: `cpu | cuda`.
    """

    layer: str
    pooling: str | None
    frames: int
    samples: int
    normalise: bool
    precision: str
    device: str


def params_of(stream: Stream, window: Window | None) -> VggishTorchParams:
    """Return the params of a settled stream, whose window is long enough (`aver.params.streams`)."""
    window_s = window.window_s if window else None
    return VggishTorchParams(
        str(stream.layer),
        None if stream.layer == "embedding" else stream.pooling,
        frames_of(window_s),
        samples_taken(window_s),
        stream.normalise,
        str(stream.precision),
        stream.device,
    )


def embed_together(
    params: Sequence[VggishTorchParams], clips: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[int, Arrays]]:
    """Embed several clips, whose patches share forward passes; yields (place, what `embed` returns for that clip)."""
    wanted = params[0]
    weights = Path()
    device = prepare(wanted.device)

    def cut() -> Iterator[tuple[NDArray[np.float32], Arrays]]:
        nonlocal weights
        for clip in clips:
            weights = clip["weights"]
            yield equal_windows(clip["sound"], clip["windows"], wanted.samples, samples_of(wanted.frames))

    def rows_of(patches: NDArray[np.float32]) -> NDArray[np.float32]:
        network = load(weights, wanted.layer, wanted.pooling, wanted.precision, device)
        return network(torch.from_numpy(patches).to(device)).cpu().numpy()

    for place, rows, given in stream_batches(cut(), BATCH[device], (VALUES[wanted.layer],), rows_of):
        yield place, {"rows": unit_length(rows) if wanted.normalise else rows, **given}


def embed(params: VggishTorchParams, sound: Arrays, windows: Arrays, weights: Path) -> Arrays:
    """Return one row per window (see `aver.features.windows_of_sound.equal_windows` for the inputs)."""
    clip = {"sound": sound, "windows": windows, "weights": weights}
    return next(embed_together([params], [clip]))[1]


ENCODER = Encoder(
    name="vggish-torch",
    params=params_of,
    row_shape=lambda params: (VALUES[params.layer],),
    embed=embed,
    runtime=lambda params: torch_runtime(params.device, params.precision),
    embed_together=embed_together,
)
