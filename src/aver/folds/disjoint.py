"""Speaker-disjoint protocols: whoever tests is neither trained on nor validated with.

In all of them validation speakers come out of the training speakers, each group (see `aver.folds.persons`) in its
share, starting at another place in each fold, so everybody validates about equally often.  No publication that AVER
follows names its validation speakers, so these are AVER's own choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aver.errors import BenchmarkError
from aver.folds.persons import Person, groups_of, held_out, in_order, in_turns, names, person
from aver.folds.roles import TEST, TRAIN, VALIDATION
from aver.params.blocks import Benchmark


def subject(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[list[str]]:
    """Speaker-disjoint k-fold over the union of the corpora.

    Args:
        clips: rows with `corpus`, `people`, `speaker` and `sex`.
        benchmark: `folds`, `deal`, `validation_fraction` and `fold_seed` are used.

    Returns:
        Per fold the role of every clip (`train` | `validation` | `test`).

    Raises:
        BenchmarkError: a clip without a speaker, or too few speakers.
    """
    assert benchmark.folds is not None  # checked when params.yaml is read
    folds, groups = benchmark.folds, groups_of(clips, benchmark.fold_seed)
    order, turns = [who for group in groups for who in group], in_turns(groups)
    tests = DEALS[benchmark.deal](order, folds)
    if len(order) < folds or len(order) - max(map(len, tests)) < 2:
        raise BenchmarkError(
            f"{folds} speaker-disjoint folds of {len(order)} speakers ({names(order)}) leave no fold with a speaker "
            "to test, one to validate and one to train. Set `folds` between 2 and the number of speakers, high enough "
            "that two speakers stay out of the test; or add speakers."
        )
    if empty := [str(fold) for fold, tested in enumerate(tests) if not tested]:
        raise BenchmarkError(
            f"`deal: {benchmark.deal}` cuts the speakers of each corpus into {folds} parts, and of {len(order)} "
            f"speakers ({names(order)}) nobody is left for fold {', '.join(empty)}. Lower `folds`, or choose "
            "`deal: shuffled`."
        )
    starts = [fold * len(turns) // folds for fold in range(folds)]
    return [_roles(clips, tested, turns, start, benchmark) for tested, start in zip(tests, starts, strict=True)]


def loso(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[list[str]]:
    """Leave one speaker out: one fold per person, in the order of their names; see `subject`.

    Raises:
        BenchmarkError: a clip without a speaker, or fewer than three speakers.
    """
    turns = in_turns(groups_of(clips, benchmark.fold_seed))
    if len(turns) < 3:
        raise BenchmarkError(
            f"leaving one speaker out takes at least 3 speakers: one to test, one to validate and one to train. Found "
            f"{len(turns)} ({names(turns)}). Add speakers, or choose protocol clip, whose scores say nothing about "
            "new people."
        )
    # Those who come next in the turns validate, so everybody does so equally often.
    return [_roles(clips, {who}, turns, turns.index(who), benchmark) for who in in_order(turns)]


def cross(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[list[str]]:
    """One fold: the training corpora train, every clip of `test_corpora` tests; see `subject`.

    Raises:
        BenchmarkError: a clip without a speaker, or fewer than two speakers to train and validate.
    """
    groups_of(clips, benchmark.fold_seed)  # the test side too must say who speaks: its intervals are over speakers
    trained = [clip for clip in clips if clip["corpus"] not in benchmark.test_corpora]
    turns = in_turns(groups_of(trained, benchmark.fold_seed))
    if len(turns) < 2:
        raise BenchmarkError(
            f"{', '.join(benchmark.corpora)} have {len(turns)} speaker ({names(turns)}); one is needed to train and "
            "another to validate. Add speakers or another training corpus."
        )
    validating = held_out(turns, benchmark.validation_fraction)
    # By corpus and not by person: who trains and tests is found by the leakage gate, never quietly moved.
    return [
        [
            TEST if clip["corpus"] in benchmark.test_corpora else VALIDATION if person(clip) in validating else TRAIN
            for clip in clips
        ]
    ]


def shuffled(order: Sequence[Person], folds: int) -> list[set[Person]]:
    """Deal persons to the folds one group after the other.

    So folds differ by at most one speaker, and by at most one of each group.

    Args:
        order: of the persons, group by group.
        folds: how many.
    """
    return [set(order[fold::folds]) for fold in range(folds)]


def consecutive(order: Sequence[Person], folds: int) -> list[set[Person]]:
    """Cut the `n` persons of each people, in the order of their names, before number `floor(n * k / folds)`.

    Of RAVDESS 6 folds are actors 1-4, 5-8, …; of CREMA-D 5 folds begin at 1001, 1019, 1037, 1055, 1073.  These are the
    test lists published with HiCMAE (Sun et al. 2024, github.com/sunlicai/HiCMAE, `saved/data`).

    Args:
        order: the persons; their order does not matter.
        folds: how many.
    """
    tests: list[set[Person]] = [set() for _ in range(folds)]
    for people in sorted({people for people, _ in order}):
        own = in_order(who for who in order if who[0] == people)
        for fold, tested in enumerate(tests):
            tested.update(own[len(own) * fold // folds : len(own) * (fold + 1) // folds])
    return tests


#: How speakers come into folds (`deal`).
DEALS: Mapping[str, Callable[[Sequence[Person], int], list[set[Person]]]] = {
    "shuffled": shuffled,
    "consecutive": consecutive,
}


def _roles(
    clips: Sequence[Mapping[str, Any]], tested: set[Person], turns: Sequence[Person], start: int, benchmark: Benchmark
) -> list[str]:
    """Return each clip's role in a fold; those who come first in the turns from `start` on validate."""
    rest = [who for who in (*turns[start:], *turns[:start]) if who not in tested]
    roles = dict.fromkeys(rest, TRAIN) | dict.fromkeys(held_out(rest, benchmark.validation_fraction), VALIDATION)
    return [roles.get(person(clip), TEST) for clip in clips]
