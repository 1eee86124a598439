"""`autoencoder`: the frozen encoder of an autoencoder of both modalities (Salas-Cáceres et al. 2024, §4.2 e, §5.1).

The encoder is that of `aver.reducers.autoencoder`, trained on the fold's training clips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aver.classifiers.fit import fit
from aver.classifiers.head import Head, TemporalParams, head_of
from aver.classifiers.side_by_side import SideBySide
from aver.classifiers.strategy import REDUCED, Strategy

if TYPE_CHECKING:
    from aver.cache.objects import Arrays


def network(widths: Mapping[str, int], params: TemporalParams) -> Head:
    """Return the network of a run whose rows have these widths."""
    return head_of(SideBySide((REDUCED,)), widths, params)


def train(params: TemporalParams, table: Arrays, **rows: Path) -> Arrays:
    """Train one run; see `aver.classifiers.fit.fit`."""
    return next(train_together([params], [{"table": table, **rows}]))[1]


def train_together(
    params: Sequence[TemporalParams], given: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[int, Arrays]]:
    """Train several runs in one program; see `aver.classifiers.fit.fit`."""
    return fit(network, params, given)


STRATEGY = Strategy(
    "autoencoder",
    roles=("visual", "acoustic"),
    network=network,
    train=train,
    train_together=train_together,
    params=TemporalParams,
    reducer="autoencoder",
)
