"""What every stage would ask of the clip cache now, by the stages' own code: nothing is computed.

The stages' functions hand their tasks to a runner.  Here the runner only looks up and takes notes, so what `aver plan`
says is what `dvc repro` will do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aver.cache.cache import Cache, Failed, Outcome, Pending
from aver.cli.dvc import grid, makes_something_else
from aver.errors import BenchmarkError, CorpusError, LeakageError, StoreError, WeightsError
from aver.parallel import Run, Task, look_up
from aver.params.blocks import Parallel, Params
from aver.params.classifiers import SYSTEMS
from aver.params.names import ENCODERS
from aver.progress import hidden
from aver.store.out import read_rows

Rows = list[dict[str, Any]]
DATA = Path("data")


@dataclass(frozen=True)
class Work:
    """One list of tasks of one stage.

    Args:
        stage: DVC's name of the stage, e.g. `media@synthetic`.
        out: the folder that it writes.
        label: as in run records, e.g. `media synthetic probe`.
        unit: what one task is called.
        tasks: those whose inputs are known.
        outcomes: what the cache holds for them.
        waiting: how many more there will be at most, when the stages before have run.
        corpus: whose clips these are; empty for training runs and rendering.
    """

    stage: str
    out: Path
    label: str
    unit: str
    tasks: Sequence[Task]
    outcomes: Sequence[Outcome]
    waiting: int = 0
    corpus: str = ""

    @property
    def pending(self) -> int:
        """Tasks whose result is not in the cache."""
        return sum(isinstance(outcome, Pending) for outcome in self.outcomes)

    @property
    def failed(self) -> int:
        """Tasks with a stored failure."""
        return sum(isinstance(outcome, Failed) for outcome in self.outcomes)

    @property
    def cached(self) -> int:
        """Tasks whose outcome is in the cache, failures included."""
        return len(self.outcomes) - self.pending


@dataclass
class Survey:
    """All works in the order of the flow, the clips of each corpus, and what could not be looked at and why."""

    works: list[Work] = field(default_factory=list)
    clips: dict[str, Rows] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def survey(params: Params, changed: Mapping[str, list[Any]], only: str = "") -> Survey:
    """Look up everything that the stages would ask for.

    Args:
        params: all params.
        changed: the stages that DVC finds changed, with its reasons (`aver.cli.dvc.changed_stages`).
        only: this clip alone; classifiers are left out.
    """
    found = Survey()
    found.remarks += _missing_weights(params)
    rendering = 0 if only else _synthetic(params, found)
    known = {name: _corpus(name, params, changed, only, rendering, found) for name in params.corpora}
    if not only:
        for benchmark in params.benchmarks:
            _benchmark(benchmark, params, known, found)
    return found


def _missing_weights(params: Params) -> list[str]:
    """Say what would stop the weights stages, or make them ask a network."""
    from aver.weights.stock import take_stock

    stocks = [take_stock(name, block, DATA / "weights" / name) for name, block in params.weights.items()]
    return [f"weights of {stock.weights}: {trouble}" for stock in stocks for trouble in stock.troubles]


class _Notes:
    """A runner that looks up, and notes what it was asked."""

    def __init__(self, found: Survey, stage: str, out: Path, waiting: int = 0, corpus: str = "") -> None:
        self.found, self.stage, self.out, self.waiting, self.corpus = found, stage, out, waiting, corpus

    def __call__(self, tasks: Sequence[Task], label: str, parallel: Parallel, cache: Cache, unit: str = "clip") -> Run:
        done = look_up(tasks, label, parallel, cache, unit)
        self.note(label, unit, tasks, done.outcomes)
        return done

    def note(self, label: str, unit: str, tasks: Sequence[Task] = (), outcomes: Sequence[Outcome] = ()) -> None:
        """Note one list of tasks, or that there will be one."""
        work = Work(self.stage, self.out, label, unit, tasks, outcomes, self.waiting, self.corpus)
        self.found.works.append(work)


def _synthetic(params: Params, found: Survey) -> int:
    """Look up the built-in corpus; return how many clips are still to be rendered."""
    from aver.synthetic.corpus import render_corpus

    render_corpus(params, _Notes(found, "synthetic", DATA / "synthetic"))
    return found.works[-1].pending


def _corpus(
    name: str, params: Params, changed: Mapping[str, list[Any]], only: str, rendering: int, found: Survey
) -> dict[str, dict[str, str]]:
    """Look up one corpus; return per stream the digest of every clip's rows, if all of them are known."""
    from aver.faces.index import index_faces
    from aver.features.extract import Stages, extract
    from aver.media.index import index_media
    from aver.windows.index import index_windows

    try:
        clips, root = _clips(name, params, changed)
    except CorpusError as exc:
        clips, root = [], Path()
        if not rendering:
            found.remarks.append(str(exc))
    if root == DATA / "synthetic" and rendering:
        clips = []  # those that lie there are about to be replaced
    clips = [clip for clip in clips if not only or clip["clip_id"] == only]
    found.clips[name] = clips
    unseen = 0 if clips else rendering
    media = index_media(name, clips, root, params, _Notes(found, f"media@{name}", DATA / "media" / name, unseen, name))
    unknown = len(clips) - len(media.rows) - len(media.failures) + unseen
    notes = _Notes(found, f"faces@{name}", DATA / "faces" / name, unknown, name)
    faces = index_faces(name, clips, media.rows, root, params, run=notes)
    faceless = len(media.rows) - len(faces.rows) - len(faces.failures)
    with hidden():
        windows = index_windows(media.rows, params.windows)
    before = Stages(media.rows, faces.rows, windows)
    known: dict[str, dict[str, str]] = {}
    for stream, block in params.features.items():
        waiting = unknown + (faceless if ENCODERS[block.encoder].reads == "faces" else 0)
        notes = _Notes(found, f"features@{name}-{stream}", DATA / "features" / name / stream, waiting, name)
        try:
            if makes_something_else(changed.get(f"weights@{ENCODERS[block.encoder].weights}", []), "src/aver/weights"):
                raise WeightsError(f"the weights of {block.encoder} are about to be made anew")
            entries = extract(name, stream, before, DATA / "weights", params, notes).entries
        except WeightsError:
            notes.waiting = len(media.rows) + unknown
            notes.note(f"features {name} {stream}", "clip")
            continue
        if not waiting and not any(work.pending for work in found.works if work.stage == notes.stage):
            known[stream] = {entry.clip_id: entry.digest for entry in entries}
    return known


