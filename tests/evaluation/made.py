"""Made-up predictions: what the classifiers and folds stages would have written, for tests of evaluation and report.

`acted`: 12 speakers, 4 labels, protocol `subject`, beside it `clip` and `window`; all strategies have scores.
As the classifiers stage does, protocols beside the headline train the first seed only, and sequences are dealt by the
strategy: sound has one per clip, so under `window` it tests fewer clips.
`home`: 3 speakers, 3 labels, protocol `loso`, beside it `clip`; `pca` and `embrace` have a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aver.evaluation.compare import evaluate
from aver.evaluation.flat import comparison, headline
from aver.evaluation.write import write_evaluation as write_results
from aver.params.blocks import Benchmark, Corpus, OverTime, Params
from aver.params.file import load
from aver.store.out import write_json

ROOT = Path(__file__).parents[2]
#: strategy → how much its probabilities lean to the right label.
SKILLS = {"acoustic": 0.9, "autoencoder": 1.2, "concat": 1.6, "concat-paper": 1.4, "embrace": 2.0, "pca": 1.5,
          "visual": 1.1}  # fmt: skip
#: protocol → what is added to it where speakers or clips were met in training.
LEAKS = {"subject": 0.0, "loso": 0.0, "cross": 0.0, "clip": 0.6, "window": 1.5}
STREAMS = {"visual": "vggface", "acoustic": "xvector-thirds"}
_ASKED_NOTHING = OverTime(strategies=(), window_s=0.5, noise_repeats=1, noise_seed=0, clip="")
GAPS = {
    "pca": "pca needs as many training clips as components (3 clips, 5 components): lower reducers.pca.variance",
    "embrace": "fold 0 has no clip of glad left to train: 4 clips lack features (visual: no_face 4)",
}


@dataclass(frozen=True)
class Made:
    """One benchmark to make up: its clips are speakers × labels × takes."""

    benchmark: Benchmark
    labels: tuple[str, ...]
    speakers: int
    takes: int
    gaps: Mapping[str, str] = field(default_factory=dict)
    sequences: int = 2
    named: bool = True


def benchmark(corpus: str, protocol: str, beside: Sequence[str] = (), seeds: Sequence[int] = (0, 1)) -> Benchmark:
    folds = 4 if "subject" in (protocol, *beside) else None
    return Benchmark(
        corpora=(corpus,), protocol=protocol, validation_fraction=0.2, fold_seed=0, seeds=tuple(seeds), folds=folds,
        beside=tuple(beside),
    )  # fmt: skip


BENCHMARKS = {
    "acted": Made(benchmark("studio", "subject", ("clip", "window")), ("angry", "happy", "neutral", "sad"), 12, 3),
    "home": Made(benchmark("phone", "loso", ("clip",)), ("bored", "cross", "glad"), 3, 4, GAPS),
}


def params_of(made: Mapping[str, Made] = BENCHMARKS, fusion: str = "embrace", **evaluation: Any) -> Params:
    """Return the repository's params with the made-up benchmarks, few resamplings, and no model that could be asked."""
    base = load(ROOT / "params.yaml")
    corpora = {corpus for one in made.values() for corpus in one.benchmark.all_corpora}
    return replace(
        base,
        fusion=fusion,
        corpora={name: Corpus(root=f"data/raw/{name}", adapter="folder") for name in sorted(corpora)},
        benchmarks={name: one.benchmark for name, one in made.items()},
        evaluation=replace(base.evaluation, **{"bootstrap_draws": 200, "over_time": _ASKED_NOTHING, **evaluation}),
    )


