"""The steps that make a stream's rows: an encoder's, and the one that makes rows of windows from rows of frames."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from aver.cache.step import Step, key_of
from aver.device import resolve
from aver.features.encoder import Encoder
from aver.features.pool_frames import PoolParams, pool_frames
from aver.features.registry import get_encoder
from aver.params.blocks import Params, Stream, Window
from aver.params.streams import settled


@dataclass(frozen=True)
class Steps:
    """What is computed of every clip.

    Args:
        encoder: of the stream.
        embed: its step.  Over windows it is the one of the same stream over `frames` without `normalise`, so that what
            costs time is computed once for all windows.
        pool: the step from its rows to the stream's; None where they are the same.
        window: under `windows`; None for `frames`.
    """

    encoder: Encoder
    embed: Step
    pool: Step | None
    window: Window | None

    @property
    def fingerprint(self) -> str:
        """The sha256 (hex) of everything that decides the stream's bytes besides clips and weights."""
        parts = _deciding(self.embed)
        if self.pool is not None and self.window is not None:
            parts["pool"] = _deciding(self.pool) | {"window": asdict(self.window)}
        return key_of(parts)

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Of a row of the encoder, and so of the stream."""
        return self.encoder.row_shape(self.embed.params)


def steps_of(stream: str, params: Params) -> Steps:
    """Return the steps of a stream under `features`."""
    block = _settled(stream, params)
    encoder, wanted = encoder_of(stream, params)
    embed = Step(
        f"embed-{encoder.name}", encoder.embed, wanted, encoder.runtime(wanted), together=encoder.embed_together
    )
    pool = None
    if block.frames is not None:
        how = PoolParams(block.frames, block.normalise)
        pool = Step("pool-frames", pool_frames, how, {"numpy": np.__version__})
    return Steps(encoder, embed, pool, params.windows.get(block.window))


def encoder_of(stream: str, params: Params) -> tuple[Encoder, Any]:
    """Return a stream's encoder and the params of its step, the defaults filled in.

    Rows of frames are not normalised where they become rows of windows: those are.
    """
    block = _settled(stream, params)
    encoder = get_encoder(block.encoder)
    own = block if block.frames is None else replace(block, normalise=False)
    return encoder, encoder.params(own, params.windows.get(block.window))


def _settled(stream: str, params: Params) -> Stream:
    block = params.features[stream]
    return settled(block, resolve(block.device))


def _deciding(step: Step) -> dict[str, Any]:
    return {"params": step.fixed_parts["params"], "runtime": dict(step.runtime)}
