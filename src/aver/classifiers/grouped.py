"""Layers of several models at once: every weight has a leading axis, one place per model.

Nothing crosses that axis.  Models that read the same rows share one wide matrix product; with one thread each of its
columns has the same bits whatever stands beside it, so a model trained among others equals the same model trained alone
(`tests/classifiers` compares the bytes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch import nn
from torch.nn.functional import pad

Weights = dict[str, torch.Tensor]
#: A product of fewer columns is computed in another way, with other bits: one model alone gets zeros beside its own.
NARROW = 16


def product(rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return `rows @ weight.T` of models that read the same rows.

    Args:
        rows: [N, in].
        weight: [S, out, in].

    Returns:
        [S, N, out].
    """
    models, out, _ = weight.shape
    wide = pad(weight, (0, 0, 0, NARROW - out)) if out < NARROW else weight
    return (rows @ wide.flatten(0, 1).T).view(len(rows), models, -1).transpose(0, 1)[:, :, :out]


def linear(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return `rows @ weight.T + bias` of models that have rows of their own.

    Args:
        rows: [G, N, in].
        weight: [G, out, in].
        bias: [G, out].
    """
    return torch.baddbmm(bias[:, None], rows, weight.mT)


def lstm(gates: torch.Tensor, weight: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return the state of an LSTM (Hochreiter & Schmidhuber 1997, gates as in torch.nn.LSTM) after its last true step.

    Args:
        gates: the inputs' part of the four gates with both biases, [G, B, T, 4H], in the order i, f, g, o.
        weight: of the recurrence, [G, 4H, H].
        lengths: true steps, [G, B] int64, at least 1; what stands behind them reaches nothing.

    Returns:
        [G, B, H].
    """
    models, batch, steps, wide = gates.shape
    hidden = gates.new_zeros(models, batch, wide // 4)
    cell = gates.new_zeros(models, batch, wide // 4)
    recurrent = weight.mT
    states = []
    for step in range(steps):
        given = torch.baddbmm(gates[:, :, step], hidden, recurrent)
        # One call for all four is faster than one for each of the three that need it.
        i, f, _, o = torch.sigmoid(given).chunk(4, dim=2)
        cell = f * cell + i * torch.tanh(given.chunk(4, dim=2)[2])
        hidden = o * torch.tanh(cell)
        states.append(hidden)
    last = (lengths - 1)[None, :, :, None].expand(1, -1, -1, wide // 4)
    return torch.stack(states).gather(0, last)[0]


def stack(models: Sequence[nn.Module]) -> Weights:
    """Return the weights of equal models, stacked: `name` → [G, …]."""
    states = [dict(model.named_parameters()) for model in models]
    return {name: torch.stack([state[name].detach() for state in states]) for name in states[0]}


def pack(weights: Weights, names: Sequence[str]) -> torch.Tensor:
    """Return some of the weights as one tensor [G, P], in this order."""
    return torch.cat([weights[name].flatten(1) for name in names], dim=1)


def unpack(packed: torch.Tensor, shapes: Mapping[str, tuple[int, ...]]) -> Weights:
    """Return what `pack` made one, by name, as [G, *shape]."""
    parts = torch.split(packed, [prod(shape) for shape in shapes.values()], dim=1)
    return {name: part.view(-1, *shape) for part, (name, shape) in zip(parts, shapes.items(), strict=True)}
