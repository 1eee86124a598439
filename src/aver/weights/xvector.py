"""The x-vector's weights (Snyder et al. 2018): `embedding_model.ckpt`, a state dict by speechbrain's names.

Published (speechbrain/spkrec-xvect-voxceleb) are that file and `hyperparams.yaml`, which says how the network is built.
It must say what was published (`aver.weights.xvector_hyperparams`), and is not kept: the network is built in code.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from aver.errors import WeightsError
from aver.weights.he import he_normal
from aver.weights.state import save_state
from aver.weights.tensors import read_torch, take
from aver.weights.xvector_hyperparams import differences
from aver.weights.xvector_model import FILE, make_module


def seed(rng: np.random.Generator, folder: Path, layers: str) -> None:
    """Write He-initialised weights (biases 0) into an existing folder; `layers` changes nothing here."""
    state = make_module("embedding_model").state_dict()
    for name, value in state.items():
        if name.endswith("weight") and value.ndim > 1:
            state[name] = torch.from_numpy(he_normal(rng, tuple(value.shape), value[0].numel()))
        elif name.endswith("bias"):
            state[name] = torch.zeros_like(value)
    save_state(state, folder / FILE)


def convert(found: Path, folder: Path, layers: str) -> None:
    """Write the published state dict, after a look at both published files.

    Args:
        found: a folder with `hyperparams.yaml` and `embedding_model.ckpt`.
        folder: an existing, empty folder.
        layers: changes nothing here.

    Raises:
        WeightsError: the hyperparams are not those of the published x-vector, or a tensor is missing or has another
            shape than there.
    """
    path = found / "hyperparams.yaml"
    for difference in differences(path):
        raise WeightsError(
            f"weights of xvector: {path} is not that of the published x-vector: {difference}. Expected: the files of "
            "https://huggingface.co/speechbrain/spkrec-xvect-voxceleb; download both again."
        )
    tensors = read_torch(found / FILE)
    state = {
        # Integers count the batches of the training, which no embedding depends on: 0.
        name: take(found / FILE, tensors, name, tuple(value.shape)) if value.is_floating_point() else value
        for name, value in make_module("embedding_model").state_dict().items()
    }
    save_state(state, folder / FILE)
