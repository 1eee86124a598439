"""What every stage would ask of the clip cache now, by the stages' own code: nothing is computed.

The stages' functions hand their tasks to a runner.  Here the runner only looks up and takes notes, so what `aver plan`
says is what `dvc repro` will do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aver.cache.cache import Cache, Failed, Outcome, Pending
from aver.cli.dvc import grid, makes_something_else
from aver.errors import BenchmarkError, CorpusError, LeakageError, StoreError, WeightsError
from aver.parallel import Run, Task, look_up
from aver.params.blocks import Benchmark, Parallel, Params
from aver.params.classifiers import SYSTEMS
from aver.params.names import ENCODERS, REDUCERS
from aver.progress import hidden
from aver.store.out import read_rows

if TYPE_CHECKING:
    from aver.classifiers.grid import Grid

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
        waiting: how many more there will be at most, when the stages, and the lists of this stage, before have run.
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
    """A runner that looks up, and notes what it was asked.

    The lists of a corpus's stage are steps: the results of one are the inputs of the next.  So whatever one leaves
    pending waits in the next, and in the end `waiting` is how many clips the stage leaves open.
    """

    def __init__(self, found: Survey, stage: str, out: Path, waiting: int = 0, corpus: str = "") -> None:
        self.found, self.stage, self.out, self.waiting, self.corpus = found, stage, out, waiting, corpus

    def __call__(self, tasks: Sequence[Task], label: str, parallel: Parallel, cache: Cache, unit: str = "clip") -> Run:
        done = look_up(tasks, label, parallel, cache, unit)
        self.note(label, unit, tasks, done.outcomes)
        if self.corpus:
            self.waiting += self.found.works[-1].pending
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
    from aver.features.steps import steps_of
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
    heard = _Notes(found, f"media@{name}", DATA / "media" / name, 0 if clips else rendering, name)
    media = index_media(name, clips, root, params, heard)
    seen = _Notes(found, f"faces@{name}", DATA / "faces" / name, heard.waiting, name)
    faces = index_faces(name, clips, media.rows, root, params, run=seen)
    with hidden():
        windows = index_windows(media.rows, params.windows)
    before = Stages(media.rows, faces.rows, windows)
    known: dict[str, dict[str, str]] = {}
    for stream, block in params.features.items():
        waiting = (seen if ENCODERS[block.encoder].reads == "faces" else heard).waiting
        notes = _Notes(found, f"features@{name}-{stream}", DATA / "features" / name / stream, waiting, name)
        try:
            if makes_something_else(changed.get(f"weights@{ENCODERS[block.encoder].weights}", []), "src/aver/weights"):
                raise WeightsError(f"the weights of {block.encoder} are about to be made anew")
            entries = extract(name, stream, before, DATA / "weights", params, notes).entries
        except WeightsError:
            notes.waiting = len(media.rows) + heard.waiting
            for step in ("", " windows") if steps_of(stream, params).pool else ("",):
                notes.note(f"features {name} {stream}{step}", "clip")
            continue
        if not notes.waiting:
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
    fit_reducers(name, folds, DATA / "features", params, _Notes(found, f"reducers@{name}", DATA / "reducers" / name))
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

    notes = _Notes(found, f"classifiers@{name}-{strategy}", DATA / "classifiers" / name / strategy)
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
    notes = _Notes(found, "evaluation", DATA / "evaluation")
    ask(name, strategy, folds, DATA / "features", DATA / "classifiers" / name / strategy, chosen, params, notes)


def _over_time_waits(name: str, strategy: str, models: int, found: Survey) -> None:
    """Note that so many models will be asked when they are trained."""
    notes = _Notes(found, "evaluation", DATA / "evaluation", models)
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
        notes = _Notes(found, f"reducers@{name}", DATA / "reducers" / name, sum(folds.values()))
        notes.note(f"reducers {name} {reducer}", "fold")
    strategies = _strategies(params)
    for strategy in strategies:
        asked, beside = _models(params.benchmarks[name], strategy, folds, params)
        notes = _Notes(found, f"classifiers@{name}-{strategy}", DATA / "classifiers" / name / strategy)
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
