"""Everything the report shows about one benchmark, question by question."""

from __future__ import annotations

from dataclasses import dataclass

from aver.progress import track
from aver.report import (
    cells,
    complement,
    confusions,
    gaps,
    pairs,
    reduced,
    reported,
    scores,
    speakers,
    strategies,
    verdict,
)
from aver.report.drawings.collect import Drawing, drawings
from aver.report.grid import Grid
from aver.report.inputs import Inputs, Row
from aver.report.over_time.section import OverTime, over_time
from aver.report.reported_score import Source
from aver.report.words import number_of, percent


@dataclass(frozen=True)
class Benchmark:
    """One benchmark; None or empty where something is not known.

    Args:
        sources: who reports on its strategies, where its task is theirs.
        has_ceiling: whether the best possible scores are known.
        shared_clips: number of clips that all strategies scored; None where all scored the same ones.
        corpora: one row per tested corpus, None where one corpus is all.
        over_time: the analyses over time, None where none was asked for.
    """

    name: str
    protocol: str
    facts: str
    verdict: verdict.Verdict
    rows: list[strategies.StrategyRow]
    sources: list[Source]
    has_ceiling: bool
    shared_clips: int | None
    more: Grid
    corpora: Grid | None
    folds: Grid
    pairs: list[pairs.PairRow]
    gap: gaps.GapTable | None
    complement: complement.Complement | None
    confusions: list[confusions.Confusion]
    recall: Grid
    speakers: Grid
    everyone: Grid
    over_time: OverTime | None
    pca: Grid | None
    pca_reported: str
    reducer_gaps: list[tuple[str, str]]
    drawings: list[Drawing]

    @property
    def is_reported(self) -> bool:
        """Whether authors print a number of one of its strategies."""
        return bool(self.sources)

    def drawn(self, kind: str, strategy: str | None = None) -> list[Drawing]:
        """Return the figures of a kind, of one strategy if it is named; none where it is not known."""
        own = [drawing for drawing in self.drawings if drawing.kind == kind]
        return [drawing for drawing in own if strategy in (None, drawing.strategy)]


def benchmarks(inputs: Inputs) -> list[Benchmark]:
    """Return every benchmark, in the order of the scores."""
    return [_benchmark(inputs, name) for name in track(cells.benchmarks(inputs), "report", "benchmark")]


def _benchmark(inputs: Inputs, name: str) -> Benchmark:
    own = cells.headline(inputs, name)
    rows = strategies.rows(inputs, name)
    return Benchmark(
        name=name,
        protocol=own[0]["protocol"],
        facts=_facts(own),
        verdict=verdict.verdict(inputs, name),
        rows=rows,
        sources=reported.sources(inputs, name),
        has_ceiling=any(cell.get("ceiling") is not None for cell in own),
        shared_clips=cells.shared_clips(own),
        more=scores.more(inputs, name),
        corpora=scores.corpora(inputs, name),
        folds=scores.folds(inputs, name),
        pairs=pairs.rows(inputs, name),
        gap=gaps.gap_table(inputs, name),
        complement=complement.complement(inputs, name),
        confusions=confusions.confusions(inputs, name),
        recall=confusions.recall(inputs, name),
        speakers=speakers.spread(inputs, name),
        everyone=speakers.everyone(inputs, name),
        over_time=over_time(inputs, name),
        pca=reduced.kept(inputs, name),
        pca_reported=reduced.beside(inputs, name),
        reducer_gaps=reduced.gaps(inputs, name),
        drawings=drawings(inputs, name),
    )


def _facts(own: list[Row]) -> str:
    first = next(iter(cells.scored(own)), own[0])
    labels = cells.labels_of(own)
    kind = "perceived labels" if first.get("label") == "perceived" else "labels"
    said = [_corpora(first)]
    counted = (("speakers", "tested speaker"), ("folds", "fold"), ("seeds", "seed"))
    said += [number_of(first[key], what) for key, what in counted if first.get(key)]
    said.append(f"{len(labels)} {kind}, label set {first.get('label_set', 'native')}")
    if first.get("chance") is not None:
        said.append(f"guessing gives {percent(first['chance'])} % UAR")
    return "; ".join(said)


def _corpora(cell: Row) -> str:
    tested = cell.get("test_corpora", [])
    if not tested:
        return f"corpora {', '.join(cell.get('corpora', []))}"
    trained = [corpus for corpus in cell["corpora"] if corpus not in tested]
    return f"trained on {', '.join(trained)}; tested on {', '.join(tested)}"
