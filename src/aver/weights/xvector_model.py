"""The x-vector out of speechbrain's published folder: its own modules, without its way of fetching files.

`EncoderClassifier.from_hparams` would link or look up every file that the hyperparams name, of which the classifier and
its labels serve no embedding.  Here the modules that do are built from `hyperparams.yaml`, and one file is read:
nothing is asked of a network, nothing is written, and the folder may be read-only and may have moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aver.weights.speechbrain_import import import_speechbrain
from aver.weights.state import load_state

MODULES = ("compute_features", "mean_var_norm", "embedding_model")
#: speechbrain's statistics pooling adds noise of 1e-5; drawn from this seed, it is the same for every sound.
NOISE_SEED = 0


class XvectorModel:
    """What `EncoderClassifier.encode_batch` computes, on one sound: features, minus their mean, embedded.

    Args:
        modules: speechbrain's modules by the names in `MODULES`, in evaluation mode.
        device: `cpu` or `cuda`.
        precision: of the products of the embedding model, `fp32` or `bf16`; features are float32.
    """

    def __init__(self, modules: Mapping[str, Any], device: str, precision: str) -> None:
        self._features, self._norm, self._embedding = (modules[name].to(device) for name in MODULES)
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


def read_model(folder: Path, device: str = "cpu", precision: str = "fp32") -> XvectorModel:
    """Return the model in a folder with `hyperparams.yaml` and `embedding_model.ckpt`.

    Raises:
        Exception: of any kind, if the files are not what speechbrain published: neither HyperPyYAML nor PyTorch has an
            error of its own for that.
    """
    import_speechbrain()
    from hyperpyyaml import load_hyperpyyaml

    with torch.random.fork_rng(devices=[]):  # layers are initialised, although what they hold is replaced
        hyperparams = load_hyperpyyaml((folder / "hyperparams.yaml").read_text(encoding="utf-8"))
    modules = {name: hyperparams[name].eval() for name in MODULES}
    modules["embedding_model"].load_state_dict(load_state(folder / "embedding_model.ckpt"))
    return XvectorModel(modules, device, precision)
