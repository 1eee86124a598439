"""From stores to what reducers and classifiers read: the rows of every clip in time, cut into sequences.

A clip's *steps* are the rows of its time line: the visual ones where it has them; rows of the other roles join a step
by time.  Where all roles have rows for the same windows, the steps are the windows, and a window may lack a role.  All
steps of all clips are numbered through; a *link* says which row of a role belongs to a step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.clock import window_of
from aver.errors import BenchmarkError
from aver.sequences.cut import sequences
from aver.sequences.plan import Plan
from aver.store.reader import Store

ClipKey = tuple[str, str]
Stores = Mapping[str, Mapping[str, Store]]
Joined = NDArray[np.int64] | None


@dataclass(frozen=True)
class Timeline:
    """The sequences over a benchmark's clips, for all strategies that need the same roles.

    Args:
        clips: (corpus, clip id) of every clip that has what is needed, sorted.
        unscored: the other clips, with the reason.
        owner: for each sequence the number of its clip, [S] int32.
        number: for each sequence which one of its clip it is, [S] int32, from 0.
        steps: [S, T] int32 numbers of steps; those behind a sequence's length repeat the clip's last one.
        lengths: [S] int32.
        links: per role [N] int32, the row of that role at each step, -1 where the clip has none.
        times: [N, 2] float64 seconds, of each step.
        began_s: [C] float64 seconds, when each clip's first step begins.
        known_s: [N] float64, how many seconds after that the last of a step's rows has ended: before, nobody knows it.
        digests: per role the sha256 over the clips' rows: what anything computed from them depends on.
    """

    clips: list[ClipKey]
    unscored: dict[ClipKey, str]
    owner: NDArray[np.int32]
    number: NDArray[np.int32]
    steps: NDArray[np.int32]
    lengths: NDArray[np.int32]
    links: dict[str, NDArray[np.int32]]
    times: NDArray[np.float64]
    began_s: NDArray[np.float64]
    known_s: NDArray[np.float64]
    digests: dict[str, str]

    def used(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the numbers of all steps of the chosen sequences [S] bool, each once, sorted."""
        true = np.arange(self.steps.shape[1]) < self.lengths[chosen][:, None]
        return np.unique(self.steps[chosen][true]).astype(np.int64)


def build_timeline(stores: Stores, wanted: Sequence[ClipKey], plan: Plan) -> Timeline:
    """Lay the rows of every clip out in time and cut them into sequences.

    Args:
        stores: per role, per corpus, its store.
        wanted: the benchmark's clips.
        plan: how rows are joined and cut; where it is `partial`, clips that have some of the roles are kept, and their
            links to the others are -1.

    Raises:
        BenchmarkError: no clip has what is needed.
    """
    roles = list(stores)
    missing = {key: {role: why for role in roles if (why := _missing(stores[role], key))} for key in wanted}
    unscored = {
        key: "; ".join(f"{role}: {why}" for role, why in lacking.items())
        for key, lacking in missing.items()
        if lacking and (len(lacking) == len(roles) or not plan.partial)
    }
    clips = sorted(key for key in wanted if key not in unscored)
    if not clips:
        raise BenchmarkError(
            f"none of {len(wanted)} clips has {(' or ' if plan.partial else ' and ').join(roles)} features "
            f"(reasons: {', '.join(sorted(set(unscored.values())))})"
        )
    laid = [_lay(stores, key, missing[key], plan) for key in clips]
    counts = [len(times) for times, _, _ in laid]
    firsts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    # Sequences are no longer than the longest clip: padding that no clip needs only costs time.
    length = min(plan.frames, max(counts))
    parts = [
        sequences(int(first), count, length, plan.stride or length, plan.most)
        for first, count in zip(firsts, counts, strict=False)
    ]
    return Timeline(
        clips=clips,
        unscored=unscored,
        owner=np.repeat(np.arange(len(clips), dtype=np.int32), [len(steps) for steps, _ in parts]),
        number=np.concatenate([np.arange(len(steps), dtype=np.int32) for steps, _ in parts]),
        steps=np.concatenate([steps for steps, _ in parts]),
        lengths=np.concatenate([lengths for _, lengths in parts]),
        links={role: _link(stores[role], clips, [joined[role] for _, joined, _ in laid], counts) for role in roles},
        times=np.concatenate([times for times, _, _ in laid]),
        began_s=np.array([times[0, 0] for times, _, _ in laid]),
        known_s=np.concatenate([known - times[0, 0] for times, _, known in laid]),
        digests={role: _digest(stores[role], clips) for role in roles},
    )


def clips_with(stores: Mapping[str, Store], clips: Sequence[ClipKey]) -> list[ClipKey]:
    """Return those clips that have rows of a role, in their order: whose rows a link counts."""
    return [key for key in clips if not _missing(stores, key)]


def _lay(
    stores: Stores, key: ClipKey, lacking: Mapping[str, str], plan: Plan
) -> tuple[NDArray[np.float64], dict[str, Joined], NDArray[np.float64]]:
    """Return the times of a clip's steps, per role the row at each (counted within the clip) or None, and the ends."""
    corpus, clip_id = key
    own = {role: found[corpus].times(clip_id) for role, found in stores.items() if role not in lacking}
    joined: dict[str, Joined] = dict.fromkeys(stores)
    if plan.windows:
        times = _windows(own, plan.span_s.get(corpus, np.inf))
        for role, rows in own.items():
            place = {start: number for number, start in enumerate(rows[:, 0].tolist())}
            joined[role] = np.array([place.get(start, -1) for start in times[:, 0].tolist()])
        return times, joined, times[:, 1]
    line = next(iter(own))
    times, known = own[line], own[line][:, 1]
    for role, rows in own.items():
        if role == line:
            joined[role] = np.arange(len(times))
        else:
            # The row whose window holds the middle of the step.
            number = window_of(times.mean(axis=1), rows[:, 0])
            joined[role], known = number, np.maximum(known, rows[number, 1])
    return times, joined, known


def _windows(own: Mapping[str, NDArray[np.float64]], span_s: float) -> NDArray[np.float64]:
    """Return the windows [W, 2] in which any role has a row, in time; of them those that start within the span."""
    found = np.unique(np.concatenate(list(own.values())), axis=0)
    within = found[:, 0] < span_s
    within[0] = True  # a sound that starts that late still has an answer
    return found[within]


def _link(
    stores: Mapping[str, Store], clips: Sequence[ClipKey], joined: Sequence[Joined], counts: Sequence[int]
) -> NDArray[np.int32]:
    """Return a role's row, counted over all clips that have the role, at each step."""
    parts, first = [], 0
    for key, rows, count in zip(clips, joined, counts, strict=True):
        if rows is None:
            parts.append(np.full(count, -1))
        else:
            parts.append(np.where(rows < 0, -1, first + rows))
            first += _entry(stores, key)["rows"]
    return np.concatenate(parts).astype(np.int32)


def _entry(stores: Mapping[str, Store], key: ClipKey) -> dict[str, Any]:
    return stores[key[0]].catalogue[key[1]]


def _missing(stores: Mapping[str, Store], key: ClipKey) -> str:
    """Return why a clip has no rows of a role, or an empty text."""
    entry = stores[key[0]].catalogue.get(key[1])
    if entry is None:
        return "failed"
    return "" if entry["rows"] else entry["reason"] or entry["status"]


def _digest(stores: Mapping[str, Store], clips: Sequence[ClipKey]) -> str:
    held = clips_with(stores, clips)
    lines = [f"{corpus} {clip_id} {_entry(stores, (corpus, clip_id))['digest']}" for corpus, clip_id in held]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
