"""How a system wants a benchmark's clips as sequences: which streams, and how they are cut and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aver.params.blocks import Params

#: As many sequences as a clip gives.
ALL = 2**31 - 1


@dataclass(frozen=True)
class Plan:
    """How sequences are made.

    Args:
        streams: of each role; the first one's rows are a clip's steps, the others' join them by time.
        frames: most steps of a sequence.
        stride: steps between the starts of two sequences; None: sequences do not overlap.
        most: sequences per clip.
        windows: all streams have rows for the same windows, and each window in which one of them has a row is a step.
        span_s: by corpus, how much of a clip is looked at, from its start, seconds; of others the whole.
        partial: also take clips that lack one of the roles.
    """

    streams: Mapping[str, str]
    frames: int
    stride: int | None
    most: int
    windows: bool = False
    span_s: Mapping[str, float] = field(default_factory=dict)
    partial: bool = False


def plan_of(system: str, roles: Sequence[str], params: Params, *, partial: bool = False) -> Plan:
    """Return how a system of `aver.params.classifiers.SYSTEMS` wants its sequences.

    Args:
        system: its name.
        roles: `visual`, `acoustic`.
        params: all params.
        partial: also take clips that lack one of the roles.
    """
    block = getattr(params.classifiers, system)
    streams = {role: getattr(block, role) for role in roles}
    if system == "mater":
        spans = {name: block.span_s.get(corpus.adapter or name) for name, corpus in params.corpora.items()}
        known = {name: span for name, span in spans.items() if span is not None}
        return Plan(streams, block.max_windows, None, ALL, windows=True, span_s=known, partial=partial)
    budget = block.budgets[params.budget]
    return Plan(streams, budget.sequence_frames, budget.sequence_stride, budget.max_sequences, partial=partial)
