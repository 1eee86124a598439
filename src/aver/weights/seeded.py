"""Deterministic weights made offline, in the files and shapes that the pretrained ones have.

All numbers come from NumPy's PCG64, so they are the same on every host.  Layers are He-initialised (He et al. 2015,
eq. 10): variance 2 / fan-in, biases 0, which keeps the scale of activations through ReLU layers.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from aver.weights.he import he_normal


def seed_weights(encoder: str, seed: int, folder: Path) -> None:
    """Write seeded weights of `encoder` (a key of `aver.weights.layouts.LAYOUTS`) into an existing folder."""
    _SEEDERS[encoder](np.random.default_rng(seed), folder)


def _vggface(rng: np.random.Generator, folder: Path) -> None:
    import torch

    from aver.weights.trunk import TRUNK

    state = {}
    for name, inputs, outputs in TRUNK:
        state[f"{name}.weight"] = torch.from_numpy(he_normal(rng, (outputs, inputs, 3, 3), inputs * 9))
        state[f"{name}.bias"] = torch.zeros(outputs)
    _save(state, folder / "vgg_face_weights.pth")


def _xvector(rng: np.random.Generator, folder: Path) -> None:
    from aver.weights.speechbrain_import import import_speechbrain

    import_speechbrain()
    import torch
    from hyperpyyaml import load_hyperpyyaml

    (folder / "hyperparams.yaml").write_text(XVECTOR_HYPERPARAMS, encoding="utf-8")
    model = load_hyperpyyaml(XVECTOR_HYPERPARAMS)["embedding_model"]
    state = model.state_dict()
    for name, value in state.items():
        if name.endswith("weight") and value.ndim > 1:
            state[name] = torch.from_numpy(he_normal(rng, tuple(value.shape), value[0].numel()))
        elif name.endswith("bias"):
            state[name] = torch.zeros_like(value)
    _save(state, folder / "embedding_model.ckpt")


def _vggish(rng: np.random.Generator, folder: Path) -> None:
    from aver.weights.vggish import save_vggish

    save_vggish(rng, folder)


def _save(state: dict[str, Any], path: Path) -> None:
    """Save a state dict; through a buffer, because `torch.save(obj, path)` writes the path's stem into the file."""
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    path.write_bytes(buffer.getvalue())


_SEEDERS = {"vggface": _vggface, "xvector": _xvector, "vggish": _vggish}

#: The published x-vector (Snyder et al. 2018, table 1) in speechbrain's words; `pretrained_path` is overridden with
#: the local folder when the model is loaded.
XVECTOR_HYPERPARAMS = """\
pretrained_path: .
n_mels: 24
emb_dim: 512
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.Xvector.Xvector
    in_channels: !ref <n_mels>
    activation: !name:torch.nn.LeakyReLU
    tdnn_blocks: 5
    tdnn_channels: [512, 512, 512, 512, 1500]
    tdnn_kernel_sizes: [5, 3, 3, 1, 1]
    tdnn_dilations: [1, 2, 3, 1, 1]
    lin_neurons: !ref <emb_dim>
classifier: !new:torch.nn.Identity
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
"""
