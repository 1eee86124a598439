"""The x-vector's weights (Snyder et al. 2018), as speechbrain lays them out: hyperparams and a checkpoint."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from aver.errors import WeightsError
from aver.weights.he import he_normal
from aver.weights.speechbrain_import import import_speechbrain
from aver.weights.state import save_state

FILES = ("hyperparams.yaml", "embedding_model.ckpt")
VALUES = 512

#: The published x-vector (Snyder et al. 2018, table 1) in speechbrain's words, without its classifier of speakers.
HYPERPARAMS = """\
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


def seed(rng: np.random.Generator, folder: Path, layers: str) -> None:
    """Write He-initialised weights (biases 0) into an existing folder; `layers` changes nothing here."""
    import_speechbrain()
    import torch
    from hyperpyyaml import load_hyperpyyaml

    (folder / "hyperparams.yaml").write_text(HYPERPARAMS, encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        state = load_hyperpyyaml(HYPERPARAMS)["embedding_model"].state_dict()
    for name, value in state.items():
        if name.endswith("weight") and value.ndim > 1:
            state[name] = torch.from_numpy(he_normal(rng, tuple(value.shape), value[0].numel()))
        elif name.endswith("bias"):
            state[name] = torch.zeros_like(value)
    save_state(state, folder / "embedding_model.ckpt")


def convert(found: Path, folder: Path, layers: str) -> None:
    """Copy the two published files that an embedding needs, as they are, after a trial of them.

    Args:
        found: a folder with `hyperparams.yaml` and `embedding_model.ckpt`.
        folder: an existing, empty folder.
        layers: changes nothing here.

    Raises:
        WeightsError: they build no x-vector of 512 values.
    """
    import torch

    from aver.weights.xvector_model import read_model

    try:
        row = read_model(found)(torch.zeros(16000))
        problem = "" if row.shape == (VALUES,) else f"they give {row.numel()} values per sound"
    except (OSError, MemoryError):
        raise
    except Exception as exc:  # HyperPyYAML, speechbrain and PyTorch raise what they like at a file they cannot use
        problem = f"{type(exc).__name__}: {' '.join(str(exc).split())[:300]}"
    if problem:
        raise WeightsError(
            f"weights of xvector: {' and '.join(FILES)} in {found} do not make an x-vector of {VALUES} values "
            f"({problem}). Expected: the files of https://huggingface.co/speechbrain/spkrec-xvect-voxceleb; download "
            "both again."
        )
    for name in FILES:
        shutil.copyfile(found / name, folder / name)
