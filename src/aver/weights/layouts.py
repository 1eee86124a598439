"""Which files make up an encoder's weights.  Seeded and pretrained weights have the same files and the same loader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """The files of one encoder's weights.

    Args:
        files: names that must be there, relative to the folder of the weights.
        optional: names that are taken along when the source has them.
        hashed: the files that hold the numbers; the digest of seeded weights covers only these.
        published: where the original is described, for the error that explains how to get it.
        licence: the licence under which it is published.
    """

    files: tuple[str, ...]
    optional: tuple[str, ...]
    hashed: tuple[str, ...]
    published: str
    licence: str


_VARIABLES = ("variables/variables.data-00000-of-00001", "variables/variables.index")

LAYOUTS: dict[str, Layout] = {
    "vggface": Layout(
        files=("vgg_face_weights.pth",),
        optional=(),
        hashed=("vgg_face_weights.pth",),
        published="DeepFace's PyTorch state dict `vgg_face_weights.pth` (VGG-Face, Parkhi et al. 2015)",
        licence="CC BY-NC 4.0 (Oxford VGG): non-commercial",
    ),
    "xvector": Layout(
        files=("hyperparams.yaml", "embedding_model.ckpt"),
        optional=("mean_var_norm_emb.ckpt", "classifier.ckpt", "label_encoder.txt"),
        hashed=("embedding_model.ckpt", "hyperparams.yaml"),
        published="the folder of the model speechbrain/spkrec-xvect-voxceleb",
        licence="Apache-2.0; trained on VoxCeleb",
    ),
    "vggish": Layout(
        files=("saved_model.pb", *_VARIABLES),
        optional=("fingerprint.pb", "assets/vggish_class_map.csv"),
        hashed=_VARIABLES,
        published="the SavedModel google/vggish/1 (Hershey et al. 2017), unpacked",
        licence="Apache-2.0; trained on YouTube-8M",
    ),
}
