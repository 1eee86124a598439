"""Which files an encoder's weights are made of.  Seeded and published weights become the same files, for one loader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """The made files of one encoder's weights.

    Args:
        files: names that must be there, relative to the folder of the weights.
        numbers: those that hold the numbers; the digest of seeded weights covers only these.
    """

    files: tuple[str, ...]
    numbers: tuple[str, ...]


_VARIABLES = ("variables/variables.data-00000-of-00001", "variables/variables.index")


def _state(name: str) -> Layout:
    """Return the layout of one PyTorch state dict."""
    return Layout((f"{name}.pth",), (f"{name}.pth",))


LAYOUTS: dict[str, Layout] = {
    "vggface": _state("vggface"),
    "vggm": _state("vggm"),
    "resnet50": _state("resnet50"),
    "xvector": Layout(("embedding_model.ckpt",), ("embedding_model.ckpt",)),
    # The graph that TensorFlow saves counts how many graphs its process made before.
    "vggish": Layout(("saved_model.pb", *_VARIABLES, "vggish.pth"), (*_VARIABLES, "vggish.pth")),
}
