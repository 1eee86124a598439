"""ResNet-50 trained on VGGFace2 (Cao et al. 2018): its published files, and `resnet50.pth`, which features read.

`resnet50.pth` is a state dict of float32 tensors under the names of the VGG group's PyTorch port, e.g.
`conv2_1_1x1_reduce.weight`, `conv2_1_1x1_reduce_bn.running_var`; the convolutions have no bias.  Its first layer reads
**red, green, blue**.  The classifier is never kept.

| published file | first layer reads | a convolution and its normalisation |
|---|---|---|
| `resnet50_ft_dag.pth` (VGG, Oxford) | RGB | `conv2_1_1x1_reduce`, `conv2_1_1x1_reduce_bn` |
| `rcmalli_vggface_tf_resnet50.h5`, `…_notop_resnet50.h5` (keras-vggface) | BGR | `conv2_1_1x1_reduce`, `…/bn` |
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from aver.weights.he import he_normal
from aver.weights.keras_h5 import read_layers
from aver.weights.state import save_state
from aver.weights.tensors import file_in, packed, read_torch, take
from aver.weights.trunk import NORMALISATION, RESNET_50

MADE = "resnet50.pth"
#: What Keras calls the parts of a batch normalisation.
KERAS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}

Tensors = Iterator[tuple[str, torch.Tensor]]


def seed(rng: np.random.Generator, folder: Path, layers: str) -> None:
    """Write He-initialised weights (variance 2 / fan-in); the normalisations change nothing."""
    state = {}
    for name, inputs, outputs, side in RESNET_50:
        weight = he_normal(rng, (outputs, inputs, side, side), inputs * side * side)
        state[f"{name}.weight"] = torch.from_numpy(weight)
        for part, value in NORMALISATION.items():
            state[f"{name}_bn.{part}"] = torch.full((outputs,), value)
    save_state(state, folder / MADE)


def convert(found: Path, folder: Path, layers: str) -> None:
    """Write `resnet50.pth` from the one published file in `found`.

    Raises:
        WeightsError: the file lacks a tensor, or one is not what it must be.
    """
    path = file_in(found)
    read = _keras if path.suffix == ".h5" else _torch
    save_state(dict(read(path)), folder / MADE)


def _torch(path: Path) -> Tensors:
    tensors = read_torch(path)
    for name, inputs, outputs, side in RESNET_50:
        yield f"{name}.weight", take(path, tensors, f"{name}.weight", (outputs, inputs, side, side))
        for part in NORMALISATION:
            yield f"{name}_bn.{part}", take(path, tensors, f"{name}_bn.{part}", (outputs,))


def _keras(path: Path) -> Tensors:
    # The first layer's name has a slash in Keras, `conv1/7x7_s2`.
    layers = {name: name.replace("conv1_", "conv1/") for name, *_ in RESNET_50}
    tensors = read_layers(path, [*layers.values(), *(f"{layer}/bn" for layer in layers.values())])
    for name, inputs, outputs, side in RESNET_50:
        kernel = take(path, tensors, f"{layers[name]}/kernel", (side, side, inputs, outputs)).permute(3, 2, 0, 1)
        yield f"{name}.weight", packed(kernel.flip(1) if inputs == 3 else kernel)
        for part in NORMALISATION:
            yield f"{name}_bn.{part}", take(path, tensors, f"{layers[name]}/bn/{KERAS[part]}", (outputs,))
