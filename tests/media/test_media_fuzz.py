"""Damaged clips through the real stages: a small slice of `benchmarks/fuzz.py`, and the whole of it as a slow test."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
import pytest
from fuzz import Report, bounded, fuzz, misjudged, pipeline
from fuzz_bases import Base, make_bases
from fuzz_checks import USABLE, wrong
from fuzz_corpus import write_corpus
from fuzz_layout import layout
from fuzz_watch import Watch
from mutations import MUTATIONS, Mutation, Subject

from aver.cache.cache import Cache, Done, Failed, Step
from aver.errors import REASONS
from aver.ledger import Failure
from aver.parallel import Task
from aver.params.blocks import Parallel

#: Reasons that no damage to a file's content may have.
NEVER = {"missing", "unreadable", "changed", "inconsistent", "internal", "duplicate", "bad_name", "too_long"}


@pytest.fixture(scope="module")
def bases(tmp_path_factory) -> list[Base]:
    return make_bases(tmp_path_factory.mktemp("bases"))


def says(report: Report) -> str:
    return "\n".join(f"{clip_id}: {sentence}" for clip_id, sentence in report.wrong)


def test_damaged_clips_break_nothing(tmp_path, bases):
    report = fuzz(tmp_path, bases, count=42, seed=11)
    assert {one.mutation.name for one in report.damaged} == set(MUTATIONS)
    assert len(report.outcomes) == 42
    assert not report.wrong, says(report)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_hundreds_of_damaged_clips_break_nothing(tmp_path, bases, seed):
    report = fuzz(tmp_path, bases, count=520, seed=seed)
    assert len({one.base.name for one in report.damaged}) >= 8
    assert not report.wrong, says(report)


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=list(MUTATIONS))
def test_a_mutation_class_is_declared_and_does_what_it_says(mutation, bases):
    for outcomes in (mutation.outcomes, *mutation.families.values()):
        assert outcomes <= {USABLE, *REASONS} - NEVER
        assert outcomes
    assert set(mutation.families) <= {base.family for base in bases}
    assert mutation.change.__doc__
    made = 0
    for base in bases:
        clip = Subject(base.family, base.content, layout(base.family, base.content), bases[0].content)
        content = mutation.change(clip, Random(5))
        assert content == mutation.change(clip, Random(5))
        made += content is not None
        if content is not None and base is not bases[0]:
            assert (content == base.content) == (mutation.name == "untouched")
    assert made > len(bases) // 2


def test_the_layouts_find_the_fields(bases):
    """The fields that are edited hold what was encoded."""
    found: dict[str, set[tuple[str, int]]] = {}
    for base in bases:
        place = layout(base.family, base.content)
        assert 0 <= place.start < place.end <= len(base.content)
        assert place.fields
        assert all(spot.at >= 0 and spot.at + spot.width <= len(base.content) for spot in place.fields)
        numbers = [(s.kind, int.from_bytes(base.content[s.at : s.at + s.width], s.order)) for s in place.fields]
        found[base.name] = set(numbers)
    for name in ("mp4 h264 aac", "mkv mpeg4 mp3", "avi mpeg4 pcm", "asf wmv2 wma2"):
        assert ("picture", 96) in found[name]
    assert {("scale", 10240), ("rate", 44100 << 16), ("duration", 16384)} <= found["mp4-faststart h264 aac"]
    assert {("rate", 44100), ("duration", 70560), ("length", 2 * 70560)} <= found["avi mpeg4 pcm"] | found["wav pcm"]
    assert ("scale", 1_000_000) in found["mkv mpeg4 mp3"]
    assert {("stamp", 100), ("stamp", 25)} & found["flv flv1 mp3"]


def test_the_run_would_notice(tmp_path, bases):
    """Each kind of wrong answer is found: this is what makes the other tests worth something."""
    names = ("mp4 h264 aac", "flv flv1 mp3", "avi mpeg4 pcm")
    damaged = write_corpus(tmp_path / "corpus", [base for base in bases if base.name in names], 3, 1)
    broken = tmp_path / "corpus" / damaged[0].clip_id
    broken.write_bytes(b"no media at all")
    (tmp_path / "out").mkdir()
    params = replace(bounded(), parallel=replace(bounded().parallel, backend="sequential", jobs=1))
    result = pipeline(tmp_path / "corpus", tmp_path / "out", params)
    ids = [one.clip_id for one in damaged]
    assert not list(wrong(result, ids))
    assert [result.outcomes()[clip_id] for clip_id in ids] == ["not_media", USABLE, USABLE]

    declared = [replace(one, mutation=Mutation("x", one.mutation.change, frozenset({"missing"}))) for one in damaged]
    assert {clip_id for clip_id, _ in misjudged(declared, result.outcomes())} == set(ids)

    def found(media: dict[str, Any] | None = None, faces: dict[str, Any] | None = None, **changes: Any) -> set[str]:
        doctored = replace(
            result,
            media=replace(result.media, **(media or {})),
            faces=replace(result.faces, **(faces or {})),
            **changes,
        )
        return {clip_id for clip_id, _ in wrong(doctored, ids)}

    text, used = result.media.failures[0], ids[1]  # one bit turned over
    row, face = (next(x for x in rows if x["clip_id"] == used) for rows in (result.media.rows, result.faces.rows))
    others, other_faces = ([x for x in rows if x["clip_id"] != used] for rows in (result.media.rows, result.faces.rows))
    assert found() == set()
    assert found({"rows": others}) == {used}
    assert found({"failures": [text, replace(text, clip_id=used)]}) == {used}
    for reason in ("internal", "too_long", "no such reason"):
        assert found({"failures": [replace(text, reason=reason)]}) == {ids[0]}
    assert found(faces={"rows": other_faces, "failures": [Failure(used, "faces", "inconsistent", "x")]}) == {used}
    assert found(slow=[(used, "slow")]) == {used}
    for change in (
        {"samples": row["samples"] + 2000}, {"sound_start_s": -1.0}, {"sound_end_s": 1e9}, {"kept": [0]}, {"width": 0},
        {"frame_times_s": [float("nan")]}, {"frame_times_s": [2.0, 1.0]}, {"has_picture": False, "has_sound": False},
    ):  # fmt: skip
        assert found({"rows": [{**row, **change}, *others]}) == {used}, change
    for change in ({"status": face["status"][1:]}, {"status": [0] * len(face["status"])}, {"boxes": []}):
        assert found(faces={"rows": [{**face, **change}, *other_faces]}) == {used}, change


def test_the_watch_names_a_clip_that_stops_or_delays_the_run(tmp_path, monkeypatch):
    """A stage that is stopped, or that hangs, costs the group its outcomes and no more."""
    cache, watch = Cache(tmp_path), Watch()
    monkeypatch.setattr("fuzz_watch.GROUP", 1)
    monkeypatch.setattr("fuzz_watch.HANG_S", 1)
    monkeypatch.setattr("fuzz_watch.SLOW_S", 0.5)
    steps = [Step(name, work, Nothing(), {}) for name, work in (("a", _starve), ("b", _hang), ("c", _work))]
    tasks = [Task(step.name, step, {}) for step in steps]
    first, second, third = watch(tasks, "test", Parallel(1, "sequential"), cache).outcomes
    assert isinstance(first, Failed)
    assert "no memory" in first.detail
    assert isinstance(second, Failed)
    assert "no answer" in second.detail
    assert isinstance(third, Done)
    assert [name for name, _ in watch.complaints] == ["b"]


@dataclass(frozen=True)
class Nothing:
    """The params of steps that have none."""


def _starve(params: Nothing) -> dict[str, np.ndarray]:
    raise MemoryError("no memory")


def _hang(params: Nothing) -> dict[str, np.ndarray]:
    time.sleep(10)
    return {}


def _work(params: Nothing) -> dict[str, np.ndarray]:
    return {"one": np.ones(1)}
