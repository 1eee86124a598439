"""Protocols: which clips train, validate and test in each fold (docs/protocols.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aver.folds.disjoint import cross, loso, subject
from aver.folds.roles import WINDOWS
from aver.folds.takes import clip
from aver.params.blocks import Benchmark

#: From rows of clips and the benchmark's block to the role of every clip, per fold.
Protocol = Callable[[Sequence[Mapping[str, Any]], Benchmark], list[list[str]]]


def window(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[list[str]]:
    """Leave the roles to the sequences, which are dealt one by one: leaky on purpose, as some papers did.

    How many sequences a clip gives depends on its features, so they are dealt where these are known
    (`aver.sequences.split`).
    """
    return [[WINDOWS] * len(clips)]


#: Protocols by name.
PROTOCOLS: Mapping[str, Protocol] = {
    "subject": subject,
    "loso": loso,
    "clip": clip,
    "window": window,
    "cross": cross,
}
