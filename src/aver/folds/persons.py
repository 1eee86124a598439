"""Who speaks: persons, the groups that a split keeps in balance, and who of them validates.

A speaker is a person: `(people, speaker)`, whatever the corpus (`aver.folds.choose.people_of`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np

from aver.errors import BenchmarkError

Person = tuple[str, str]
#: Speakers that a message names.
SHOWN = 12
NUMBER = re.compile(r"([0-9]+)")


def person(clip: Mapping[str, Any]) -> Person:
    """Return who speaks in a clip."""
    return clip["people"], clip["speaker"]


def groups_of(clips: Sequence[Mapping[str, Any]], seed: int) -> list[list[Person]]:
    """Return the persons of each group (the corpora somebody is in, and the sex) in a random order, groups by name.

    Args:
        clips: rows with `corpus`, `people`, `speaker` and `sex`.
        seed: of the order within the groups.

    Raises:
        BenchmarkError: a clip has no speaker.
    """
    nameless = [clip["clip_id"] for clip in clips if not clip["speaker"]]
    if nameless:
        raise BenchmarkError(
            f"it needs to know who speaks, but {len(nameless)} of {len(clips)} clips have no speaker, e.g. "
            f"{', '.join(nameless[:3])}. Add a speaker column to labels.csv. Without names only protocols clip and "
            "window can be served, whose scores say nothing about new people."
        )
    corpora: dict[Person, set[str]] = {}
    sexes: dict[Person, str] = {}
    for clip in clips:
        who = person(clip)
        corpora.setdefault(who, set()).add(clip["corpus"])
        sexes[who] = max(sexes.get(who, ""), clip["sex"])  # known before unknown, whatever the order of the clips
    members: dict[tuple[tuple[str, ...], str], list[Person]] = {}
    for who in sorted(corpora):
        members.setdefault((tuple(sorted(corpora[who])), sexes[who]), []).append(who)
    rng = np.random.default_rng(seed)
    return [[group[k] for k in rng.permutation(len(group))] for _, group in sorted(members.items())]


def in_turns(groups: Sequence[Sequence[Person]]) -> list[Person]:
    """Return all persons such that any stretch of them holds about each group's share."""
    placed = [
        ((2 * place + 1) / (2 * len(group)), number, who)
        for number, group in enumerate(groups)
        for place, who in enumerate(group)
    ]
    return [who for _, _, who in sorted(placed)]


def in_order(persons: Iterable[Person]) -> list[Person]:
    """Return persons by their names, numbers in a name compared as numbers.

    Example:
        >>> in_order([("c", "10"), ("c", "9"), ("b", "s12"), ("b", "s2")])
        [('b', 's2'), ('b', 's12'), ('c', '9'), ('c', '10')]
    """
    return sorted(persons, key=_by_name)


def _by_name(who: Person) -> tuple[str, list[tuple[str, int]], str]:
    parts = NUMBER.split(who[1])  # text and number in turns: "s12" → s 12, "9" → (nothing) 9
    numbers = [int(part) for part in parts[1::2]] + [-1]
    return who[0], list(zip(parts[::2], numbers, strict=True)), who[1]


def held_out(persons: Sequence[Person], fraction: float) -> set[Person]:
    """Return the validation speakers: the first ones, at least one, and at least one stays to train."""
    return set(persons[: max(1, min(len(persons) - 1, ceil(fraction * len(persons))))])


def names(persons: Collection[Person]) -> str:
    """Return speakers as the corpus calls them, with whose people they are where there are several."""
    several = len({people for people, _ in persons}) > 1
    shown = [f"{people}/{speaker}" if several else speaker for people, speaker in in_order(persons)]
    return ", ".join(shown[:SHOWN]) + (", …" if len(shown) > SHOWN else "")
