"""Protocols: which clips train, validate and test in each fold.

`subject`: speaker-disjoint k-fold over the union of the corpora.  Speakers are shuffled within each corpus and sex and
dealt to the folds one group after the other, so folds differ by at most one speaker, and by at most one of each group.

`cross`: one fold; the training corpora train, every clip of the test corpora tests.

In both, validation speakers come out of the training speakers, each group in its share, starting at another place in
each fold, so everybody validates about equally often.  A speaker is a person: `(people, speaker)`, whatever the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np

from aver.errors import BenchmarkError
from aver.params.blocks import Benchmark

TRAIN, VALIDATION, TEST = "train", "validation", "test"
Person = tuple[str, str]
SHOWN = 12


def subject(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[list[str]]:
    """Return, per fold, the role of every clip (`train` | `validation` | `test`).

    Args:
        clips: rows with `corpus`, `people`, `speaker` and `sex`.
        benchmark: `folds`, `validation_fraction` and `fold_seed` are used.

    Raises:
        BenchmarkError: a clip without a speaker, or too few speakers.
    """
    assert benchmark.folds is not None  # checked when params.yaml is read
    groups = _groups(clips, benchmark.fold_seed)
    order = [person for group in groups for person in group]
    turns = _in_turns(groups)
    largest = -(-len(order) // benchmark.folds)
    if len(order) < benchmark.folds or len(order) - largest < 2:
        raise BenchmarkError(
            f"{benchmark.folds} speaker-disjoint folds of {len(order)} speakers ({_names(order)}) leave no "
            "fold with a speaker to test, one to validate and one to train. Set `folds` between 2 and the number of "
            "speakers, high enough that two speakers stay out of the test; or add speakers."
        )
    folds = []
    for fold in range(benchmark.folds):
        test = set(order[fold :: benchmark.folds])
        start = fold * len(turns) // benchmark.folds
        rest = [person for person in (*turns[start:], *turns[:start]) if person not in test]
        held_out = _held_out(rest, benchmark)
        folds.append([TEST if (who := _person(c)) in test else VALIDATION if who in held_out else TRAIN for c in clips])
    return folds


def cross(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[list[str]]:
    """Return the roles of the only fold; see `subject`.  `folds` is not used, `test_corpora` is.

    Raises:
        BenchmarkError: a clip without a speaker, or fewer than two speakers to train and validate.
    """
    _groups(clips, benchmark.fold_seed)  # the test side too must say who speaks: its intervals are over speakers
    groups = _groups([clip for clip in clips if clip["corpus"] not in benchmark.test_corpora], benchmark.fold_seed)
    turns = _in_turns(groups)
    if len(turns) < 2:
        raise BenchmarkError(
            f"{', '.join(benchmark.corpora)} have {len(turns)} speaker ({_names(turns)}); one is needed to train and "
            "another to validate. Add speakers or another training corpus."
        )
    held_out = _held_out(turns, benchmark)
    # By corpus and not by person: who trains and tests is found by the leakage gate, never quietly moved.
    return [
        [
            TEST if clip["corpus"] in benchmark.test_corpora else VALIDATION if _person(clip) in held_out else TRAIN
            for clip in clips
        ]
    ]


def _person(clip: Mapping[str, Any]) -> Person:
    return clip["people"], clip["speaker"]


def _held_out(persons: Sequence[Person], benchmark: Benchmark) -> set[Person]:
    """Return the validation speakers: the first ones, at least one, and at least one stays to train."""
    return set(persons[: max(1, min(len(persons) - 1, ceil(benchmark.validation_fraction * len(persons))))])


def _groups(clips: Sequence[Mapping[str, Any]], seed: int) -> list[list[Person]]:
    """Return the persons of each group (the corpora somebody is in, and the sex) in a random order, groups by name."""
    nameless = [clip["clip_id"] for clip in clips if not clip["speaker"]]
    if nameless:
        raise BenchmarkError(
            f"it needs to know who speaks, but {len(nameless)} clips have no speaker, e.g. "
            f"{', '.join(nameless[:3])}. Add a speaker column to labels.csv."
        )
    corpora: dict[Person, set[str]] = {}
    sexes: dict[Person, str] = {}
    for clip in clips:
        who = _person(clip)
        corpora.setdefault(who, set()).add(clip["corpus"])
        sexes[who] = max(sexes.get(who, ""), clip["sex"])  # known before unknown, whatever the order of the clips
    members: dict[tuple[tuple[str, ...], str], list[Person]] = {}
    for who in sorted(corpora):
        members.setdefault((tuple(sorted(corpora[who])), sexes[who]), []).append(who)
    rng = np.random.default_rng(seed)
    return [[group[k] for k in rng.permutation(len(group))] for _, group in sorted(members.items())]


def _in_turns(groups: Sequence[Sequence[Person]]) -> list[Person]:
    """Return all persons such that any stretch of them holds about each group's share."""
    placed = [
        ((2 * place + 1) / (2 * len(group)), number, who)
        for number, group in enumerate(groups)
        for place, who in enumerate(group)
    ]
    return [who for _, _, who in sorted(placed)]


def _names(persons: Sequence[Person]) -> str:
    """Return speakers as the corpus calls them, with whose people they are where there are several."""
    several = len({people for people, _ in persons}) > 1
    names = sorted(f"{people}/{speaker}" if several else speaker for people, speaker in persons)
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


#: Protocols by name.
PROTOCOLS = {"subject": subject, "cross": cross}
