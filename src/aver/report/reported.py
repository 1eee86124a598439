"""What the authors of published systems report: to stand beside AVER's numbers, never among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aver.params.names import PAPER
from aver.report import reported_mater, reported_temporal
from aver.report.cells import headline, labels_of
from aver.report.inputs import Inputs
from aver.report.reported_mater import Analyses
from aver.report.reported_score import Score, Source


@dataclass(frozen=True)
class Corpus:
    """What is reported about one corpus.

    Args:
        labels: how many it has there.
        components: kept by PCA, of 2560.
        scores: of each strategy.
        where: the part of the corpus that it is, as a benchmark's `where` says it.
        analyses: over time, None where nobody reports any.
    """

    labels: int
    components: int
    scores: dict[str, Score]
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    analyses: Analyses | None = None


def _corpus(name: str, labels: int, **where: tuple[str, ...]) -> Corpus:
    scores = reported_temporal.SCORES[name] | reported_mater.SCORES.get(name, {})
    return Corpus(labels, reported_temporal.COMPONENTS[name], scores, where, reported_mater.ANALYSES.get(name))


#: By adapter.
REPORTED = {
    "ravdess": _corpus("ravdess", 8, channel=("speech",)),
    "savee": _corpus("savee", 7),
    "cremad": _corpus("cremad", 6),
}


def reported(inputs: Inputs, benchmark: str) -> Corpus | None:
    """Return what is reported about a benchmark's task; None unless it is the same one.

    The same task is that one corpus alone, with its own acted labels and all of them, and of RAVDESS the speech:
    neither songs nor a choice of speakers or clips.  `modality: [audiovisual]` may be said or not.
    """
    block = inputs.params.benchmarks.get(benchmark)
    if block is None or len(block.all_corpora) != 1 or (block.label, block.labels) != ("intended", "native"):
        return None
    name = block.all_corpora[0]
    corpus = inputs.params.corpora.get(name)
    found = REPORTED.get((corpus.adapter if corpus else "") or name)
    if found is None or len(labels_of(headline(inputs, benchmark))) != found.labels:
        return None
    chosen = {key: tuple(allowed) for key, allowed in block.where.items()}
    if chosen.get("modality") == ("audiovisual",):
        del chosen["modality"]
    return found if chosen == found.where else None


def of_strategy(corpus: Corpus | None, strategy: str) -> Score | None:
    """Return what is reported of a strategy, of a `-paper` variant what is reported of it without that word."""
    return corpus.scores.get(strategy.removesuffix(PAPER)) if corpus else None


def sources(inputs: Inputs, benchmark: str) -> list[Source]:
    """Return who reports on the strategies of a benchmark, in the order in which these are shown."""
    theirs = reported(inputs, benchmark)
    found = (of_strategy(theirs, cell["strategy"]) for cell in headline(inputs, benchmark))
    return list(dict.fromkeys(score.source for score in found if score))


def cited(found: Iterable[Source]) -> str:
    """Return publications, each with what it tested, in a sentence."""
    return "; ".join(f"{source.name} ({source.protocol})" for source in found)
