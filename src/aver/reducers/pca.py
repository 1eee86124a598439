"""`pca`: principal components of both modalities side by side (Salas-Cáceres et al. 2024, §4.2: 95 % of the variance).

Exact: all eigenvalues of the correlation matrix (as published, of the covariance matrix), in float64.  Where there are
fewer steps N than dimensions D, those of the Gram matrix, which are the same: from Z Zᵀ u = λ u follows that
Zᵀ Z (Zᵀ u) = λ (Zᵀ u).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from aver.device import prepare
from aver.outcome import Unusable
from aver.reducers.reducer import Reducer
from aver.reducers.scaler import CONSTANT, Scaler
from aver.reducers.scatter import Scatter, scatters
from aver.reducers.steps import Steps, scaler_of
from aver.reducers.transform import transform

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Pca

#: What rounding may take from a sum of shares: with `variance: 1.0` what lies beyond is noise.
ROUNDING = 1e-12


@dataclass(frozen=True)
class PcaParams:
    """What decides the components.

    Args:
        variance: the fraction of the variance that is kept.
        standardise: scale dimensions to deviation 1 first; otherwise rows are only centred.
        device: `cpu` or `cuda`.
    """

    variance: float
    standardise: bool
    device: str


def params_of(block: Pca, epochs: int, device: str, published: bool) -> PcaParams:
    """Return the params of `fit`; see `aver.reducers.reducer`.  Published: not standardised."""
    return PcaParams(block.variance, not published, device)


def fit(params: PcaParams, table: Arrays, **rows: Path) -> Arrays:
    """Fit one fold; see `fit_together`."""
    return next(fit_together([params], [{"table": table, **rows}]))[1]


def fit_together(params: Sequence[PcaParams], given: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Arrays]]:
    """Fit several folds.

    Args:
        params: of each fold, all the same.
        given: of each fold its `table`, see `aver.reducers.reducer`, and by role the path of its rows.

    Yields:
        The place of a fold and its `widths` [2] int32 of the roles, `rows` [] int64 how many steps it was fitted on,
        `mean`, `deviation` [D] float32, `components` [D, K] float32 (columns of length 1, the largest loading of each
        is positive), `explained` [K] float64, the share of each in the total variance, `visual` [K] float64, the
        visual dimensions' share in its squared loadings.  K is the least that keeps `variance`.

    Raises:
        Unusable: when all others are fitted: a training row of a fold is not finite, or nothing varies.
    """
    common = params[0]
    device = torch.device(prepare(common.device))
    rows: list[dict[str, Any]] = [dict(own) for own in given]
    tables = [own.pop("table") for own in rows]
    folds = [Steps(table, own, device) for table, own in zip(tables, rows, strict=True)]
    long = [place for place, steps in enumerate(folds) if len(steps) >= steps.width]
    sums = dict(zip(long, scatters([folds[k] for k in long], [tables[k] for k in long]), strict=True))
    failures = []
    for place, steps in enumerate(folds):
        try:
            own = _from_scatter(steps, sums.pop(place), common) if place in sums else _from_rows(steps, common)
        except Unusable as failure:  # the other folds come first
            failures.append(failure)
        else:
            yield place, own
    if failures:
        raise failures[0]


def _from_rows(steps: Steps, params: PcaParams) -> Arrays:
    rows = steps.take(np.arange(len(steps))).double()
    mean = rows.mean(dim=0)
    rows -= mean
    scaler = _scaler(mean, rows.square().mean(dim=0), params)
    rows /= _tensor(scaler.deviation, rows)
    values, vectors = torch.linalg.eigh(rows @ rows.T)
    kept, explained = _kept(values, params.variance)
    # Columns of Zᵀ U are orthogonal up to rounding, which grows for the smallest eigenvalues; QR makes it good.
    components, _ = torch.linalg.qr(rows.T @ vectors.flip(1)[:, :kept])
    return _arrays(steps, scaler, components, explained)


def _from_scatter(steps: Steps, scatter: Scatter, params: PcaParams) -> Arrays:
    variance = scatter.matrix.diagonal() / len(steps)
    scaler = _scaler(scatter.mean, variance, params)
    deviation = _tensor(scaler.deviation, scatter.matrix)
    varying = torch.nonzero(variance.sqrt() >= CONSTANT)[:, 0]  # the rest has no part in any component
    matrix = (scatter.matrix / deviation / deviation[:, None])[varying][:, varying]
    values, vectors = torch.linalg.eigh(matrix)
    kept, explained = _kept(values, params.variance)
    components = matrix.new_zeros(steps.width, kept)
    components[varying] = vectors.flip(1)[:, :kept]
    return _arrays(steps, scaler, components, explained)


def _scaler(mean: torch.Tensor, variance: torch.Tensor, params: PcaParams) -> Scaler:
    scaler = scaler_of(mean.cpu().numpy(), variance.sqrt().cpu().numpy())
    return scaler if params.standardise else Scaler(scaler.mean, np.ones_like(scaler.deviation))


def _tensor(values: NDArray[np.float32], like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(values).to(like)


def _kept(values: torch.Tensor, variance: float) -> tuple[int, NDArray[np.float64]]:
    """Return K and the shares of the first K eigenvalues, from all of them in ascending order."""
    shares = values.flip(0).clamp(min=0).cpu().numpy()
    shares /= shares.sum()
    kept = int((np.cumsum(shares) < variance - ROUNDING).sum()) + 1
    return kept, shares[:kept]


def _arrays(steps: Steps, scaler: Scaler, components: torch.Tensor, explained: NDArray[np.float64]) -> Arrays:
    loadings = components.cpu().numpy()
    largest = loadings[np.abs(loadings).argmax(axis=0), np.arange(loadings.shape[1])]
    loadings = loadings * np.sign(largest)
    return {
        "widths": steps.widths,
        "rows": np.int64(len(steps)),
        "mean": scaler.mean,
        "deviation": scaler.deviation,
        "components": loadings.astype(np.float32),
        "explained": explained,
        "visual": np.square(loadings[: steps.widths[0]]).sum(axis=0),
    }


def apply(arrays: Arrays, rows: Mapping[str, NDArray[np.float32]], device: str = "cpu") -> NDArray[np.float32]:
    """Return the rows' components [N, K] float32; see `aver.reducers.reducer`."""
    return transform(arrays, rows, lambda standard, own: standard @ own["components"], device)


REDUCER = Reducer("pca", params_of, fit, apply, fit_together)
