"""The questions to trained models, as tasks of the clip cache: a model that was asked once is not asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from aver.cache.cache import Cache, Done, Failed, Inline, Source, Step
from aver.cache.code import code_digests
from aver.cache.lock import hold
from aver.cache.objects import Arrays, digest_of, file_digest, scratch, unpack
from aver.cache.sealed import canonical
from aver.classifiers.models import File, model_files
from aver.classifiers.noise import modalities
from aver.classifiers.prepare import Prepared, prepare
from aver.classifiers.probe import ProbeParams, probe
from aver.device import torch_runtime
from aver.errors import BenchmarkError
from aver.evaluation.over_time.probed import Probed
from aver.parallel import Runner, Task, run_tasks
from aver.params.blocks import OverTime, Params
from aver.sequences.roles import TEST
from aver.sequences.split import Fold
from aver.sequences.timeline import ClipKey, Timeline

#: Of arrays that `probe` returns, by the field of `Probed` that they fill.
PARTS = {"said": "said_", "noise": "noise_", "layers": "layers_", "attention": "attention_"}


@dataclass(frozen=True)
class Question:
    """A model to be asked.

    Args:
        model: its file.
        digest: the file's sha256.
        fold: that it is asked about.
        noisy: the noise with which it was trained.
        reducer: the file of the fold's reducer, where the strategy has one.
    """

    model: File
    digest: str
    fold: Fold
    noisy: str
    reducer: Path

    @property
    def name(self) -> str:
        """As its file is called, and its noise."""
        return f"{self.model.path.stem}{self.noisy and f' noisy {self.noisy}'}"


def ask(
    benchmark: str,
    strategy: str,
    folds: list[dict[str, Any]],
    features: Path,
    classifiers: Path,
    chosen: ClipKey | None,
    params: Params,
    run: Runner = run_tasks,
) -> tuple[Timeline, list[Probed]]:
    """Ask every model of a strategy, under the benchmark's own protocol, about the clips that its fold tests.

    Args:
        benchmark: its name.
        strategy: its name.
        folds: rows of `folds.parquet`.
        features: the folder with `<corpus>/<stream>`.
        classifiers: `data/classifiers/<benchmark>/<strategy>`.
        chosen: corpus and id of the clip whose attention is wanted.
        params: all params.
        run: `look_up` asks nothing; what is returned then holds no answers.

    Raises:
        BenchmarkError: the strategy cannot be served there, or a model is unusable.
        StoreError: a file is missing or damaged.
        CacheError: the clip cache cannot be written.
    """
    ready = prepare(benchmark, strategy, folds, features, params)
    questions = _questions(ready, classifiers)
    cache, label = Cache(), f"evaluation {benchmark} {strategy} over time"
    asked = _asked(ready.layout.line, chosen, params.evaluation.over_time)
    tasks = _tasks(ready, questions, asked, Path())
    if run is not run_tasks:
        run(tasks, label, ready.parallel, cache, "model")
        return ready.layout.line, []
    hold(cache.root)
    if not all(cache.find(task.step, task.inputs) for task in tasks):
        with scratch(cache.root) as folder:
            fitted = {one.fold.name: one.reducer for one in questions if ready.strategy.reducer}
            ready.write_rows(folder, {name: unpack(path.read_bytes()) for name, path in fitted.items()})
            found = _run(_tasks(ready, questions, asked, folder), label, ready, cache)
    else:
        found = _run(tasks, label, ready, cache)
    probed = [_probed(one, arrays, asked["looks_s"]) for one, arrays in zip(questions, found, strict=True)]
    return ready.layout.line, probed


def looks(line: Timeline, every_s: float) -> np.ndarray:
    """Return the times of the looks: every so many seconds until every step is known, [K] float64 seconds."""
    count = max(1, int(np.ceil(round(float(line.known_s.max()) / every_s, 6))))
    return np.arange(1, count + 1) * every_s


def _asked(line: Timeline, chosen: ClipKey | None, block: OverTime) -> Arrays:
    return {
        "owner": line.owner,
        "known_s": line.known_s,
        "looks_s": looks(line, block.window_s),
        "chosen": np.int64(line.clips.index(chosen) if chosen in line.clips else -1),
    }


def _questions(ready: Prepared, classifiers: Path) -> list[Question]:
    folds = {fold.number: fold for fold in ready.layout.folds if fold.protocol == ready.headline}
    found = []
    for noisy in ("", *ready.noisy):
        folder = classifiers / "noisy" / noisy if noisy else classifiers / "models"
        for file in model_files(folder, ready.headline):
            fold = folds[file.fold]
            reducer = classifiers / "reducers" / f"{fold.name}.npz"
            found.append(Question(file, file_digest(file.path), fold, noisy, reducer))
    return found


def _tasks(ready: Prepared, questions: Sequence[Question], asked: Arrays, rows_in: Path) -> list[Task]:
    block, fit, strategy = ready.params.evaluation.over_time, ready.fit_params(), ready.strategy
    # Reduced rows hold no modality apart, so there is none to put noise in.
    every = () if strategy.reducer else modalities(strategy.roles)
    params = ProbeParams(strategy.train.__module__, fit, every, block.noise_repeats, block.noise_seed)
    step = Step("probe", probe, params, torch_runtime(fit.device))
    reducers = {one.fold.name: file_digest(one.reducer) for one in questions if strategy.reducer}
    # The network is found by its module's name, so no import tells that its code is used.
    code, of_others = code_digests(params.module), Inline(asked | {"chosen": np.int64(-1)})
    of_its_fold = Inline(asked)
    tasks = []
    for one in questions:
        own = replace(step, params=replace(params, noisy=(one.noisy,))) if one.noisy else step
        parts = {"model": one.digest, "code": code}
        model = Source(digest_of(canonical(parts).encode()), one.model.path)
        rows = ready.files(one.fold, rows_in, reducers)
        # So another chosen clip asks only the models that test it.
        tests_it = (one.fold.roles[asked["owner"] == asked["chosen"]] == TEST).any()
        known = of_its_fold if tests_it else of_others
        tasks.append(Task(one.name, own, {"table": ready.table(one.fold), "asked": known, "model": model, **rows}))
    return tasks


def _run(tasks: Sequence[Task], label: str, ready: Prepared, cache: Cache) -> list[Arrays]:
    found = []
    for task, outcome in zip(tasks, run_tasks(tasks, label, ready.parallel, cache, "model").outcomes, strict=True):
        if not isinstance(outcome, Done):
            why = outcome.detail if isinstance(outcome, Failed) else "was not asked"
            raise BenchmarkError(f"{label}: {task.name}: {why}")
        found.append(cache.load(outcome.digest))
    return found


def _probed(one: Question, arrays: Arrays, looks_s: np.ndarray) -> Probed:
    parts = {
        field: {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}
        for field, start in PARTS.items()
    }
    windows = {role: int(arrays[f"windows_{role}"]) for role in parts["layers"]}
    return Probed(
        fold=one.model.fold,
        seed=one.model.seed,
        noisy=one.noisy,
        clips=arrays["clips"],
        looks_s=looks_s,
        layer_windows=windows,
        **parts,
    )
