"""VGGish (Hershey et al. 2017) through tensorflow-hub: 128-d per window of sound.

The published model reads 16 kHz sound and gives one row for every whole 0.96 s.  A window is cut or zero-padded to
exactly 0.96 s (15360 samples), so it gives exactly one row: a longer window uses its first 0.96 s, and **sound shorter
than 0.96 s is padded with zeros at its end and the row is marked `padded`** (the model itself would return no row).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aver.features.encoder import Encoder
from aver.tensorflow_import import import_tensorflow

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

PATCH_SAMPLES = 15360


@dataclass(frozen=True)
class VggishParams:
    """What decides the bytes: whether rows are scaled to unit length."""

    normalise: bool


@lru_cache(maxsize=1)
def load(weights: Path) -> Any:
    """Return the SavedModel in a folder as a callable: waveform [S] float32 in [-1, 1] -> [S // 15360, 128]."""
    import_tensorflow()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        import tensorflow_hub as hub

    return hub.load(str(weights))


def embed(params: VggishParams, sound: Arrays, windows: Arrays, weights: Path) -> Arrays:
    """Return one row per window (see `aver.features.xvector.embed` for the inputs)."""
    tf = import_tensorflow()
    model = load(weights)
    samples = sound["samples"].astype(np.float32) / 32768
    rows = np.zeros((len(windows["samples"]), 128), np.float32)
    status = windows["status"].astype("U8")
    for number, (first, end) in enumerate(windows["samples"]):
        patch = np.zeros(PATCH_SAMPLES, np.float32)
        part = samples[first:end][:PATCH_SAMPLES]
        patch[: len(part)] = part
        if len(part) < PATCH_SAMPLES:
            status[number] = "padded"
        row = model(tf.constant(patch)).numpy()[0]
        rows[number] = row / max(float(np.linalg.norm(row)), 1e-12) if params.normalise else row
    return {"rows": rows, "times_s": windows["times_s"], "status": status}


ENCODER = Encoder(
    name="vggish",
    reads="sound",
    row_shape=(128,),
    params=lambda stream: VggishParams(stream.normalise),
    embed=embed,
    runtime=lambda params: {"tensorflow": version("tensorflow"), "device": "cpu", "precision": "fp32"},
)
