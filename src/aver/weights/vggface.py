"""VGG-Face (Parkhi et al. 2015): its published files, and `vggface.pth`, which features read.

`vggface.pth` is a state dict of float32 tensors: `conv1_1` … `conv5_3` and, with `layers: all`, `fc6` [4096, 512, 7, 7]
and `fc7` [4096, 4096, 1, 1], each with `.weight` and `.bias`.  Its first layer reads **red, green, blue**.  The
classifier over 2622 people, fc8, is never kept.

| published file | first layer reads | fully connected layers |
|---|---|---|
| `vgg_face_weights.pth` (DeepFace) | RGB | convolutions |
| `vgg_face_dag.pth` (VGG, Oxford) | RGB | matrices over channels, height, width |
| `rcmalli_vggface_tf_vgg16.h5`, `…_notop_vgg16.h5` (keras-vggface) | BGR | matrices over height, width, channels |

The trained files were not at hand; the orders are inferred.  Parkhi et al. released the network for MatConvNet, which
reads R, G, B (its mean there is 129.19, 104.76, 93.59), and for Caffe, which reads B, G, R.  Oxford's port comes from
MatConvNet's file.  So does DeepFace's: its author published how he copied `vgg_face.mat` layer by layer (notebook
Matlab-Model-to-Keras of serengil/tensorflow-101), and nothing there turns the first convolution.  That DeepFace hands
this network B, G, R is its users' concern (its issues 121 and 1457; scaling `bgr01`), not the file's.  keras-vggface's
files come from Caffe: its `preprocess_input` turns R, G, B round.  To check: `conv1_1.weight` of `vgg_face_weights.pth`
and of `vgg_face_dag.pth` must be equal.
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
from aver.weights.trunk import FULLY_CONNECTED, TRUNK

MADE = "vggface.pth"
#: Outputs of a fully connected layer drawn at a time: float64 numbers of the whole fc6 would take 0.8 GB.
DRAWN = 64

Tensors = Iterator[tuple[str, torch.Tensor]]
Connected = tuple[tuple[str, tuple[int, ...]], ...]


def seed(rng: np.random.Generator, folder: Path, layers: str) -> None:
    """Write He-initialised weights (variance 2 / fan-in, biases 0), the trunk first."""
    state = {}
    for name, inputs, outputs in TRUNK:
        state[f"{name}.weight"] = torch.from_numpy(he_normal(rng, (outputs, inputs, 3, 3), inputs * 9))
        state[f"{name}.bias"] = torch.zeros(outputs)
    for name, shape in FULLY_CONNECTED if layers == "all" else ():
        state[f"{name}.weight"] = torch.empty(shape)
        for first in range(0, shape[0], DRAWN):
            drawn = he_normal(rng, (DRAWN, *shape[1:]), int(np.prod(shape[1:])))
            state[f"{name}.weight"][first : first + DRAWN] = torch.from_numpy(drawn)
        state[f"{name}.bias"] = torch.zeros(shape[0])
    save_state(state, folder / MADE)


def convert(found: Path, folder: Path, layers: str) -> None:
    """Write `vggface.pth` from the one published file in `found`.

    Raises:
        WeightsError: the file lacks a tensor, or one is not what it must be.
    """
    path = file_in(found)
    read = _keras if path.suffix == ".h5" else _torch
    save_state(dict(read(path, FULLY_CONNECTED if layers == "all" else ())), folder / MADE)


def _torch(path: Path, connected: Connected) -> Tensors:
    tensors = read_torch(path)
    matrices = getattr(tensors.get("fc6.weight"), "ndim", 4) == 2
    for name, inputs, outputs in TRUNK:
        yield f"{name}.weight", take(path, tensors, f"{name}.weight", (outputs, inputs, 3, 3))
        yield f"{name}.bias", take(path, tensors, f"{name}.bias", (outputs,))
    for name, shape in connected:
        stored = (shape[0], int(np.prod(shape[1:]))) if matrices else shape
        yield f"{name}.weight", packed(take(path, tensors, f"{name}.weight", stored).reshape(shape))
        yield f"{name}.bias", take(path, tensors, f"{name}.bias", shape[:1])


def _keras(path: Path, connected: Connected) -> Tensors:
    tensors = read_layers(path, [*(name for name, *_ in TRUNK), *(name for name, _ in connected)])
    for name, inputs, outputs in TRUNK:
        kernel = take(path, tensors, f"{name}/kernel", (3, 3, inputs, outputs)).permute(3, 2, 0, 1)
        yield f"{name}.weight", packed(kernel.flip(1) if inputs == 3 else kernel)
        yield f"{name}.bias", take(path, tensors, f"{name}/bias", (outputs,))
    for name, (outputs, inputs, height, width) in connected:
        kernel = take(path, tensors, f"{name}/kernel", (height * width * inputs, outputs))
        yield f"{name}.weight", packed(kernel.reshape(height, width, inputs, outputs).permute(3, 2, 0, 1))
        yield f"{name}.bias", take(path, tensors, f"{name}/bias", (outputs,))
