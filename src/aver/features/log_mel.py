"""The log-mel front end of VGGish, as published (Hershey et al. 2017; `vggish_params.py` of the AudioSet release).

Sound at 16 kHz, mono, in [-1, 1].  Frames of 400 samples (25 ms) every 160 (10 ms), times a periodic Hann window;
magnitudes of a 512-point FFT; 64 mel bands over 125–7500 Hz on the HTK scale, 1127 ln(1 + f / 700), triangles that are
linear in mel (the bin of 0 Hz lies below them all); log(band + 0.01).  No frame is padded: F frames need
400 + 160 (F - 1) samples.

**Frames of a window.**  A window of w seconds has as many frames as there are whole 10 ms in it, rounded down to a
multiple of 8 (the network halves a map three times before its last one) and never more than 96, the published patch:

| window | frames | samples needed | samples taken | zeros at the end |
|--------|--------|----------------|---------------|------------------|
| 0.25 s | 24     | 4080 (0.255 s) | 4000          | 80               |
| 0.5 s  | 48     | 7920 (0.495 s) | 7920          | none             |
| 0.96 s | 96     | 15600 (0.975 s)| 15360         | 240              |

These are the 24 x 64, 48 x 64 and 96 x 64 that the literature names, although 25 ms every 10 ms fit only 23 times into
0.25 s and 94 times into 0.96 s.  Samples come from the window alone, so that no sound is in two windows: where its
last frame reaches beyond it, there are zeros.  A window longer than 0.96 s, or cut by another rule than a fixed length,
gives its first 0.96 s; one that ends early, as at the end of a clip, is filled up with zeros and its row marked
`padded`.

It is computed in float64: near silence the logarithm magnifies rounding a hundredfold, and beside a pure tone float32
transforms are off by 5e-4.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aver.clock import seconds_to_samples

RATE_HZ, FRAME, HOP, FFT, BANDS = 16000, 400, 160, 512, 64
LOWEST_HZ, HIGHEST_HZ, LOG_OFFSET = 125.0, 7500.0, 0.01
#: Frames of the published patch, and what every number of frames is a multiple of.
PATCH_FRAMES, FRAMES_STEP = 96, 8
#: The longest sound that is taken from a window: 96 times 10 ms.
PATCH_SAMPLES = PATCH_FRAMES * HOP


def frames_of(window_s: float | None) -> int:
    """Return the frames of a window of `window_s` seconds (None: of no fixed length); 0 if it is shorter than 80 ms.

    Example:
        >>> [frames_of(window_s) for window_s in (0.25, 0.5, 0.96, 1.2, None, 0.07)]
        [24, 48, 96, 96, 96, 0]
    """
    return samples_taken(window_s) // (HOP * FRAMES_STEP) * FRAMES_STEP


def samples_taken(window_s: float | None) -> int:
    """Return how many samples a whole window of `window_s` seconds gives at most."""
    return PATCH_SAMPLES if window_s is None else min(PATCH_SAMPLES, seconds_to_samples(window_s, RATE_HZ))


def samples_of(frames: int) -> int:
    """Return the samples that a number of frames needs.

    Example:
        >>> [samples_of(frames) for frames in (24, 48, 96)]
        [4080, 7920, 15600]
    """
    return FRAME + HOP * (frames - 1)


def mel_matrix() -> NDArray[np.float64]:
    """Return the weight of every FFT bin in every band, [257, 64] float64."""
    bins = _mel(np.arange(FFT // 2 + 1) * RATE_HZ / FFT)[:, None]
    edges = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    weights: NDArray[np.float64] = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    return np.maximum(weights, 0)


def _mel(hertz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127 * np.log1p(np.asarray(hertz) / 700)


class LogMel(torch.nn.Module):
    """The front end as a module: sound [N, S] float32 to [N, frames, 64] float32."""

    window: Tensor
    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(FRAME, periodic=True, dtype=torch.float64))
        self.register_buffer("weights", torch.from_numpy(mel_matrix()))

    def forward(self, sound: Tensor) -> Tensor:
        """Return the log of the mel bands of every whole frame."""
        frames = sound.double().unfold(-1, FRAME, HOP) * self.window
        bands = torch.fft.rfft(frames, FFT).abs() @ self.weights
        return torch.log(bands + LOG_OFFSET).float()
