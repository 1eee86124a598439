"""What an encoder is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream, Window


@dataclass(frozen=True)
class Encoder:
    """One encoder: the shape of its rows, and the functions that make them.

    What it reads, whose weights, and which keys of a stream it understands stand in `aver.params.names.ENCODERS`.

    Args:
        name: its name in `params.yaml`.
        params: from a stream's block and that of its window (None for frames) to the frozen dataclass that decides its
            bytes.  The stream is settled: no key that the encoder understands is None but `input_px`; `device` is
            `cpu` or `cuda`.
        row_shape: from those params, the shape of one row.
        embed: for faces `embed(params, crops, weights) -> {rows, times_s, status}`, for sound
            `embed(params, sound, windows, weights)`.  `weights` is a folder; `rows` is [N, *row_shape] float32,
            `times_s` [N, 2] float64 seconds, `status` [N] str.  The rows of a clip depend on that clip alone.
        runtime: from the params, the versions of the libraries that make the bytes, the class of the device and the
            precision.
        embed_together: the same for several clips, whose rows share forward passes:
            `embed_together(params, clips) -> iterator of (place, arrays)`, where `params` has one of the (equal)
            params per clip and `clips` is read once, in order, and gives the other arguments of `embed` by name.  A
            clip gets the bytes that `embed` gives it.
    """

    name: str
    params: Callable[[Stream, Window | None], Any]
    row_shape: Callable[[Any], tuple[int, ...]]
    embed: Callable[..., Arrays]
    runtime: Callable[[Any], Mapping[str, str]]
    embed_together: Callable[..., Iterator[tuple[int, Arrays]]] | None = None
