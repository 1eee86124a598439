"""The leakage gate: nothing that identifies a speaker or a performance may stand on both sides of a split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from aver.errors import LeakageError
from aver.folds.protocol import TEST, TRAIN, VALIDATION

#: What must not cross, in words for the message.  A take is one performance, whatever files show or sound it.
RULES = {"speaker": "a speaker", "take": "a take (the same performance)", "sha256": "identical content"}


def check_leakage(rows: Iterable[Mapping[str, Any]]) -> None:
    """Check that in every fold train, validation and test share no speaker, no take and no content.

    Args:
        rows: rows of `folds.parquet`: fold, clip_id, corpus, role, speaker, take, sha256.

    Raises:
        LeakageError: something crosses; names the fold, what it is, and two clips.
    """
    sides: dict[tuple[int, str, str], dict[str, str]] = {}
    for row in rows:
        for rule in RULES:
            # The same speaker name in two corpora is two people; the same content is the same everywhere.
            value = row[rule] if rule == "sha256" else f"{row['corpus']}/{row[rule]}"
            sides.setdefault((row["fold"], row["role"], rule), {}).setdefault(value, row["clip_id"])
    for fold in sorted({key[0] for key in sides}):
        for rule, words in RULES.items():
            for one, other in combinations((TRAIN, VALIDATION, TEST), 2):
                left, right = sides.get((fold, one, rule), {}), sides.get((fold, other, rule), {})
                crossing = sorted(left.keys() & right.keys())
                if crossing:
                    raise LeakageError(
                        f"fold {fold}: {words} is both in {one} and in {other}: {crossing[0]} "
                        f"(clips {left[crossing[0]]} and {right[crossing[0]]}; {len(crossing)} in all). "
                        "Scores of such a split would not hold for new people. Mend the labels, or remove a clip."
                    )
