"""The names that `params.yaml` may use.  Adding a corpus, an encoder or a strategy is one file and one line here.

The names stand apart from what they name, so that a typo fails at once, without importing torch or TensorFlow.  Name
and module agree: strategy `concat` is `aver.classifiers.concat`, a dash in a name is an underscore in the module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

from aver.errors import ParamsError

#: Corpus adapters: `aver.corpora.<name>`.
ADAPTERS = ("baum1", "cremad", "enterface05", "folder", "ravdess", "rml", "savee", "synthetic")
#: Face detectors: `aver.faces.<name>`.
DETECTORS = ("haar", "mtcnn")


@dataclass(frozen=True)
class About:
    """What is known of an encoder without importing it.

    Args:
        reads: `faces` or `sound`.
        weights: the name of its weights under `weights`.
        keys: the keys of a stream that it understands beside the common ones, each with the accepted values, of which
            the first is the default; an empty tuple stands for a number.
        precision: the default precision on each class of device; one that is not among its values is not offered.
    """

    reads: str
    weights: str
    keys: Mapping[str, tuple[str, ...]]
    precision: Mapping[str, str]


_FLOAT = {"cpu": "fp32", "cuda": "fp32"}
#: Networks of convolutions only: on CUDA bfloat16 is several times as fast, and rows keep a cosine above 0.999.
_MIXED = {"cpu": "fp32", "cuda": "bf16"}
_PRECISION = ("fp32", "bf16")
_SCALING = ("own", "rgb01", "bgr01")
_POOLING = ("mean", "max")
#: Encoders: `aver.features.<name>`.
ENCODERS = {
    "vggface": About(
        "faces", "vggface",
        {"layer": ("trunk", "pooled", "fc7"), "input_px": (), "scaling": _SCALING, "precision": _PRECISION},
        _MIXED,
    ),
    "vggm": About(
        "faces", "vggm",
        {"layer": ("conv5",), "input_px": (), "scaling": _SCALING, "pooling": _POOLING, "precision": _PRECISION},
        _MIXED,
    ),
    "resnet50": About(
        "faces", "resnet50",
        {"layer": ("pooled",), "input_px": (), "scaling": _SCALING, "precision": _PRECISION},
        _MIXED,
    ),
    "xvector": About("sound", "xvector", {"layer": ("embedding",), "precision": _PRECISION}, _FLOAT),
    "vggish": About("sound", "vggish", {"layer": ("embedding",), "precision": ("fp32",)}, _FLOAT),
    "vggish-torch": About(
        "sound", "vggish", {"layer": ("conv4", "embedding"), "pooling": _POOLING, "precision": _PRECISION}, _MIXED
    ),
}  # fmt: skip
#: What is named under `weights`.
WEIGHTS = tuple(sorted({about.weights for about in ENCODERS.values()}))
#: What the encoders of sound were trained on, hertz.
SAMPLE_RATE_HZ = 16000
#: Networks: system A's, named after their fusions, and system B's `mater`: `aver.classifiers.<name>`.
NETWORKS = ("acoustic", "autoencoder", "concat", "embrace", "mater", "pca", "visual")
#: Strategies that are another one with parts switched off: its name, and the params that say so.
ABLATIONS: Mapping[str, tuple[str, Mapping[str, bool]]] = {
    "mater-baseline": ("mater", {"attention": False, "position": False}),
    "mater-no-attention": ("mater", {"attention": False}),
    "mater-no-position": ("mater", {"position": False}),
}
#: Behind a strategy's name: as published, with what AVER corrects put back (`aver.classifiers.strategy`).
PAPER = "-paper"
#: Fusion strategies.
STRATEGIES = tuple(sorted(name + end for name in (*NETWORKS, *ABLATIONS) for end in ("", PAPER)))
#: What is fitted on a fold's training clips and used by strategies: `aver.reducers.<name>`.
REDUCERS = ("autoencoder", "pca")
#: Label sets of benchmarks; what they hold stands in `aver.folds.labels`.
LABEL_SETS = ("basic6", "five", "native", "seven")
#: The window of picture encoders: one row per kept frame with a face.
FRAMES = "frames"


def known(kind: str, name: str, names: tuple[str, ...] | list[str]) -> None:
    """Raise `ParamsError` naming the known names (and the nearest one) unless `name` is one of them."""
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    hint = f", did you mean {near[0]!r}?" if near else "."
    raise ParamsError(f"{kind}: unknown name {name!r}{hint} Known: {', '.join(sorted(names)) or '(none)'}")


def module_of(package: str, name: str) -> ModuleType:
    """Import and return the module that a known name stands for: `module_of("classifiers", "concat")`."""
    return import_module(f"aver.{package}.{name.replace('-', '_')}")
