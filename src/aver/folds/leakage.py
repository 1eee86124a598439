"""The leakage gate: nothing that identifies a speaker or a performance may stand on both sides of a split.

It looks at the union of a benchmark's corpora.  Speakers and takes are identified by whose people speak (see
`aver.folds.choose.people_of`), so two roots of one corpus cannot hide a leak; content is the same everywhere.
"""

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
        rows: rows of `folds.parquet`: fold, corpus, people, clip_id, role, speaker, take, sha256.  A corpus that knows
            no takes leaves them empty; speaker and content are always compared.

    Raises:
        LeakageError: something crosses; names the fold, what it is, and two clips.
    """
    sides: dict[tuple[int, str, str], dict[str, str]] = {}
    for row in rows:
        for rule in RULES:
            if rule == "take" and not row["take"]:
                continue
            # The same speaker name of other people is somebody else; the same content is the same everywhere.
            value = row[rule] if rule == "sha256" else f"{row['people']}/{row[rule]}"
            clip = f"{row['corpus']}/{row['clip_id']}"
            sides.setdefault((row["fold"], row["role"], rule), {}).setdefault(value, clip)
    for fold in sorted({key[0] for key in sides}):
        for rule, words in RULES.items():
            for one, other in combinations((TRAIN, VALIDATION, TEST), 2):
                left, right = sides.get((fold, one, rule), {}), sides.get((fold, other, rule), {})
                crossing = sorted(left.keys() & right.keys())
                if crossing:
                    raise LeakageError(
                        f"fold {fold}: {words} is both in {one} and in {other}: {crossing[0]} "
                        f"(clips {left[crossing[0]]} and {right[crossing[0]]}; {len(crossing)} in all). "
                        "Scores of such a split would not hold for new people. Mend the labels, or remove a clip; "
                        "corpora that one adapter reads hold the same people and cannot test each other."
                    )
