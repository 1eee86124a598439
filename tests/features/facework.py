"""Made faces for the tests of face encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from aver.features.registry import get_encoder
from aver.params.blocks import Stream
from aver.params.streams import settled


def crops_of(count: int, side: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return [count, side, side, 3] uint8: soft shapes in noise, no two channels alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 6, 6, 3)).astype(np.uint8)
    soft = np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC) for one in coarse])
    return np.clip(soft + rng.normal(0, 12, soft.shape), 0, 255).astype(np.uint8)


def clip_of(crops: NDArray[np.uint8]) -> dict[str, Any]:
    """Return what the faces step leaves of a clip with these crops: a face is missing first, and some are guessed."""
    times = np.arange(len(crops), dtype=np.float64)[:, None] / 25 + np.array([0.04, 0.08])
    status = np.concatenate([[0], 1 + np.arange(len(crops)) % 2]).astype(np.uint8)
    return {"crops": crops, "times_s": times, "status": status}


def params_for(name: str, **keys: Any) -> Any:
    """Return the params of a stream of the encoder `name` on the CPU."""
    return get_encoder(name).params(settled(Stream(name, "frames", **keys), "cpu"), None)


def rows_of(name: str, crops: NDArray[np.uint8], weights: Path, **keys: Any) -> NDArray[np.float32]:
    """Return the rows of the crops of one clip."""
    return get_encoder(name).embed(params_for(name, **keys), clip_of(crops), weights)["rows"]
