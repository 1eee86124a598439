"""Protocol `clip`: clips dealt at random, the same people on all sides; only performances are kept apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from aver.errors import BenchmarkError
from aver.folds.roles import TEST, TEST_FRACTION, TRAIN, VALIDATION
from aver.params.blocks import Benchmark


def clip(clips: Sequence[Mapping[str, Any]], benchmark: Benchmark) -> list[list[str]]:
    """Deal takes at random: 20 % test, and of the rest `validation_fraction` validates.

    Files of one take and files of the same content stay together; a clip without a take is a take of its own.  The
    order is that of a digest of each take's name and the seed: it does not depend on the order of the clips, and a
    further clip moves no other from place to place in it.

    Args:
        clips: rows with `corpus`, `people`, `clip_id`, `take` and `sha256`; speakers need not be known.
        benchmark: `validation_fraction` and `fold_seed` are used.

    Returns:
        The role of every clip in the only fold.

    Raises:
        BenchmarkError: fewer than three takes.
    """
    owner = performances(clips)
    keys: dict[int, str] = {}
    for number, row in zip(owner, clips, strict=True):
        keys[number] = min(keys.get(number, name := _name(row)), name)
    if len(keys) < 3:
        raise BenchmarkError(
            f"a random split takes at least 3 takes: one to test, one to validate and one to train. Found {len(keys)} "
            f"in {len(clips)} clips ({', '.join(sorted(keys.values()))}); files of the same take or content count "
            "once. Add clips, or check the take column of labels.csv."
        )
    order = sorted(keys, key=lambda number: _drawn(benchmark.fold_seed, keys[number]))
    tested = ceil(TEST_FRACTION * len(order))
    rest = len(order) - tested
    validating = min(rest - 1, ceil(benchmark.validation_fraction * rest))
    roles = [TEST] * tested + [VALIDATION] * validating + [TRAIN] * (rest - validating)
    role_of = dict(zip(order, roles, strict=True))
    return [[role_of[number] for number in owner]]


def performances(clips: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return for each clip the number of its performance: clips joined by takes or content, however indirectly."""
    nodes: dict[tuple[str, ...], int] = {}
    pairs = []
    for number, row in enumerate(clips):
        joints = [("content", row["sha256"]), *([("take", row["people"], row["take"])] if row["take"] else [])]
        pairs += [(number, nodes.setdefault(joint, len(clips) + len(nodes))) for joint in joints]
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    total = len(clips) + len(nodes)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(total, total))
    _, labels = connected_components(graph, directed=False)
    found: list[int] = labels[: len(clips)].tolist()
    return found


def _name(row: Mapping[str, Any]) -> str:
    """Return a name that does not depend on which files of a take are used: picture, sound or both."""
    return f"take {row['people']}/{row['take']}" if row["take"] else f"clip {row['corpus']}/{row['clip_id']}"


def _drawn(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed} {name}".encode()).hexdigest()
