"""Look up what is computed per benchmark: reducers, training runs, and what trained models are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aver.cli.dvc import grid
from aver.cli.survey.notes import DATA, Notes, Rows, Survey
from aver.errors import BenchmarkError, LeakageError, StoreError
from aver.params.blocks import Benchmark, Params
from aver.params.classifiers import SYSTEMS
from aver.params.names import REDUCERS

if TYPE_CHECKING:
    from aver.classifiers.grid import Grid


def benchmark(name: str, params: Params, known: Mapping[str, Mapping[str, Mapping[str, str]]], found: Survey) -> None:
    """Look up the reducers and training runs of a benchmark; they are known once the features they read are packed."""
    from aver.folds.build import build_folds
    from aver.folds.choose import people_of
    from aver.reducers.build import fit_reducers

    block = params.benchmarks[name]
    clips = {corpus: found.clips[corpus] for corpus in block.all_corpora}
    if not all(clips.values()):
        return _waiting(name, _folds_foreseen(block), params, found)
    try:
        folds = build_folds(name, block, clips, people_of(params.corpora)).rows
    except (BenchmarkError, LeakageError) as exc:
        found.remarks.append(str(exc))
        return None
    systems = [getattr(params.classifiers, system) for system in SYSTEMS]
    streams = {stream for block in systems for stream in (block.visual, block.acoustic)}
    if not all(_packed(corpus, stream, known[corpus].get(stream)) for corpus in clips for stream in streams):
        return _waiting(name, _folds_of(folds), params, found)
    fit_reducers(name, folds, DATA / "features", params, Notes(found, f"reducers@{name}", DATA / "reducers" / name))
    for strategy in _strategies(params):
        _strategy(name, strategy, folds, params, found)
    return None


def _strategies(params: Params) -> list[str]:
    """Return what dvc.yaml compares, the strategy named by `fusion` first."""
    return list(dict.fromkeys([params.fusion, *grid()]))


def _strategy(name: str, strategy: str, folds: Rows, params: Params, found: Survey) -> None:
    """Look up the training runs of a strategy on a benchmark, and what its models were asked."""
    from aver.classifiers.grid import train_grid
    from aver.evaluation.over_time.analyse import analysed

    notes = Notes(found, f"classifiers@{name}-{strategy}", DATA / "classifiers" / name / strategy)
    trained = train_grid(name, strategy, folds, DATA / "features", params, notes)
    if trained.gap:
        found.remarks.append(f"strategy {strategy} on benchmark {name}: {trained.gap}")
        return
    works = [work for work in found.works if work.stage == notes.stage]
    asked, beside = _models(params.benchmarks[name], strategy, _folds_of(folds), params)
    if works[-1].unit == "fold":  # reducers are to be fitted, so the runs that read what they make are not known
        notes.waiting = asked + beside
        notes.note(f"classifiers {name} {strategy}", "run")
    if strategy not in analysed(params, _strategies(params)):
        return
    if any(work.pending for work in works) or not _lie_there(notes.out, trained):
        _over_time_waits(name, strategy, asked, found)
    else:
        _over_time(name, strategy, folds, params, found)


def _lie_there(out: Path, trained: Grid) -> bool:
    """Tell whether a stage's out holds these models and reducers; one at a time is read."""
    from aver.cache.objects import pack
    from aver.classifiers.write import model_bytes, model_file

    def holds(file: Path, content: bytes) -> bool:
        return file.is_file() and file.read_bytes() == content

    return all(holds(out / model_file(*key), model_bytes(trained.runs[key])) for key in trained.runs) and all(
        holds(out / "reducers" / f"{fold}.npz", pack(trained.reducers[fold])) for fold in trained.reducers
    )


def _over_time(name: str, strategy: str, folds: Rows, params: Params, found: Survey) -> None:
    """Look up what the models that lie there were asked about time and noise."""
    from aver.evaluation.over_time.read import chosen_clip
    from aver.evaluation.over_time.tasks import ask

    corpora = params.benchmarks[name].all_corpora
    paths = {(corpus, row["clip_id"]): row["path"] for corpus in corpora for row in found.clips[corpus]}
    chosen = chosen_clip(params, name, folds, paths)
    notes = Notes(found, "evaluation", DATA / "evaluation")
    ask(name, strategy, folds, DATA / "features", DATA / "classifiers" / name / strategy, chosen, params, notes)


def _over_time_waits(name: str, strategy: str, models: int, found: Survey) -> None:
    """Note that so many models will be asked when they are trained."""
    notes = Notes(found, "evaluation", DATA / "evaluation", models)
    notes.note(f"evaluation {name} {strategy} over time", "model")


def _waiting(name: str, folds: Mapping[str, int], params: Params, found: Survey) -> None:
    """Note that there will be reducers, training runs and models to ask.

    Args:
        name: of the benchmark.
        folds: how many each of its protocols has.
        params: all params.
        found: where it is noted.
    """
    from aver.classifiers.registry import get_strategy, is_published
    from aver.evaluation.over_time.analyse import analysed

    for reducer in REDUCERS:
        notes = Notes(found, f"reducers@{name}", DATA / "reducers" / name, sum(folds.values()))
        notes.note(f"reducers {name} {reducer}", "fold")
    strategies = _strategies(params)
    for strategy in strategies:
        asked, beside = _models(params.benchmarks[name], strategy, folds, params)
        notes = Notes(found, f"classifiers@{name}-{strategy}", DATA / "classifiers" / name / strategy)
        if is_published(strategy) and (reducer := get_strategy(strategy).reducer):  # the stage before fits the others'
            notes.waiting = sum(folds.values())
            notes.note(f"classifiers {name} {strategy} {reducer}", "fold")
        notes.waiting = asked + beside
        notes.note(f"classifiers {name} {strategy}", "run")
        if strategy in analysed(params, strategies):
            _over_time_waits(name, strategy, asked, found)


def _models(block: Benchmark, strategy: str, folds: Mapping[str, int], params: Params) -> tuple[int, int]:
    """Return how many models a strategy gives: under the benchmark's own protocol, noise included, and beside it."""
    from aver.classifiers.noise import modalities
    from aver.classifiers.registry import get_strategy

    about = get_strategy(strategy)
    noisy = strategy in params.classifiers.noise_trained and not about.reducer
    each = len(block.seeds) + (len(modalities(about.roles)) if noisy else 0)
    return folds[block.protocol] * each, sum(folds[protocol] for protocol in block.beside)


def _folds_of(folds: Rows) -> dict[str, int]:
    """Return how many folds each protocol has."""
    return Counter(protocol for protocol, _ in {(row["protocol"], row["fold"]) for row in folds})


def _folds_foreseen(block: Benchmark) -> dict[str, int]:
    """Return how many folds each protocol will have, of clips that nobody has seen; with `loso` one at least."""
    return {name: (block.folds or 1) if name == "subject" else 1 for name in block.protocols}


def _packed(corpus: str, stream: str, digests: Mapping[str, str] | None) -> bool:
    """Tell whether the store on disk holds exactly these rows."""
    from aver.store.reader import Store

    if digests is None:
        return False
    try:
        catalogue = Store(DATA / "features" / corpus / stream).catalogue
    except StoreError:
        return False
    return {clip: row["digest"] for clip, row in catalogue.items()} == digests
