"""VGGish (Hershey et al. 2017) through tensorflow-hub: the published SavedModel, 128 values per window of sound.

The model gives one row per 96 log-mel frames, and these need 15600 samples (`aver.features.log_mel`); from 15360, which
are 0.96 s, it gives none.  So every window becomes exactly 15600 samples: its first 0.96 s and zeros.  A window shorter
than 0.96 s is filled up with zeros at its end and its row is marked `padded`.
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
from aver.features.log_mel import PATCH_FRAMES, PATCH_SAMPLES, samples_of
from aver.features.unit_length import unit_length
from aver.features.windows_of_sound import equal_windows
from aver.tensorflow_import import import_tensorflow
from aver.weights.state import marks

if TYPE_CHECKING:
    from aver.cache.objects import Arrays

VALUES = 128


@dataclass(frozen=True)
class VggishParams:
    """What decides the bytes: whether rows are scaled to unit length."""

    normalise: bool


def load(weights: Path) -> Any:
    """Return the SavedModel in a folder as a callable: waveform [S] float32 in [-1, 1] -> [patches, 128]."""
    return _load(weights, tuple(marks(path) for path in sorted(weights.rglob("*")) if path.is_file()))


@lru_cache(maxsize=1)
def _load(weights: Path, found: tuple[tuple[int, int, int], ...]) -> Any:
    import_tensorflow()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        import tensorflow_hub as hub

    return hub.load(str(weights))


def embed(params: VggishParams, sound: Arrays, windows: Arrays, weights: Path) -> Arrays:
    """Return one row per window (see `aver.features.windows_of_sound.equal_windows` for the inputs).

    Raises:
        ValueError: the model is not VGGish: from one patch it does not make one row of 128 values.
    """
    tf = import_tensorflow()
    model = load(weights)
    cut, given = equal_windows(sound, windows, PATCH_SAMPLES, samples_of(PATCH_FRAMES))
    rows = np.zeros((len(cut), VALUES), np.float32)
    for place, patch in enumerate(cut):
        made = model(tf.constant(patch)).numpy()
        if made.shape != (1, VALUES):
            raise ValueError(
                f"the SavedModel in {weights} made {list(made.shape)} values of {len(patch)} samples (0.975 s at "
                f"16 kHz), not [1, {VALUES}]: it is not google/vggish/1"
            )
        rows[place] = made[0]
    return {"rows": unit_length(rows) if params.normalise else rows, **given}


ENCODER = Encoder(
    name="vggish",
    params=lambda stream, window: VggishParams(stream.normalise),
    row_shape=lambda params: (VALUES,),
    embed=embed,
    runtime=lambda params: {"tensorflow": version("tensorflow"), "device": "cpu", "precision": "fp32"},
)
