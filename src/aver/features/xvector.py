"""x-vector (Snyder et al. 2018) through speechbrain: 512-d per window of sound."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from aver.device import prepare, torch_runtime
from aver.features.encoder import Encoder
from aver.weights.speechbrain_import import import_speechbrain

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

#: Shortest sound the network's time context (15 frames of 10 ms, 25 ms each) can see; shorter windows are padded.
MIN_SAMPLES = 4000
NOISE_SEED = 0


@dataclass(frozen=True)
class XvectorParams:
    """What decides the bytes: whether rows are scaled to unit length (system A's public code does)."""

    normalise: bool
    device: str


@lru_cache(maxsize=1)
def load(weights: Path, device: str) -> Any:
    """Return speechbrain's `EncoderClassifier` from a local folder: no network, no links, nothing written."""
    import_speechbrain()
    from speechbrain.inference.classifiers import EncoderClassifier
    from speechbrain.utils.fetching import LocalStrategy

    folder = str(weights.resolve())
    # The published hyperparams name the hub as `pretrained_path`; the folder stands in for it.
    return EncoderClassifier.from_hparams(
        source=folder, savedir=folder, overrides={"pretrained_path": folder}, run_opts={"device": device},
        local_strategy=LocalStrategy.NO_LINK,
    )  # fmt: skip


def embed(params: XvectorParams, sound: Arrays, windows: Arrays, weights: Path) -> Arrays:
    """Return one row per window; each window goes through the network alone, at its true length.

    Args:
        params: see `XvectorParams`.
        sound: `samples` [S] int16 at 16 kHz.
        windows: `samples` [W, 2] int64, first sample and end; `times_s` [W, 2]; `status` [W].
        weights: the folder.
    """
    classifier = load(weights, prepare(params.device))
    samples = sound["samples"].astype(np.float32) / 32768
    rows = np.zeros((len(windows["samples"]), 512), np.float32)
    status = windows["status"].astype("U8")
    with torch.inference_mode():
        for number, (first, end) in enumerate(windows["samples"]):
            part = samples[first:end]
            if len(part) < MIN_SAMPLES:
                part = np.pad(part, (0, MIN_SAMPLES - len(part)))
                status[number] = "padded"
            with torch.random.fork_rng(devices=[]):
                # speechbrain's pooling adds random noise: the same for every window, whatever was computed before.
                torch.manual_seed(NOISE_SEED)
                row = classifier.encode_batch(torch.from_numpy(np.ascontiguousarray(part))[None]).cpu().numpy().ravel()
            rows[number] = row / max(float(np.linalg.norm(row)), 1e-12) if params.normalise else row
    return {"rows": rows, "times_s": windows["times_s"], "status": status}


def _runtime(params: XvectorParams) -> dict[str, str]:
    return {**torch_runtime(params.device), "speechbrain": version("speechbrain")}


ENCODER = Encoder(
    name="xvector",
    reads="sound",
    row_shape=(512,),
    params=lambda stream: XvectorParams(stream.normalise, stream.device),
    embed=embed,
    runtime=_runtime,
)
