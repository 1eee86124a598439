"""The folder of speechbrain/spkrec-xvect-voxceleb as published, with random numbers, written by speechbrain's code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from aver.weights.speechbrain_import import import_speechbrain

#: The keys and values of the published file, in the published order.
HYPERPARAMS = """\
n_mels: 24
pretrained_path: speechbrain/spkrec-xvect-voxceleb
out_n_neurons: 7205
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
    lin_neurons: 512
classifier: !new:speechbrain.lobes.models.Xvector.Classifier
    input_shape: [null, null, 512]
    activation: !name:torch.nn.LeakyReLU
    lin_blocks: 1
    lin_neurons: 512
    out_neurons: !ref <out_n_neurons>
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        mean_var_norm_emb: !ref <mean_var_norm_emb>
        classifier: !ref <classifier>
        label_encoder: !ref <label_encoder>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        mean_var_norm_emb: !ref <pretrained_path>/mean_var_norm_emb.ckpt
        classifier: !ref <pretrained_path>/classifier.ckpt
        label_encoder: !ref <pretrained_path>/label_encoder.txt
"""


def write_published(folder: Path) -> None:
    """Write all five files into a new folder; the batch norms have seen noise, so their statistics matter."""
    import_speechbrain()
    from hyperpyyaml import load_hyperpyyaml

    folder.mkdir()
    (folder / "hyperparams.yaml").write_text(HYPERPARAMS, encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        parts = load_hyperpyyaml(HYPERPARAMS)
        features = parts["compute_features"](torch.randn(4, 24000) / 10)
        parts["embedding_model"].train()
        embeddings = parts["embedding_model"](features)
        parts["mean_var_norm_emb"].train()
        parts["mean_var_norm_emb"](embeddings.detach(), torch.ones(4), epoch=0)
    torch.save(parts["embedding_model"].state_dict(), folder / "embedding_model.ckpt")
    torch.save(parts["classifier"].state_dict(), folder / "classifier.ckpt")
    parts["mean_var_norm_emb"]._save(str(folder / "mean_var_norm_emb.ckpt"))
    parts["label_encoder"].update_from_iterable(f"id1{speaker:04d}" for speaker in range(7205))
    parts["label_encoder"].save(str(folder / "label_encoder.txt"))


def classifier_of(folder: Path) -> Any:
    """speechbrain's `EncoderClassifier` of the whole folder, the hub's name replaced by the folder's."""
    import_speechbrain()
    from speechbrain.inference.classifiers import EncoderClassifier
    from speechbrain.utils.fetching import LocalStrategy

    return EncoderClassifier.from_hparams(
        source=str(folder), savedir=str(folder), overrides={"pretrained_path": str(folder)},
        run_opts={"device": "cpu"}, local_strategy=LocalStrategy.NO_LINK,
    )  # fmt: skip
