"""Square pictures of another side: means of areas where they shrink, bilinear where they grow."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional


def resampled(x: torch.Tensor, px: int) -> torch.Tensor:
    """Return pictures [B, C, S, S] float32 as [B, C, px, px].

    When they shrink, a value is the mean over exactly the area that it stands for, parts of pixels included.
    (PyTorch's `mode="area"` takes whole pixels, each of them wholly, so its windows overlap where S / px is no whole
    number.)
    """
    side = x.shape[-1]
    if side == px:
        return x
    if side < px:
        return functional.interpolate(x, (px, px), mode="bilinear")
    shares = _shares(side, px).to(x.device)
    return shares @ x @ shares.T


@lru_cache(maxsize=4)
def _shares(side: int, px: int) -> torch.Tensor:
    """Return the share of each old pixel in each new one along an axis, [px, side] float32; rows add up to 1."""
    # In units of 1 / px of an old pixel all borders are whole numbers: new pixels are `side` long, old ones `px`.
    new, old = side * np.arange(px)[:, None], px * np.arange(side)
    overlap = np.minimum(new + side, old + px) - np.maximum(new, old)
    return torch.from_numpy((overlap.clip(0) / side).astype(np.float32))
