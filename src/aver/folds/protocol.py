"""Protocols: which speakers train, validate and test in each fold.

`subject`: speaker-disjoint k-fold.  Speakers are shuffled within each sex and dealt to the folds one sex after the
other, so folds differ by at most one speaker, and by at most one of each sex.  A fold's validation speakers come out of
its training speakers, sexes in turn, starting at another place in each fold, so everybody validates
about equally often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from math import ceil
from typing import Any

import numpy as np

from aver.errors import BenchmarkError
from aver.params.blocks import Benchmark

TRAIN, VALIDATION, TEST = "train", "validation", "test"


def subject(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[dict[str, str]]:
    """Return, per fold, the role of every speaker (`train` | `validation` | `test`).

    Args:
        clips: rows of `clips.parquet` with `speaker` and `sex`.
        benchmark: `folds`, `validation_fraction` and `fold_seed` are used.

    Raises:
        BenchmarkError: a clip without a speaker, or too few speakers.
    """
    nameless = [clip["clip_id"] for clip in clips if not clip["speaker"]]
    if nameless:
        raise BenchmarkError(
            f"protocol 'subject' needs to know who speaks, but {len(nameless)} clips have no speaker, e.g. "
            f"{', '.join(nameless[:3])}. Add a speaker column to labels.csv."
        )
    groups = _shuffled({clip["speaker"]: clip["sex"] for clip in clips}, benchmark.fold_seed)
    order = [speaker for group in groups for speaker in group]
    turns = [speaker for turn in zip_longest(*groups) for speaker in turn if speaker is not None]
    largest = -(-len(order) // benchmark.folds)
    if len(order) < benchmark.folds or len(order) - largest < 2:
        raise BenchmarkError(
            f"{benchmark.folds} speaker-disjoint folds of {len(order)} speakers ({', '.join(sorted(order))}) leave no "
            "fold with a speaker to test, one to validate and one to train. Set `folds` between 2 and the number of "
            "speakers, high enough that two speakers stay out of the test; or add speakers."
        )
    folds = []
    for fold in range(benchmark.folds):
        test = set(order[fold :: benchmark.folds])
        start = fold * len(turns) // benchmark.folds
        rest = [speaker for speaker in (*turns[start:], *turns[:start]) if speaker not in test]
        held_out = set(rest[: max(1, min(len(rest) - 1, ceil(benchmark.validation_fraction * len(rest))))])
        folds.append({s: TEST if s in test else VALIDATION if s in held_out else TRAIN for s in sorted(order)})
    return folds


def _shuffled(sex_of: Mapping[str, str], seed: int) -> list[list[str]]:
    """Return the speakers of each sex in a random order, sexes by name."""
    rng = np.random.default_rng(seed)
    groups = []
    for sex in sorted(set(sex_of.values())):
        members = sorted(speaker for speaker, other in sex_of.items() if other == sex)
        groups.append([members[k] for k in rng.permutation(len(members))])
    return groups


#: Protocols by name.
PROTOCOLS = {"subject": subject}
