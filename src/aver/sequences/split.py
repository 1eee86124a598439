"""The role of every sequence in one fold: its clip's, or under protocol `window` one of its own."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.errors import BenchmarkError
from aver.folds import roles as words
from aver.params.blocks import Benchmark
from aver.sequences.roles import TEST, TRAIN, VALIDATION
from aver.sequences.timeline import Timeline

ROLES = {words.TRAIN: TRAIN, words.VALIDATION: VALIDATION, words.TEST: TEST}


@dataclass(frozen=True)
class Fold:
    """One fold of one protocol, for one time line.

    Args:
        protocol: its name.
        number: of the fold within the protocol, from 0.
        roles: TRAIN, VALIDATION or TEST of each sequence, [S] int32.
        labels: the number of each sequence's label, [S] int32.
    """

    protocol: str
    number: int
    roles: NDArray[np.int32]
    labels: NDArray[np.int32]

    @property
    def name(self) -> str:
        """How files about it are called: `subject-fold-0`."""
        return f"{self.protocol}-fold-{self.number}"


def split(
    line: Timeline, folds: Sequence[Mapping[str, Any]], labels: Sequence[str], benchmark: Benchmark
) -> tuple[list[Fold], dict[str, str]]:
    """Return the folds of a benchmark, by protocol as in `folds.parquet`, as roles and labels of sequences.

    Second come the protocols beside the headline that cannot be served, with the reason; they have no folds.

    Args:
        line: the sequences.
        folds: rows of `folds.parquet`.
        labels: all labels of the benchmark; a label's number is its place.
        benchmark: `fold_seed` and `validation_fraction` deal sequences under protocol `window`.

    Raises:
        BenchmarkError: a fold of the headline loses a whole side, or a label or modality in training, because clips
            lack features.
    """
    by_fold: dict[tuple[str, int], dict[tuple[str, str], Mapping[str, Any]]] = {}
    for row in folds:
        by_fold.setdefault((row["protocol"], row["fold"]), {})[row["corpus"], row["clip_id"]] = row
    found: list[Fold] = []
    gaps: dict[str, str] = {}
    for (protocol, number), rows in by_fold.items():
        clips = [rows[key] for key in line.clips]
        if any(clip["role"] == words.WINDOWS for clip in clips):
            roles = _dealt(line, benchmark)
        else:
            roles = np.array([ROLES[clip["role"]] for clip in clips], np.int32)[line.owner]
        numbers = np.array([labels.index(clip["label"]) for clip in clips], np.int32)[line.owner]
        fold = Fold(protocol, number, roles, numbers)
        try:
            _check(fold, line, labels)
        except BenchmarkError as exc:
            if protocol == benchmark.protocol:
                raise
            gaps.setdefault(protocol, str(exc))
        found.append(fold)
    return [fold for fold in found if fold.protocol not in gaps], gaps


def _dealt(line: Timeline, benchmark: Benchmark) -> NDArray[np.int32]:
    """Deal sequences one by one, in an order that depends on nothing but their names and the seed."""
    names = [
        f"{benchmark.fold_seed} {'/'.join(line.clips[clip])} {number}"
        for clip, number in zip(line.owner.tolist(), line.number.tolist(), strict=True)
    ]
    order = np.argsort([hashlib.sha256(name.encode()).hexdigest() for name in names])
    tested = ceil(words.TEST_FRACTION * len(order))
    rest = len(order) - tested
    validating = min(max(rest - 1, 0), ceil(benchmark.validation_fraction * rest))
    roles = np.full(len(order), TRAIN, np.int32)
    roles[order[:tested]] = TEST
    roles[order[tested : tested + validating]] = VALIDATION
    return roles


def _check(fold: Fold, line: Timeline, labels: Sequence[str]) -> None:
    where = f"protocol {fold.protocol}, fold {fold.number}"
    lacking = f"{len(line.unscored)} clips lack features ({_counted(line.unscored.values())})"
    for word, role in ROLES.items():
        if not (fold.roles == role).any():
            raise BenchmarkError(f"{where} has no sequence left for {word} of {len(line.owner)}; {lacking}")
    # A corpus may be the only one with a label, and have no such stream at all.
    untrained = sorted(set(range(len(labels))) - set(fold.labels[fold.roles == TRAIN].tolist()))
    if untrained:
        raise BenchmarkError(
            f"{where} has no clip of {', '.join(labels[k] for k in untrained)} left to train; {lacking}. Choose other "
            "corpora, or leave the label out by `labels` or `where`."
        )
    used = line.used(fold.roles == TRAIN)
    for modality, links in line.links.items():
        # Where clips may lack a modality, all that train may lack the same.
        if (links[used] < 0).all():
            raise BenchmarkError(f"{where} has no {modality} features left to train")


def _counted(reasons: Iterable[str]) -> str:
    return ", ".join(f"{reason} {number}" for reason, number in Counter(reasons).most_common(3)) or "none"
