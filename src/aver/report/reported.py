"""What the authors of system A report: to stand beside AVER's numbers, never among them.

Salas-Cáceres, Lorenzo-Navarro, Freire-Obregón & Castrillón-Santana (2024), "Multimodal emotion recognition based on a
fusion of audiovisual information with temporal dynamics": accuracy and UAR from its Table 3, components kept by PCA
from its section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aver.params.names import PAPER
from aver.report.cells import headline, labels_of
from aver.report.inputs import Inputs

SOURCE = "Salas-Cáceres et al. 2024, Table 3"
PROTOCOL = "random 80/20 split of sequences, scores per window, speakers shared"


@dataclass(frozen=True)
class Corpus:
    """What is reported about one corpus.

    Args:
        labels: how many it has there.
        components: kept by PCA, of 2560.
        scores: accuracy and UAR of each strategy, percent as printed.
        where: the part of the corpus that it is, as a benchmark's `where` says it.
    """

    labels: int
    components: int
    scores: dict[str, tuple[float, float]]
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)


#: By adapter.
REPORTED = {
    "ravdess": Corpus(
        8,
        423,
        {
            "visual": (82.19, 79.89),
            "acoustic": (45.83, 44.07),
            "concat": (80.51, 79.59),
            "pca": (82.68, 83.38),
            "autoencoder": (73.66, 73.70),
            "embrace": (88.11, 88.56),
        },
        {"channel": ("speech",)},
    ),
    "savee": Corpus(
        7,
        238,
        {
            "visual": (90.60, 87.63),
            "acoustic": (60.42, 50.78),
            "concat": (77.62, 74.91),
            "pca": (86.75, 85.23),
            "autoencoder": (76.01, 73.62),
            "embrace": (82.13, 79.77),
        },
    ),
    "cremad": Corpus(
        6,
        456,
        {
            "visual": (73.97, 74.05),
            "acoustic": (42.01, 42.50),
            "concat": (71.34, 70.72),
            "pca": (72.86, 73.17),
            "autoencoder": (67.07, 66.21),
            "embrace": (80.27, 80.17),
        },
    ),
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


def of_strategy(corpus: Corpus | None, strategy: str) -> tuple[float, float] | None:
    """Return the reported accuracy and UAR in percent of a strategy, of a `-paper` variant those of its fusion."""
    return corpus.scores.get(strategy.removesuffix(PAPER)) if corpus else None
