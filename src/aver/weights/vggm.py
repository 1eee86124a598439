"""VGG-M trained on facial expressions (FER): its published file, and `vggm.pth`, which features read.

Published: `vgg_m_face_bn_fer_dag.pth`, the PyTorch port of the MatConvNet model by the VGG group, Oxford (Albanie &
Vedaldi 2016): convolutions `conv1` … `conv5`, behind each a batch normalisation, `bn49` … `bn53`, and three fully
connected layers.  `vggm.pth` is a state dict of float32 tensors: of each convolution `.weight`, `.bias`, and of its
normalisation, here `bn1` … `bn5`, `.weight`, `.bias`, `.running_mean`, `.running_var`.  Its first layer reads **red,
green, blue**.  The fully connected layers are never kept.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from aver.weights.he import he_normal
from aver.weights.state import save_state
from aver.weights.tensors import file_in, read_torch, take
from aver.weights.trunk import NORMALISATION, VGG_M

MADE = "vggm.pth"
#: The published number of the first batch normalisation.
FIRST = 49


def seed(rng: np.random.Generator, folder: Path, layers: str) -> None:
    """Write He-initialised weights (variance 2 / fan-in, biases 0); the normalisations change nothing."""
    state = {}
    for number, (name, inputs, outputs, side) in enumerate(VGG_M, start=1):
        weight = he_normal(rng, (outputs, inputs, side, side), inputs * side * side)
        state[f"{name}.weight"] = torch.from_numpy(weight)
        state[f"{name}.bias"] = torch.zeros(outputs)
        for part, value in NORMALISATION.items():
            state[f"bn{number}.{part}"] = torch.full((outputs,), value)
    save_state(state, folder / MADE)


def convert(found: Path, folder: Path, layers: str) -> None:
    """Write `vggm.pth` from the one published file in `found`.

    Raises:
        WeightsError: the file lacks a tensor, or one is not what it must be.
    """
    path = file_in(found)
    tensors = read_torch(path)
    state = {}
    for number, (name, inputs, outputs, side) in enumerate(VGG_M, start=1):
        state[f"{name}.weight"] = take(path, tensors, f"{name}.weight", (outputs, inputs, side, side))
        state[f"{name}.bias"] = take(path, tensors, f"{name}.bias", (outputs,))
        for part in NORMALISATION:
            state[f"bn{number}.{part}"] = take(path, tensors, f"bn{FIRST + number - 1}.{part}", (outputs,))
    save_state(state, folder / MADE)
