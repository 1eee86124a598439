"""Which models are asked: benchmark, strategy and protocol, and of a benchmark's own clip those that never saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aver.classifiers.models import Models, read_models
from aver.classifiers.registry import get_strategy, is_published
from aver.cli.dvc import grid
from aver.cli.prediction.answer import PredictError
from aver.errors import AverError, ParamsError
from aver.folds.roles import TEST, WINDOWS
from aver.params.names import STRATEGIES, known
from aver.store.out import read_json, read_rows

if TYPE_CHECKING:
    from aver.params.blocks import Params

#: What sets the folds of a protocol apart, in words.
APART = {
    "subject": "each fold trained on other speakers",
    "loso": "each fold trained on all speakers but one",
    "cross": "trained on other corpora than they were tested on",
    "clip": "trained on a random 80 % of the clips",
    "window": "trained on a random 80 % of the sequences",
}


@dataclass(frozen=True)
class Chosen:
    """The models that a user asks.

    Args:
        benchmark, strategy, protocol: whose.
        models: all of them.
        partial: they can do without one of the modalities.
        own: sha256 → the rows of `folds.parquet` (of this protocol) of the benchmark's own clips.
    """

    benchmark: str
    strategy: str
    protocol: str
    models: Models
    partial: bool
    own: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def words(self) -> str:
        """Who answers, in one sentence."""
        members = self.models.members
        folds, seeds = ({getattr(model, key) for model in members} for key in ("fold", "seed"))
        runs = f"{_number(len(folds), 'fold')} × {_number(len(seeds), 'seed')}"
        return (
            f"{self.strategy} on benchmark {self.benchmark}, protocol {self.protocol}: the mean of "
            f"{_number(len(members), 'model')} ({runs}, {APART[self.protocol]})"
        )

    def fair(self, sha256: str) -> tuple[Models, str]:
        """Return the models that neither trained nor validated on a content, and what is to be said of it.

        Raises:
            PredictError: there are none.
        """
        rows = self.own.get(sha256, ())
        if not rows:
            return self.models, ""
        names = ", ".join(sorted({f"{row['clip_id']} of corpus {row['corpus']}" for row in rows}))
        if any(row["role"] == WINDOWS for row in rows):
            raise PredictError(
                f"its content is that of {names}, a clip of the benchmark. Protocol {self.protocol} deals the "
                "sequences of every clip one by one, so all its models know parts of this one. Ask the models of "
                "another protocol (--protocol subject)"
            )
        seen = {row["fold"] for row in rows if row["role"] != TEST}
        models = self.models.without(seen)
        if not models.members:
            raise PredictError(
                f"its content is that of {names}, a clip of the benchmark, and every model of protocol "
                f"{self.protocol} trained or validated on it: none can be asked about it"
            )
        return models, (
            f"Its content is that of {names}, a clip of the benchmark: asked are only the {len(models.members)} of "
            f"{len(self.models.members)} models that neither trained nor validated on it."
        )


def choose(data: Path, benchmark: str, strategy: str, protocol: str, params: Params) -> Chosen:
    """Return the models of a strategy on a benchmark under a protocol.

    Args:
        data: the folder of the stage outs.
        benchmark: its name; empty: the first one of `params.yaml`.
        strategy: its name; empty: `fusion` of `params.yaml`.
        protocol: its name; empty: the benchmark's headline.
        params: all params.

    Raises:
        ParamsError: an unknown name.
        PredictError: no such model was trained yet.
        BenchmarkError: it cannot be trained, or its training diverged.
        StoreError: a file is missing or damaged.
    """
    if not params.benchmarks:
        raise ParamsError("params.yaml has no benchmark, so no model is ever trained; add one under `benchmarks`")
    benchmark = benchmark or next(iter(params.benchmarks))
    strategy = strategy or params.fusion
    known("benchmark of params.yaml", benchmark, list(params.benchmarks))
    known("strategy", strategy, STRATEGIES)
    block = params.benchmarks[benchmark]
    protocol = protocol or block.protocol
    known(f"protocol of benchmark {benchmark}", protocol, block.protocols)
    folder = data / "classifiers" / benchmark / strategy
    if not (folder / "summary.json").is_file():
        raise PredictError(_untrained(data, benchmark, strategy, params.fusion))
    models = read_models(folder, protocol)
    partial = get_strategy(strategy).partial and not is_published(strategy)
    return Chosen(benchmark, strategy, protocol, models, partial, _own(data / "folds" / benchmark, protocol))


def trained(data: Path, benchmark: str) -> list[str]:
    """Return the strategies that have models on a benchmark."""
    found = []
    for file in sorted((data / "classifiers" / benchmark).glob("*/summary.json")):
        try:
            if read_json(file)["model"] is not None and file.parent.name in STRATEGIES:
                found.append(file.parent.name)
        except (AverError, OSError, KeyError, TypeError):
            continue  # whoever asks it is told what is wrong with it
    return found


def _own(folder: Path, protocol: str) -> dict[str, list[dict[str, Any]]]:
    file = folder / "folds.parquet"
    if not file.is_file():
        raise PredictError(
            f"{file} is missing: without it nobody knows which clips the models were trained on. Restore it with "
            "`dvc checkout`, or fetch it with `dvc pull`"
        )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(file, ["protocol", "fold", "corpus", "clip_id", "role", "sha256"]):
        if row["protocol"] == protocol:
            found.setdefault(row["sha256"], []).append(row)
    return found


def _untrained(data: Path, benchmark: str, strategy: str, fusion: str) -> str:
    how = "`dvc repro`" if strategy in (fusion, *grid()) else f"`dvc exp run -S fusion={strategy}`"
    others = ", ".join(trained(data, benchmark))
    there = f" Trained there: {others} (--strategy)." if others else ""
    where = data / "classifiers" / benchmark / strategy
    return f"no model of {strategy} was trained on benchmark {benchmark} yet ({where}). Train it with {how}.{there}"


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count != 1 else ''}"