def _clips(name: str, params: Params, changed: Mapping[str, list[Any]]) -> tuple[Rows, Path]:
    """Return the clips of a corpus: as catalogued if nothing changed, else as they lie there now."""
    from aver.corpora.catalogue import catalogue, check_root

    corpus = params.corpora[name]
    root = check_root(name, corpus)
    table = DATA / "corpora" / name / "clips.parquet"
    if f"corpora@{name}" not in changed and table.exists():
        return read_rows(table), root
    return [clip.row() for clip in catalogue(name, corpus).clips], root


def _benchmark(name: str, params: Params, known: Mapping[str, Mapping[str, Mapping[str, str]]], found: Survey) -> None:
    """Look up the reducers and training runs of a benchmark; they are known once the features they read are packed."""
    from aver.classifiers.grid import train_grid
    from aver.folds.build import build_folds
    from aver.folds.choose import people_of
    from aver.reducers.build import fit_reducers

    block = params.benchmarks[name]
    clips = {corpus: found.clips[corpus] for corpus in block.all_corpora}
    if not all(clips.values()):
        return _waiting(name, params, len(block.seeds), found)
    try:
        folds = build_folds(name, block, clips, people_of(params.corpora)).rows
    except (BenchmarkError, LeakageError) as exc:
        found.remarks.append(str(exc))
        return None
    systems = [getattr(params.classifiers, system) for system in SYSTEMS]
    streams = {stream for block in systems for stream in (block.visual, block.acoustic)}
    if not all(_packed(corpus, stream, known[corpus].get(stream)) for corpus in clips for stream in streams):
        parts = {(row["protocol"], row["fold"]) for row in folds}
        headline = sum(protocol == block.protocol for protocol, _ in parts)
        return _waiting(name, params, headline * len(block.seeds) + len(parts) - headline, found)
    features = DATA / "features"
    notes = _Notes(found, f"reducers@{name}", DATA / "reducers" / name)
    fit_reducers(name, folds, features, params, notes)
    for strategy in dict.fromkeys([params.fusion, *grid()]):
        notes = _Notes(found, f"classifiers@{name}-{strategy}", DATA / "classifiers" / name / strategy)
        trained = train_grid(name, strategy, folds, features, params, notes)
        if trained.gap:
            found.remarks.append(f"strategy {strategy} on benchmark {name}: {trained.gap}")
        elif strategy in params.evaluation.over_time.strategies:
            pending = sum(work.pending for work in found.works if work.stage == notes.stage)
            _over_time(name, strategy, folds, pending, trained.runs, params, found)
    return None


def _over_time(
    name: str, strategy: str, folds: Rows, pending: int, runs: Mapping[Any, Any], params: Params, found: Survey
) -> None:
    """Look up what trained models were asked about time and noise; it is known once all models lie there."""
    from aver.classifiers.write import model_bytes, model_file
    from aver.evaluation.over_time.read import choose, paths_of
    from aver.evaluation.over_time.tasks import ask

    notes = _Notes(found, "evaluation", DATA / "evaluation")
    place = DATA / "classifiers" / name / strategy
    files = {place / model_file(*key): run for key, run in runs.items()}
    if not pending and all(file.is_file() and file.read_bytes() == model_bytes(run) for file, run in files.items()):
        key = choose(params.evaluation.over_time.clip, paths_of(DATA / "corpora", folds))
        ask(name, strategy, folds, DATA / "features", place, key, params, notes)
    else:
        notes.waiting = pending + len(runs)
        notes.note(f"evaluation {name} {strategy} over time", "model")


def _waiting(name: str, params: Params, runs: int, found: Survey) -> None:
    """Note that there will be training runs, about so many per strategy."""
    for strategy in dict.fromkeys([params.fusion, *grid()]):
        out = DATA / "classifiers" / name / strategy
        notes = _Notes(found, f"classifiers@{name}-{strategy}", out, runs)
        notes.note(f"classifiers {name} {strategy}", "run")


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
