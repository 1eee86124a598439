"""x-vector (Snyder et al. 2018) through speechbrain's own modules: 512 values per window of sound.

Every window goes through the network alone and at its own length: beside others it would be padded, and padding moves
its embedding (the convolutions reflect at a sound's end, and the pooling's noise is drawn for all rows at once).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from aver.device import prepare, torch_runtime
from aver.features.encoder import Encoder
from aver.features.unit_length import unit_length
from aver.features.windows_of_sound import waveform
from aver.weights.state import marks
from aver.weights.xvector_model import FILE, XvectorModel, read_model

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream

#: Shortest sound the network's time context (15 frames of 10 ms, 25 ms each) can see; shorter windows are padded.
MIN_SAMPLES = 4000
VALUES = 512


@dataclass(frozen=True)
class XvectorParams:
    """What decides the bytes.

    Args:
        normalise: rows are scaled to unit length (system A's public code does).
        precision: of the network's products, `fp32 | bf16`; features are float32.
        device: `cpu | cuda`.
    """

    normalise: bool
    precision: str
    device: str


def params_of(stream: Stream, window: object) -> XvectorParams:
    """Return the params of a settled stream; any window will do."""
    return XvectorParams(stream.normalise, str(stream.precision), stream.device)


def load(weights: Path, device: str, precision: str) -> XvectorModel:
    """Return the model in a folder."""
    return _load(weights, device, precision, marks(weights / FILE))


@lru_cache(maxsize=1)
def _load(weights: Path, device: str, precision: str, found: tuple[int, int, int]) -> XvectorModel:
    return read_model(weights, device, precision)


def embed(params: XvectorParams, sound: Arrays, windows: Arrays, weights: Path) -> Arrays:
    """Return one row per window.

    Args:
        params: see `XvectorParams`.
        sound: `samples` [S] int16 at 16 kHz.
        windows: `samples` [W, 2] int64, first sample and end; `times_s` [W, 2]; `status` [W].
        weights: the folder.
    """
    model = load(weights, prepare(params.device), params.precision)
    samples, status = waveform(sound), windows["status"].astype("U8")
    rows = np.zeros((len(windows["samples"]), VALUES), np.float32)
    for place, (first, end) in enumerate(windows["samples"]):
        part = samples[first:end]
        if len(part) < MIN_SAMPLES:
            part = np.pad(part, (0, MIN_SAMPLES - len(part)))
            status[place] = "padded"
        rows[place] = model(torch.from_numpy(part)).numpy()
    return {
        "rows": unit_length(rows) if params.normalise else rows,
        "times_s": windows["times_s"],
        "status": status,
    }


ENCODER = Encoder(
    name="xvector",
    params=params_of,
    row_shape=lambda params: (VALUES,),
    embed=embed,
    runtime=lambda params: {
        **torch_runtime(params.device, params.precision),
        "speechbrain": version("speechbrain"),
    },
)
