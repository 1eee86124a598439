"""Where the numbers come from: weights, deciding parameters, installed packages, digests.

No clock, no host and no git revision: the report is a DVC out, the same bytes for the same inputs, and the revision
that commits it does not exist yet when it is written.  What decides the numbers is named by digest instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aver.params.classifiers import SYSTEMS, system_of
from aver.params.names import ENCODERS
from aver.report.inputs import Inputs
from aver.report.words import DASH, setting

PACKAGES = (
    "aver",
    "imageio-ffmpeg", "mtcnn", "numpy", "opencv-python-headless", "pandas", "scipy", "speechbrain", "tensorflow",
    "tensorflow-hub", "torch",
)  # fmt: skip
#: Keys that change no number: how long a clip may take, on what and how many at once.
NO_PART = {"device", "timeout_s", "together"}
#: Digits of a digest that are shown.
SHOWN = 12


@dataclass(frozen=True)
class WeightsRow:
    """The weights of one encoder."""

    encoder: str
    source: str
    sha256: str
    licence: str


@dataclass(frozen=True)
class Block:
    """One block of `params.yaml` as (key, value) pairs."""

    name: str
    settings: list[tuple[str, str]]


def weights(inputs: Inputs) -> list[WeightsRow]:
    """Return the weights of every encoder in `params.yaml`."""
    return [
        WeightsRow(
            encoder,
            record.get("source", DASH),
            record["sha256"][:SHOWN] if "sha256" in record else DASH,
            record.get("licence") or DASH,
        )
        for encoder, record in inputs.weights.items()
    ]


def seeded(inputs: Inputs) -> list[str]:
    """Return the weights that are random; where there are no weights yet, what `params.yaml` asks for."""
    asked = inputs.params.weights
    return [name for name, record in inputs.weights.items() if record.get("source", asked[name].source) == "seeded"]


def resting_on(inputs: Inputs, names: list[str]) -> dict[str, list[str]]:
    """Return the strategies with a stream from some of these weights, and for each those that it rests on."""
    streams = inputs.params.features
    found = {}
    for cell in inputs.scores:
        if cell.get("gap"):
            continue
        taken = {ENCODERS[streams[stream].encoder].weights for stream in cell["streams"] if stream in streams}
        if taken & set(names):
            found[cell["strategy"]] = sorted(taken & set(names))
    return dict(sorted(found.items()))


def blocks(inputs: Inputs) -> list[Block]:
    """Return the parameters that decide the numbers, of several budgets only the one that was used."""
    return [Block(name, [(key, setting(value)) for key, value in block.items()]) for name, block in _blocks(inputs)]


def _blocks(inputs: Inputs) -> list[tuple[str, dict[str, Any]]]:
    params = inputs.params
    head, systems = asdict(params.classifiers), _systems(inputs)
    for system in SYSTEMS:
        del head[system]
    found = [(f"benchmarks.{name}", asdict(block)) for name, block in sorted(params.benchmarks.items())]
    found.append(("classifiers", head))
    for system in systems:
        own = asdict(getattr(params.classifiers, system))
        budget = own.pop("budgets")[params.budget]
        found += [(f"classifiers.{system}", own), (f"classifiers.{system}.budgets.{params.budget}", budget)]
    found += [(f"reducers.{name}", block) for name, block in asdict(params.reducers).items()]
    blocks = [getattr(params.classifiers, system) for system in systems]
    used = dict.fromkeys(stream for block in blocks for stream in (block.visual, block.acoustic))
    found += [(f"features.{stream}", asdict(params.features[stream])) for stream in used]
    windows = dict.fromkeys(params.features[stream].window for stream in used)
    found += [(f"windows.{name}", asdict(params.windows[name])) for name in windows if name in params.windows]
    found += [("media", asdict(params.media)), ("faces", asdict(params.faces))]
    evaluation = asdict(params.evaluation)
    over_time = evaluation.pop("over_time")
    found += [("evaluation", evaluation), ("evaluation.over_time", over_time)]
    return found


def _systems(inputs: Inputs) -> list[str]:
    """Return the systems of the strategies that are compared; all of them where nothing is compared yet."""
    compared = {system_of(cell["strategy"]) for cell in inputs.scores}
    return [system for system in SYSTEMS if system in compared or not compared]


def params_digest(inputs: Inputs) -> str:
    """Return the sha256 of the deciding parameters: the same on two machines that computed the same thing."""
    content = {name: _deciding(block) for name, block in _blocks(inputs)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _deciding(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key not in NO_PART}


def predictions(inputs: Inputs) -> list[tuple[str, str]]:
    """Return (benchmark · strategy, first digits of the sha256) of every file of predictions."""
    return [
        (f"{benchmark} · {strategy}", digest[:SHOWN])
        for (benchmark, strategy), digest in sorted(inputs.predictions.items())
    ]


def versions() -> list[tuple[str, str]]:
    """Return (package, version) as installed now of what computes features and models; `+cpu` and the like are cut off.

    The numbers may have been made with others: DVC does not run a stage again because a package changed.
    """
    return [(package, _version(package)) for package in PACKAGES]


def _version(package: str) -> str:
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return DASH
