"""The best possible accuracy, where it is known: on the built-in corpus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aver.params.blocks import Params


def ceiling(corpora: Sequence[str], labels: Sequence[str], roles: Sequence[str], params: Params) -> float | None:
    """Return the best possible accuracy on speakers never met; None but on the built-in corpus with all its emotions.

    Args:
        corpora: that train or test.
        labels: of the benchmark.
        roles: what the strategy takes: `visual`, `acoustic`, or both.
        params: say which adapter reads a corpus.
    """
    if any((params.corpora[name].adapter or name) != "synthetic" for name in corpora):
        return None
    from aver.synthetic.displays import EMOTIONS, ceilings

    if set(labels) != set(EMOTIONS):
        return None
    known = ceilings()
    if set(roles) == {"visual", "acoustic"}:
        return known.both
    return known.visual if set(roles) == {"visual"} else known.acoustic


def above(accuracy: dict[str, Any], limit: float | None) -> bool | None:
    """Whether an accuracy lies above the best possible one with its whole interval; None without a limit or interval.

    A few clips may lie above it by chance, so the value alone says nothing.
    """
    low: float | None = accuracy["low"]
    return None if limit is None or low is None else low > limit
