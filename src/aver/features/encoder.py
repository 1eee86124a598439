"""What an encoder is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from aver.cache.objects import Arrays
    from aver.params.blocks import Stream


@dataclass(frozen=True)
class Encoder:
    """One encoder: a name, what it reads, the shape of its rows, and the function that makes them.

    Args:
        name: its name in `params.yaml`.
        reads: `faces` (one row per crop) or `sound` (one row per window).
        row_shape: shape of one row.
        params: from a stream's block, the frozen dataclass that decides its bytes.
        embed: for `faces`: `embed(params, crops, weights) -> {rows, times_s, status}`; for `sound`:
            `embed(params, sound, windows, weights)`.  `weights` is a folder; `rows` is [N, *row_shape] float32,
            `times_s` [N, 2] float64 seconds, `status` [N] str.  The rows of a clip depend on that clip alone.
        runtime: the versions of the libraries that make the bytes, and the class of the device.
    """

    name: str
    reads: Literal["faces", "sound"]
    row_shape: tuple[int, ...]
    params: Callable[[Stream], Any]
    embed: Callable[..., Arrays]
    runtime: Callable[[Any], Mapping[str, str]]
