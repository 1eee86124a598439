"""What the authors of system A report.

Salas-Cáceres, Lorenzo-Navarro, Freire-Obregón & Castrillón-Santana (2024), "Multimodal emotion recognition based on a
fusion of audiovisual information with temporal dynamics": accuracy and UAR from its Table 3, components kept by PCA
from its section 4.
"""

from __future__ import annotations

from aver.report.reported_score import Score, Source

SOURCE = Source(
    "Salas-Cáceres et al. 2024, Table 3",
    "random 80/20 split of sequences, scores per window, speakers shared",
    like="window",
    digits=2,
)
#: Components kept by PCA, of 2560, by adapter.
COMPONENTS = {"ravdess": 423, "savee": 238, "cremad": 456}
_NAMES = ("visual", "acoustic", "concat", "pca", "autoencoder", "embrace")
_TABLE = {
    "ravdess": (
        *((82.19, 79.89), (45.83, 44.07), (80.51, 79.59)),
        *((82.68, 83.38), (73.66, 73.70), (88.11, 88.56)),
    ),
    "savee": (
        *((90.60, 87.63), (60.42, 50.78), (77.62, 74.91)),
        *((86.75, 85.23), (76.01, 73.62), (82.13, 79.77)),
    ),
    "cremad": (
        *((73.97, 74.05), (42.01, 42.50), (71.34, 70.72)),
        *((72.86, 73.17), (67.07, 66.21), (80.27, 80.17)),
    ),
}
#: Scores by adapter and strategy.
SCORES = {
    corpus: {name: Score(*pair, SOURCE) for name, pair in zip(_NAMES, pairs, strict=True)}
    for corpus, pairs in _TABLE.items()
}
