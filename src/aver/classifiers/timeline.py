"""From stores to what training reads: one table of sequences per fold, and the rows of each role in one flat file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.cache.objects import Arrays
from aver.classifiers.fit import TEST, TRAIN, VALIDATION
from aver.classifiers.sequences import sequences
from aver.classifiers.strategy import Strategy
from aver.clock import window_of
from aver.errors import BenchmarkError
from aver.params.blocks import Budget
from aver.store.reader import Store

ROLES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
ClipKey = tuple[str, str]


@dataclass(frozen=True)
class Timeline:
    """The sequences of a strategy over a benchmark's clips.

    Args:
        clips: (corpus, clip id) of every clip that has all roles, sorted.
        unscored: the other clips, with the reason.
        owner: for each sequence the number of its clip, [S] int32.
        table: `steps`, `lengths` and the links of `aver.classifiers.fit.Data`, without labels and roles.
        digests: per role the sha256 over the clips' rows: what a training run depends on.
    """

    clips: list[ClipKey]
    unscored: dict[ClipKey, str]
    owner: NDArray[np.int32]
    table: Arrays
    digests: dict[str, str]


def build_timeline(
    strategy: Strategy,
    stores: Mapping[str, Mapping[str, Store]],
    wanted: Sequence[ClipKey],
    frames: int,
    budget: Budget,
) -> Timeline:
    """Lay the rows of every clip out in time and cut them into sequences.

    Args:
        strategy: says which roles are needed and whose rows are the time line.
        stores: per role, per corpus, its store.
        wanted: the benchmark's clips.
        frames: steps per sequence.
        budget: stride and most sequences per clip.

    Raises:
        BenchmarkError: no clip has all the roles.
    """
    unscored = {key: why for key in wanted if (why := _missing(strategy, stores, key))}
    clips = sorted(key for key in wanted if key not in unscored)
    if not clips:
        raise BenchmarkError(
            f"strategy {strategy.name}: none of {len(wanted)} clips has {' and '.join(strategy.roles)} features "
            f"(reasons: {', '.join(sorted(set(unscored.values())))})"
        )
    counts = {role: [_entry(stores[role], key)["rows"] for key in clips] for role in strategy.roles}
    firsts = {role: np.concatenate([[0], np.cumsum(numbers)]).astype(np.int64) for role, numbers in counts.items()}
    line = strategy.timeline
    # Sequences are no longer than the longest clip: padding that no clip needs only costs time.
    length = min(frames, max(counts[line]))
    parts = [
        sequences(int(firsts[line][k]), counts[line][k], length, budget.sequence_stride, budget.max_sequences)
        for k in range(len(clips))
    ]
    table: Arrays = {
        "steps": np.concatenate([steps for steps, _ in parts]),
        "lengths": np.concatenate([lengths for _, lengths in parts]),
    }
    for role in strategy.roles:
        if role != line:
            table[f"link_{role}"] = np.concatenate(
                [firsts[role][k] + _join(stores, line, role, key) for k, key in enumerate(clips)]
            ).astype(np.int32)
    owner = np.repeat(np.arange(len(clips), dtype=np.int32), [len(steps) for steps, _ in parts])
    digests = {role: _digest(stores[role], clips) for role in strategy.roles}
    return Timeline(clips, unscored, owner, table, digests)


def write_rows(path: Path, stores: Mapping[str, Store], clips: Sequence[ClipKey]) -> None:
    """Write the rows of clips, one after the other, as one `.npy` file [R, D] float32 that training maps."""
    total = sum(_entry(stores, key)["rows"] for key in clips)
    width = next(iter(stores.values())).row_shape
    # Written, not mapped: on a full disk a write is an error, a store into a map kills the process.
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (total, *width)}
        np.lib.format.write_array_header_1_0(file, header)
        for corpus, clip_id in clips:
            file.write(np.ascontiguousarray(stores[corpus].rows(clip_id)).data)


def _entry(stores: Mapping[str, Store], key: ClipKey) -> dict[str, Any]:
    return stores[key[0]].catalogue[key[1]]


def _missing(strategy: Strategy, stores: Mapping[str, Mapping[str, Store]], key: ClipKey) -> str:
    """Return why a clip cannot be scored, or an empty text."""
    for role in strategy.roles:
        entry = stores[role][key[0]].catalogue.get(key[1])
        if entry is None:
            return f"{role}: failed"
        if not entry["rows"]:
            return f"{role}: {entry['reason'] or entry['status']}"
    return ""


def _join(stores: Mapping[str, Mapping[str, Store]], line: str, role: str, key: ClipKey) -> NDArray[np.int64]:
    """Return, for each row of the time line, the row of `role` whose window holds the middle of its time."""
    corpus, clip_id = key
    middles = stores[line][corpus].times(clip_id).mean(axis=1)
    return window_of(middles, stores[role][corpus].times(clip_id)[:, 0])


def _digest(stores: Mapping[str, Store], clips: Sequence[ClipKey]) -> str:
    lines = [f"{corpus} {clip_id} {_entry(stores, (corpus, clip_id))['digest']}" for corpus, clip_id in clips]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
