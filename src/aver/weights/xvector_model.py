"""The published x-vector (Snyder et al. 2018) of speechbrain's own modules, without its way of fetching files.

`EncoderClassifier.from_hparams` would run a YAML file, and link or look up every file that it names, of which the
classifier and its labels serve no embedding.  Here the three modules that do are built in code, and one file is read:
nothing is asked of a network, nothing is written, and the folder may be read-only and may have moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aver.weights.speechbrain_import import import_speechbrain
from aver.weights.state import load_state

FILE = "embedding_model.ckpt"
#: The modules by the names that `hyperparams.yaml` of speechbrain/spkrec-xvect-voxceleb gives them, in their order.
CLASSES = {
    "compute_features": "speechbrain.lobes.features.Fbank",
    "mean_var_norm": "speechbrain.processing.features.InputNormalization",
    "embedding_model": "speechbrain.lobes.models.Xvector.Xvector",
}
#: What they are made of there (Snyder et al. 2018, table 1); the rest are speechbrain's defaults, 16 kHz among them.
PUBLISHED: dict[str, dict[str, Any]] = {
    "compute_features": {"n_mels": 24},
    "mean_var_norm": {"norm_type": "sentence", "std_norm": False},
    "embedding_model": {
        "in_channels": 24,
        "activation": torch.nn.LeakyReLU,
        "tdnn_blocks": 5,
        "tdnn_channels": [512, 512, 512, 512, 1500],
        "tdnn_kernel_sizes": [5, 3, 3, 1, 1],
        "tdnn_dilations": [1, 2, 3, 1, 1],
        "lin_neurons": 512,
    },
}
#: speechbrain's statistics pooling adds noise of 1e-5; drawn from this seed, it is the same for every sound.
NOISE_SEED = 0


class XvectorModel:
    """What `EncoderClassifier.encode_batch` computes, on one sound: features, minus their mean, embedded.

    Args:
        modules: speechbrain's modules by the names in `CLASSES`, in evaluation mode.
        device: `cpu` or `cuda`.
        precision: of the products of the embedding model, `fp32` or `bf16`; features are float32.
    """

    def __init__(self, modules: Mapping[str, Any], device: str, precision: str) -> None:
        self._features, self._norm, self._embedding = (modules[name].to(device) for name in CLASSES)
        self._device, self._mixed = device, precision == "bf16"
        self._whole = torch.ones(1, device=device)
        self._generators = [torch.cuda.current_device()] if device == "cuda" else []

    def __call__(self, waveform: Tensor) -> Tensor:
        """Return the embedding [512] float32 of a waveform [S] float32 in [-1, 1], 16 kHz, both on the CPU."""
        with torch.inference_mode(), torch.random.fork_rng(devices=self._generators):
            torch.manual_seed(NOISE_SEED)
            features = self._norm(self._features(waveform[None].to(self._device)), self._whole)
            with torch.autocast(self._device, torch.bfloat16, enabled=self._mixed):
                row = self._embedding(features, self._whole)
            made: Tensor = row.float().flatten().cpu()
            return made


def class_of(name: str) -> type[torch.nn.Module]:
    """Return speechbrain's class of one of `CLASSES`."""
    import_speechbrain()
    module, _, found = CLASSES[name].rpartition(".")
    made: type[torch.nn.Module] = getattr(import_module(module), found)
    return made


def make_module(name: str) -> torch.nn.Module:
    """Return one of `CLASSES` as published, with numbers that are to be replaced."""
    with torch.random.fork_rng(devices=[]):
        return class_of(name)(**PUBLISHED[name])


def read_model(folder: Path, device: str = "cpu", precision: str = "fp32") -> XvectorModel:
    """Return the model in a folder with `embedding_model.ckpt`."""
    modules = {name: make_module(name).eval() for name in CLASSES}
    modules["embedding_model"].load_state_dict(load_state(folder / FILE))
    return XvectorModel(modules, device, precision)
