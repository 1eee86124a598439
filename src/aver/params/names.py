"""The names that `params.yaml` may use.  Adding a corpus, an encoder or a strategy is one file and one line here.

The names stand apart from what they name, so that a typo fails at once, without importing torch or TensorFlow.  Name
and module agree: strategy `concat` is `aver.classifiers.concat`, a dash in a name is an underscore in the module.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

from aver.errors import ParamsError

#: Corpus adapters: `aver.corpora.<name>`.
ADAPTERS = ("baum1", "cremad", "enterface05", "folder", "ravdess", "rml", "savee", "synthetic")
#: Face detectors: `aver.faces.<name>`.
DETECTORS = ("haar", "mtcnn")
#: Encoders and what they read: `aver.features.<name>`.
ENCODERS = {"vggface": "faces", "vggish": "sound", "xvector": "sound"}
#: What the encoders of sound were trained on, hertz.
SAMPLE_RATE_HZ = 16000
#: Fusions: `aver.classifiers.<name>`.
FUSIONS = ("acoustic", "autoencoder", "concat", "embrace", "pca", "visual")
#: Behind a fusion's name: as published, with what AVER corrects put back (`aver.classifiers.strategy`).
PAPER = "-paper"
#: Fusion strategies.
STRATEGIES = tuple(sorted((*FUSIONS, *(fusion + PAPER for fusion in FUSIONS))))
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
