"""Where the numbers come from: weights, deciding parameters, package versions; no clock, host or revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aver.report.inputs import Inputs
from aver.report.words import DASH, setting

PACKAGES = ("opencv-python-headless", "speechbrain", "tensorflow", "torch")


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
            record["sha256"][:12] if "sha256" in record else DASH,
            record.get("licence") or DASH,
        )
        for encoder, record in inputs.weights.items()
    ]


def seeded(inputs: Inputs) -> list[str]:
    """Return the encoders whose weights are random; where there are no weights yet, what `params.yaml` asks for."""
    asked = inputs.params.weights
    return [name for name, record in inputs.weights.items() if record.get("source", asked[name].source) == "seeded"]


def resting_on(inputs: Inputs, encoders: list[str]) -> dict[str, list[str]]:
    """Return the strategies with a stream from one of these encoders, and for each the encoders it takes."""
    streams = inputs.params.features
    found = {}
    for cell in inputs.scores:
        taken = {streams[stream].encoder for stream in cell["streams"] if stream in streams}
        if taken & set(encoders):
            found[cell["strategy"]] = sorted(taken & set(encoders))
    return dict(sorted(found.items()))


def blocks(inputs: Inputs) -> list[Block]:
    """Return the parameters that decide the numbers, of several budgets only the one that was used."""
    params = inputs.params
    head = asdict(params.classifiers)
    del head["budgets"]
    found = [_block(f"benchmarks.{name}", asdict(block)) for name, block in sorted(params.benchmarks.items())]
    found.append(_block("classifiers", head))
    found.append(_block(f"classifiers.budgets.{params.budget}", asdict(params.classifiers.budgets[params.budget])))
    used = (params.classifiers.visual, params.classifiers.acoustic)
    found += [_block(f"features.{stream}", asdict(params.features[stream])) for stream in used]
    found.append(_block("evaluation", asdict(params.evaluation)))
    return found


def _block(name: str, content: Mapping[str, Any]) -> Block:
    return Block(name, [(key, setting(value)) for key, value in content.items()])


def versions() -> list[tuple[str, str]]:
    """Return (package, version) of what computes features and models; `+cpu` and the like are cut off."""
    return [(package, _version(package)) for package in PACKAGES]


def _version(package: str) -> str:
    try:
        return version(package).partition("+")[0]
    except PackageNotFoundError:
        return DASH
