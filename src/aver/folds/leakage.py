"""The leakage gate: nothing that a protocol promises to keep apart may stand on both sides of its split.

It looks at the union of a benchmark's corpora, and at rows: it does not ask how a protocol made them.  Speakers and
takes are identified by whose people speak (see `aver.folds.choose.people_of`), so two roots of one corpus cannot hide a
leak; content is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from aver.errors import LeakageError
from aver.folds.roles import TEST, TRAIN, VALIDATION

#: rule → the column that it compares, and what crosses, in words.  A take is one performance, whatever files show it.
RULES: Mapping[str, tuple[str, str]] = {
    "speaker": ("speaker", "a speaker"),
    "take": ("take", "a take (the same performance)"),
    "content": ("sha256", "identical content"),
}
#: protocol → the rules that it is held to.  `clip` lets speakers cross and `window` everything: that is what they are.
CHECKED: Mapping[str, tuple[str, ...]] = {
    "subject": ("speaker", "take", "content"),
    "loso": ("speaker", "take", "content"),
    "cross": ("speaker", "take", "content"),
    "clip": ("take", "content"),
    "window": (),
}


def check_leakage(rows: Iterable[Mapping[str, Any]]) -> None:
    """Check that in every fold train, validation and test share nothing that the protocol keeps apart.

    Args:
        rows: rows of `folds.parquet`: protocol, fold, corpus, people, clip_id, role, speaker, take, sha256.  A corpus
            that knows no takes leaves them empty; speaker and content are always compared.

    Raises:
        LeakageError: something crosses; names the fold, what it is, and two clips.
    """
    sides: dict[tuple[str, int, str], dict[str, dict[str, str]]] = {}
    for row in rows:
        for rule in CHECKED[row["protocol"]]:
            value = row[RULES[rule][0]]
            if rule == "take" and not value:
                continue
            if rule != "content":  # the same name of other people is somebody else
                value = f"{row['people']}/{value}"
            roles = sides.setdefault((row["protocol"], row["fold"], rule), {})
            roles.setdefault(row["role"], {}).setdefault(value, f"{row['corpus']}/{row['clip_id']}")
    for (protocol, fold, rule), roles in sides.items():
        for one, other in combinations((TRAIN, VALIDATION, TEST), 2):
            left, right = roles.get(one, {}), roles.get(other, {})
            if crossing := sorted(left.keys() & right.keys()):
                first = crossing[0]
                new = "people" if "speaker" in CHECKED[protocol] else "clips"
                raise LeakageError(
                    f"fold {fold}: {RULES[rule][1]} is both in {one} and in {other}: {first} "
                    f"(clips {left[first]} and {right[first]}; {len(crossing)} in all). Scores of such a split would "
                    f"not hold for new {new}. Mend the labels, or remove a clip; corpora that one adapter reads hold "
                    "the same people and cannot test each other."
                )


def checked_rules(protocol: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the rules that could be checked: those of the protocol, unless no clip says what they compare.

    Args:
        protocol: its name.
        rows: its rows.
    """
    return [rule for rule in CHECKED[protocol] if any(row[RULES[rule][0]] for row in rows)]
