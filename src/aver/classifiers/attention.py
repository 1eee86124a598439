"""The Transformer's encoder for several models at once (Vaswani et al. 2017, "Attention is all you need", §3).

Layers are post-norm, as `torch.nn.TransformerEncoderLayer` is by default; the weights have its names and start values.
A step that is not true is never attended and adds nothing to any other one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.nn.functional import layer_norm

from aver.classifiers.grouped import linear
from aver.classifiers.network import Draw

#: What stands for minus infinity: the softmax of a row without any true step must stay a number.
NEVER = -1e30
#: Names of a layer's weights that serve its attention alone.
ATTENTION = ("self_attn.", "norm1.")
Attended = Callable[[torch.Tensor], None]


def shapes_of(width: int, feed_forward: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a layer's weights, by their names in `torch.nn.TransformerEncoderLayer`."""
    return {
        "self_attn.in_proj_weight": (3 * width, width),
        "self_attn.in_proj_bias": (3 * width,),
        "self_attn.out_proj.weight": (width, width),
        "self_attn.out_proj.bias": (width,),
        "linear1.weight": (feed_forward, width),
        "linear1.bias": (feed_forward,),
        "linear2.weight": (width, feed_forward),
        "linear2.bias": (width,),
        **{f"{norm}.{name}": (width,) for norm in ("norm1", "norm2") for name in ("weight", "bias")},
    }


def position(steps: int, width: int) -> torch.Tensor:
    """Return what tells the steps apart, [T, width] float32 (§3.5; Ghaleb et al. 2022, eq. 1), steps counted from 0.

    Example:
        >>> [round(value, 3) for value in position(2, 4)[1].tolist()]
        [0.841, 0.54, 0.01, 1.0]
    """
    angle = torch.arange(steps)[:, None] / 10000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1).float()


@dataclass(frozen=True)
class Layer:
    """One encoder layer but for its weights.

    Args:
        heads: of the attention.
        dropout: of each sublayer, of the attention weights and inside the feed-forward part.
        attention: whether it has the attention sublayer; without it the feed-forward part is all.
    """

    heads: int
    dropout: float
    attention: bool

    def run(
        self,
        weights: Mapping[str, torch.Tensor],
        x: torch.Tensor,
        true: torch.Tensor,
        draw: Draw | None = None,
        attended: Attended | None = None,
    ) -> torch.Tensor:
        """Return the layer's output [G, B, T, d].

        Args:
            weights: by the names in `torch.nn.TransformerEncoderLayer`, each [G, …].
            x: [G, B, T, d].
            true: which steps there are, [G, B, T] bool.
            draw: a generator per model while training; None: no dropout.
            attended: is given the attention weights [G, B, heads, T, T] (of each query over the keys).
        """
        if self.attention:
            heard = self._attention(weights, x, true, draw, attended)
            x = _norm(x + self._dropped(heard, draw), weights["norm1.weight"], weights["norm1.bias"])
        inner = torch.relu(_linear(x, weights["linear1.weight"], weights["linear1.bias"]))
        inner = _linear(self._dropped(inner, draw), weights["linear2.weight"], weights["linear2.bias"])
        return _norm(x + self._dropped(inner, draw), weights["norm2.weight"], weights["norm2.bias"])

    def _attention(
        self,
        weights: Mapping[str, torch.Tensor],
        x: torch.Tensor,
        true: torch.Tensor,
        draw: Draw | None,
        attended: Attended | None,
    ) -> torch.Tensor:
        models, batch, steps, width = x.shape
        each = _linear(x, weights["self_attn.in_proj_weight"], weights["self_attn.in_proj_bias"])
        # [3, G, B, heads, T, d / heads]
        query, key, value = each.view(models, batch, steps, 3, self.heads, -1).permute(3, 0, 1, 4, 2, 5)
        scores = query @ key.mT / (width // self.heads) ** 0.5
        known = true[:, :, None, None]
        share = torch.where(known, scores.float(), NEVER).softmax(4) * known
        if attended is not None:
            attended(share)
        heads = self._dropped(share.to(value.dtype), draw) @ value
        joined = heads.transpose(2, 3).reshape(models, batch, steps, width)
        return _linear(joined, weights["self_attn.out_proj.weight"], weights["self_attn.out_proj.bias"])

    def _dropped(self, x: torch.Tensor, draw: Draw | None) -> torch.Tensor:
        if draw is None or not self.dropout:
            return x
        chance = torch.stack([torch.rand(x.shape[1:], generator=own, device=x.device) for own in draw])
        return x * (chance >= self.dropout) / (1 - self.dropout)


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return `x @ weight.T + bias` for x [G, B, T, in]."""
    return linear(x.flatten(1, 2), weight, bias).view(*x.shape[:3], -1)


def _norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return layer_norm(x, x.shape[3:]) * weight[:, None, None] + bias[:, None, None]
