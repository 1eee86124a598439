"""`autoencoder`: a bottleneck trained to rebuild both modalities side by side (Salas-Cáceres et al. 2024, §4.2).

In the public code 2560 → 1024 → 512 → 1024 → 2560 with a ReLU behind every layer, the last one included: it cannot
rebuild signed rows.  Here the last layer is linear unless `output` says otherwise.  It is trained alone; what
classifiers get is the frozen encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import l1_loss, mse_loss

from aver.device import prepare
from aver.outcome import Unusable
from aver.reducers.reducer import Reducer
from aver.reducers.scaler import Scaler
from aver.reducers.steps import Steps, scaler_of
from aver.reducers.transform import transform

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Autoencoder

LOSSES = {"mse": mse_loss, "l1": l1_loss}


@dataclass(frozen=True)
class AutoencoderParams:
    """What decides the encoder.

    Args:
        hidden: widths between the input and the latent layer.
        latent: width of the latent layer.
        output: `linear | relu`, what stands behind the last layer.
        loss: `mse | l1`, over all dimensions.
        learning_rate: of Adam (Kingma & Ba 2015).
        batch: steps per update.
        epochs: how often every step is seen.
        seed: of the first weights and the order of steps.
        standardise: rows go in with mean 0 and deviation 1; otherwise as the encoders give them.
        device: `cpu` or `cuda`.
    """

    hidden: tuple[int, ...]
    latent: int
    output: str
    loss: str
    learning_rate: float
    batch: int
    epochs: int
    seed: int
    standardise: bool
    device: str


def params_of(block: Autoencoder, epochs: int, device: str, published: bool) -> AutoencoderParams:
    """Return the params of `fit`; see `aver.reducers.reducer`.  Published: not standardised, ReLU at the end."""
    return AutoencoderParams(
        hidden=tuple(block.hidden),
        latent=block.latent,
        output="relu" if published else block.output,
        loss=block.loss,
        learning_rate=block.learning_rate,
        batch=block.batch,
        epochs=epochs,
        seed=block.seed,
        standardise=not published,
        device=device,
    )


def fit(params: AutoencoderParams, table: Arrays, **rows: Path) -> Arrays:
    """Train on the steps of one fold; see `aver.reducers.reducer`.

    Returns:
        `widths` [2] int32 of the roles, `rows` [] int64 how many steps it was fitted on, `mean`, `deviation` [D]
        float32, the encoder's `weight.<layer>` [out, in] and `bias.<layer>` [out] float32, and `history` [E] float64,
        the mean loss of each epoch's batches.

    Raises:
        Unusable: a training row is not finite, or nothing varies; or the training diverged.
    """
    device = torch.device(prepare(params.device))
    steps = Steps(table, rows, device)
    scaler = scaler_of(*steps.moments())
    if not params.standardise:
        scaler = Scaler(np.zeros_like(scaler.mean), np.ones_like(scaler.deviation))
    encoder, decoder = build(steps.width, params)
    model = nn.Sequential(encoder, decoder).to(device)
    history = _train(model, steps, scaler, params)
    if not np.isfinite(history).all():
        raise Unusable("not_finite", "the loss of the autoencoder grew beyond all numbers; lower its learning_rate")
    layers = [layer for layer in encoder if isinstance(layer, nn.Linear)]
    return {
        "widths": steps.widths,
        "rows": np.int64(len(steps)),
        "mean": scaler.mean,
        "deviation": scaler.deviation,
        **{f"weight.{k}": layer.weight.detach().cpu().numpy() for k, layer in enumerate(layers)},
        **{f"bias.{k}": layer.bias.detach().cpu().numpy() for k, layer in enumerate(layers)},
        "history": history,
    }


def build(width: int, params: AutoencoderParams) -> tuple[nn.Sequential, nn.Sequential]:
    """Return encoder and decoder with torch's first weights, drawn from `seed`."""
    down = (width, *params.hidden, params.latent)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(params.seed)
        encoder = [layer for a, b in pairwise(down) for layer in (nn.Linear(a, b), nn.ReLU())]
        decoder = [layer for a, b in pairwise(down[::-1]) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*encoder), nn.Sequential(*(decoder if params.output == "relu" else decoder[:-1]))


def _train(model: nn.Module, steps: Steps, scaler: Scaler, params: AutoencoderParams) -> NDArray[np.float64]:
    device, order = steps.device, np.random.default_rng(params.seed)
    mean, deviation = (torch.from_numpy(values).to(device) for values in (scaler.mean, scaler.deviation))
    optimiser = torch.optim.Adam(model.parameters(), lr=params.learning_rate, fused=True)
    loss_of = LOSSES[params.loss]
    history = torch.zeros(params.epochs, dtype=torch.float64, device=device)
    for epoch in range(params.epochs):
        shuffled = order.permutation(len(steps))
        for start in range(0, len(steps), params.batch):
            rows = (steps.take(shuffled[start : start + params.batch]) - mean) / deviation
            loss = loss_of(model(rows), rows)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            history[epoch] += loss.detach() * len(rows)
    return (history / len(steps)).cpu().numpy()


def apply(arrays: Arrays, rows: Mapping[str, NDArray[np.float32]], device: str = "cpu") -> NDArray[np.float32]:
    """Return the rows' latent values [N, K] float32; see `aver.reducers.reducer`."""
    return transform(arrays, rows, _encode, device)


def _encode(standard: torch.Tensor, arrays: dict[str, torch.Tensor]) -> torch.Tensor:
    for layer in range(sum(name.startswith("weight.") for name in arrays)):
        standard = nn.functional.linear(standard, arrays[f"weight.{layer}"], arrays[f"bias.{layer}"]).relu_()
    return standard


REDUCER = Reducer("autoencoder", params_of, fit, apply)