def write_trained(data: Path, made: Mapping[str, Made] = BENCHMARKS, skills: Mapping[str, float] = SKILLS) -> None:
    """Write `folds/<benchmark>` and `classifiers/<benchmark>/<strategy>` into `data`."""
    for name, one in made.items():
        clips = clips_of(one)
        tested = {protocol: _tested(protocol, one, len(clips)) for protocol in one.benchmark.protocols}
        write_json(data / "folds" / name / "summary.json", _split(one, clips, tested))
        _folds(clips, tested).to_parquet(data / "folds" / name / "folds.parquet", index=False)
        for strategy, skill in skills.items():
            folder = data / "classifiers" / name / strategy
            folder.mkdir(parents=True)
            gap = one.gaps.get(strategy, "")
            own = replace(one, sequences=1) if strategy == "acoustic" else one
            rows = [predictions(own, clips, protocol, folds, skill) for protocol, folds in tested.items()]
            whole = pd.concat(rows, ignore_index=True)
            (whole[:0] if gap else whole).to_parquet(folder / "predictions.parquet", index=False)
            curves = history(one, tested, skill)
            (curves[:0] if gap else curves).to_parquet(folder / "history.parquet", index=False)
            write_json(folder / "summary.json", _trained(one, strategy, gap, len(clips)))


def write_evaluation(root: Path, made: Mapping[str, Made] = BENCHMARKS, params: Params | None = None) -> Params:
    """Write `data/{folds,classifiers,evaluation}`, `metrics.json` and `reports/comparison.json`; return the params."""
    params = params or params_of(made)
    write_trained(root / "data", made)
    found = evaluate(root / "data", sorted(SKILLS), params)
    (root / "data/evaluation").mkdir(parents=True)
    write_results(root / "data/evaluation", found)
    write_json(root / "metrics.json", headline(found.cells, params.fusion))
    write_json(root / "reports/comparison.json", comparison(found.cells))
    return params


def predictions_of(data: Path, benchmark: str, strategy: str) -> Path:
    """Return where `write_trained` leaves the predictions of a strategy."""
    return data / "classifiers" / benchmark / strategy / "predictions.parquet"


def clips_of(made: Made) -> pd.DataFrame:
    """Return corpus, people, clip_id, speaker and label of every clip."""
    corpora = made.benchmark.all_corpora
    return pd.DataFrame(
        {
            "corpus": corpora[speaker % len(corpora)],
            "people": corpora[speaker % len(corpora)],
            "clip_id": f"S{speaker:02}_{label}_T{take}",
            "speaker": f"{speaker:02}" if made.named else "",
            "label": label,
        }
        for speaker in range(made.speakers)
        for label in made.labels
        for take in range(made.takes)
    )


def predictions(
    made: Made, clips: pd.DataFrame, protocol: str, folds: Mapping[int, np.ndarray], skill: float, draw: int = 0
) -> pd.DataFrame:
    """Return rows of `predictions.parquet` under one protocol; a speaker and a clip are hard for everybody alike."""
    number = {label: k for k, label in enumerate(made.labels)}
    per_speaker = len(made.labels) * made.takes
    shared = np.random.default_rng(7)
    hard = shared.normal(size=(made.speakers, 1)).repeat(per_speaker, axis=0) + shared.normal(size=(len(clips), 1))
    rng = np.random.default_rng([draw, round(1000 * skill), len(protocol)])
    parts = []
    for fold, rows in folds.items():
        for seed in _seeds(made, protocol):
            rows_, sequence = _sequences(made, protocol, rows)
            logits = rng.normal(size=(len(rows_), len(made.labels)))
            actual = clips["label"].map(number).to_numpy()[rows_]
            logits[np.arange(len(rows_)), actual] += skill + LEAKS[protocol] - 0.3 * hard[rows_, 0]
            chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            part = clips.iloc[rows_].reset_index(drop=True)
            part.insert(0, "protocol", protocol)
            part.insert(1, "fold", np.int32(fold))
            part.insert(2, "seed", np.int32(seed))
            part["sequence"], part["t0_s"], part["t1_s"] = sequence, 0.5 * sequence, 0.5 * sequence + 1.0
            parts.append(part.assign(**{f"p_{label}": chances[:, k].astype(np.float32) for label, k in number.items()}))
    return pd.concat(parts, ignore_index=True)


