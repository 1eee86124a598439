"""Batch normalisation of a trained network, folded into the convolution before it."""

from __future__ import annotations

from collections.abc import Mapping

import torch

#: What is added to a variance, in MatConvNet's models and their PyTorch ports.
EPSILON = 1e-5


def folded(
    state: Mapping[str, torch.Tensor], convolution: str, normalisation: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weight and bias (float32) of one convolution that does both.

    A trained normalisation is y = (x - mean) / sqrt(variance + epsilon) * weight + bias per channel, which the
    convolution before it can do as well.  Computed in float64, so that each number is rounded once.

    Args:
        state: a state dict.
        convolution: the name of a convolution [outputs, inputs, height, width], with or without bias.
        normalisation: the name of its batch normalisation.
    """
    mean, variance, weight, bias = (
        state[f"{normalisation}.{part}"].double() for part in ("running_mean", "running_var", "weight", "bias")
    )
    factor = weight / (variance + EPSILON).sqrt()
    own = state.get(f"{convolution}.bias", torch.zeros(1)).double()
    kernel = state[f"{convolution}.weight"].double() * factor[:, None, None, None]
    return kernel.float(), (bias + (own - mean) * factor).float()
