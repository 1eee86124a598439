"""The folder of speechbrain/spkrec-xvect-voxceleb as published, with random numbers, written by speechbrain's code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from aver.weights.speechbrain_import import import_speechbrain

HYPERPARAMS = Path(__file__).with_name("hyperparams.yaml").read_text(encoding="utf-8")


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