def history(made: Made, tested: Mapping[str, Mapping[int, np.ndarray]], skill: float) -> pd.DataFrame:
    """Return rows of `history.parquet`: three epochs, the second the best."""
    rows = [
        {"protocol": protocol, "fold": fold, "seed": seed, "epoch": epoch, "train_loss": 1.5 / (skill * (epoch + 1)),
         "validation_loss": 1.2 + 0.1 * abs(epoch - 1) + 0.01 * fold, "validation_accuracy": 0.5 + 0.1 * epoch,
         "learning_rate": 1e-3, "best": epoch == 1}
        for protocol, folds in tested.items() for fold in folds for seed in _seeds(made, protocol) for epoch in range(3)
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"fold": "int32", "seed": "int32", "epoch": "int32"})


def _seeds(made: Made, protocol: str) -> Sequence[int]:
    return made.benchmark.seeds if protocol == made.benchmark.protocol else made.benchmark.seeds[:1]


def _sequences(made: Made, protocol: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the clip and the number of each tested sequence; under `window` every fifth of all, else all of `rows`."""
    owner = rows.repeat(made.sequences)
    number = np.tile(np.arange(made.sequences, dtype=np.int32), len(rows))
    return (owner[::5], number[::5]) if protocol == "window" else (owner, number)


def _folds(clips: pd.DataFrame, tested: Mapping[str, Mapping[int, np.ndarray]]) -> pd.DataFrame:
    """Return rows of `folds.parquet`; under `window` clips have no role of their own."""
    parts = []
    for protocol, folds in tested.items():
        for fold, rows in folds.items():
            role = np.where(np.isin(np.arange(len(clips)), rows), "test", "train")
            part = clips.assign(
                protocol=protocol, fold=np.int32(fold), role="windows" if protocol == "window" else role
            )
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _tested(protocol: str, made: Made, clips: int) -> dict[int, np.ndarray]:
    """Return the tested clips of each fold: speakers dealt in turn, all under `window`, else every fifth clip.

    Under `cross`, those of the test corpora.
    """
    if protocol == "window":
        return {0: np.arange(clips)}
    speaker = np.repeat(np.arange(made.speakers), len(made.labels) * made.takes)
    if protocol == "cross":
        held = [corpus in made.benchmark.test_corpora for corpus in made.benchmark.all_corpora]
        return {0: np.flatnonzero(np.array(held)[speaker % len(held)])}
    if protocol not in ("subject", "loso"):
        return {0: np.arange(0, clips, 5)}
    folds = made.benchmark.folds if protocol == "subject" and made.benchmark.folds else made.speakers
    return {fold: np.flatnonzero(speaker % folds == fold) for fold in range(folds)}


def _split(made: Made, clips: pd.DataFrame, tested: Mapping[str, Mapping[int, np.ndarray]]) -> dict[str, Any]:
    protocols = {
        protocol: {
            "folds": {str(k): {"test": len(rows), "train": len(clips) - len(rows)} for k, rows in folds.items()},
            "checked": ["take", "content"],
            "not_checked": [],
        }
        for protocol, folds in tested.items()
    }
    return {
        "protocol": made.benchmark.protocol, "label": "intended", "label_set": "native",
        "corpora": sorted(set(clips["corpus"])), "test_corpora": sorted(made.benchmark.test_corpora),
        "clips": len(clips),
        "speakers": made.speakers if made.named else 0, "labels": clips["label"].value_counts().to_dict(),
        "per_corpus": {}, "left_out": {}, "folds": protocols[made.benchmark.protocol]["folds"], "protocols": protocols,
    }  # fmt: skip


def _trained(made: Made, strategy: str, gap: str, clips: int) -> dict[str, Any]:
    name = strategy.removesuffix("-paper")
    roles = [name] if name in STREAMS else ["visual", "acoustic"]
    model = {"strategy": name, "published": name != strategy, "roles": roles, "classes": len(made.labels),
             "streams": {role: STREAMS[role] for role in roles}}  # fmt: skip
    return {
        "labels": sorted(made.labels), "gap": gap, "clips": 0 if gap else clips, "unscored": {},
        "parameters": 0 if gap else 1234,
        "sequences": 0 if gap else clips * made.sequences, "runs": 0 if gap else len(made.benchmark.seeds),
        "model": None if gap else model,
    }  # fmt: skip
