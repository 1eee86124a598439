"""Per-clip work: ordered, cached, in parallel, one bad clip at a time."""

from __future__ import annotations

import errno
import logging
import os
import time
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest

from aver.cache.cache import Cache, Done, Failed, Pending, Source, Step
from aver.errors import CacheError
from aver.outcome import Starved, Unusable
from aver.parallel import Task, look_up, run_tasks
from aver.params.blocks import Parallel
from aver.runs import read_records

ONE = Parallel(jobs=1, backend="sequential")
TWO = Parallel(jobs=2, backend="sequential")


#: What the tasks of a worker never give back.
GROWN: list[np.ndarray] = []


@dataclass(frozen=True)
class Params:
    rate: int = 1


def work(params, clip):
    """The file says what happens."""
    text = clip.read_text()
    if text == "bad":
        raise Unusable("damaged", "nothing in it")
    if text == "bug":
        raise ValueError("unexpected\nsecond line")
    if text == "full":
        raise OSError(errno.ENOSPC, "No space left on device")
    if text == "starved":
        raise Starved("killed by signal 9")
    if text == "memory":
        raise MemoryError
    if text == "grow":
        GROWN.append(np.ones(25_000_000))  # 200 MB
        time.sleep(0.6)
    return {"text": text, "process": os.getpid()} if text == "where" else {"text": text}


STEP = Step("work", work, Params())


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def tasks(tmp_path):
    def make(*contents: str) -> list[Task]:
        found = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{number}-{content}"
            path.write_text(content)
            found.append(Task(path.name, STEP, {"clip": Source(path.name, path)}))
        return found

    return make


@pytest.mark.parametrize("parallel", [ONE, TWO, Parallel(-1, "loky")], ids=["one", "two", "all"])
def test_outcomes_come_in_the_order_of_the_tasks(tasks, cache, parallel):
    wanted = [f"clip {k}" for k in range(12)]
    run = run_tasks(tasks(*wanted), "test", parallel, cache)
    assert [str(cache.load(outcome.digest)["text"]) for outcome in run.outcomes] == wanted
    assert (run.computed, run.cached) == (12, 0)


def test_only_what_is_not_there_is_computed(tasks, cache):
    run_tasks(tasks("a", "b", "c"), "test", ONE, cache)
    run = run_tasks(tasks("a", "b", "c", "d"), "test", ONE, cache)
    assert (run.computed, run.cached) == (1, 3)
    assert [outcome.computed for outcome in run.outcomes] == [False, False, False, True]


def test_no_tasks(cache):
    run = run_tasks([], "test", TWO, cache)
    assert (run.outcomes, run.computed, run.cached) == ([], 0, 0)


@pytest.mark.parametrize("parallel", [ONE, TWO], ids=["one", "two"])
def test_one_bad_clip_does_not_stop_the_others(tasks, cache, parallel, caplog):
    run = run_tasks(tasks("a", "bad", "b", "bug", "c"), "label", parallel, cache)
    assert [type(outcome) for outcome in run.outcomes] == [Done, Failed, Done, Failed, Done]
    assert (run.outcomes[1].reason, run.outcomes[1].detail) == ("damaged", "nothing in it")
    assert run.outcomes[3].reason == "internal"
    assert run.outcomes[3].detail.startswith("ValueError: unexpected")
    assert "\n" not in run.outcomes[3].detail
    assert "1-bad failed: damaged" in caplog.text


def test_a_lasting_failure_is_remembered_and_an_unexpected_one_is_not(tasks, cache):
    run_tasks(tasks("bad", "bug"), "test", ONE, cache)
    assert [o.computed for o in run_tasks(tasks("bad", "bug"), "test", ONE, cache).outcomes] == [False, True]


@pytest.mark.parametrize("parallel", [ONE, TWO], ids=["one", "two"])
@pytest.mark.parametrize(
    ("content", "words"), [("full", "No space left"), ("starved", "signal 9"), ("memory", "Memory")]
)
def test_a_failure_of_the_machine_stops_the_run_and_keeps_what_is_done(tasks, cache, parallel, content, words):
    mixed = tasks("a", "b", content, *"cdefghij")
    with pytest.raises(CacheError, match=rf"label stopped: .*{words}.*machine's failure"):
        run_tasks(mixed, "label", parallel, cache)
    assert cache.find(STEP, mixed[0].inputs) is not None
    assert cache.find(STEP, mixed[2].inputs) is None


def test_worker_processes_compute_and_store(tasks, cache):
    found = run_tasks(tasks("where", "bad", "where", "bug"), "test", Parallel(2, "loky"), cache).outcomes
    processes = {int(cache.load(outcome.digest)["process"]) for outcome in found if isinstance(outcome, Done)}
    assert os.getpid() not in processes
    assert [outcome.reason for outcome in found if isinstance(outcome, Failed)] == ["damaged", "internal"]


def test_a_worker_that_is_replaced_because_it_grew_stops_nothing(tasks, cache):
    """Also where warnings are errors, as they are here: loky warns in the thread that hands out the work."""
    warnings.simplefilter("error")
    run = run_tasks(tasks(*["grow"] * 8), "work", Parallel(2, "loky"), cache)
    assert [type(outcome) for outcome in run.outcomes] == [Done] * 8


def test_other_params_are_other_work(tasks, cache):
    first = tasks("a")
    run_tasks(first, "test", ONE, cache)
    other = [replace(task, step=replace(STEP, params=Params(2))) for task in first]
    assert run_tasks(other, "test", ONE, cache).computed == 1


def test_the_last_line_says_what_was_done(tasks, cache, caplog):
    run_tasks(tasks("a", "b"), "label", ONE, cache)
    with caplog.at_level(logging.INFO):
        run_tasks(tasks("a", "b", "c"), "label", ONE, cache)
    assert "label  3/3 clips, 1 computed, 2 from cache" in caplog.text


def results(root) -> dict[str, bytes]:
    kinds = ("entries", "objects")
    found = (path for kind in kinds for path in (root / kind).rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


@pytest.mark.parametrize("parallel", [ONE, Parallel(2, "loky")], ids=["one", "two"])
def test_workers_and_order_change_no_byte(tasks, tmp_path, parallel):
    work = tasks(*(f"clip {k}" for k in range(9)), "bad")
    run_tasks(work, "test", ONE, Cache(tmp_path / "one"))
    shuffled = [work[k] for k in (7, 2, 9, 0, 4, 1, 8, 3, 6, 5)]
    run = run_tasks(shuffled, "test", parallel, Cache(tmp_path / "other"))
    assert isinstance(run.outcomes[2], Failed)
    assert results(tmp_path / "other") == results(tmp_path / "one")
    assert len(results(tmp_path / "one")) == 9 + 10


def test_looking_up_computes_and_writes_nothing(tasks, cache):
    work = tasks("a", "bad", "b", "c")
    run_tasks(work[:3], "test", ONE, cache)
    before = results(cache.root)
    records = read_records(cache.root)
    run = look_up(work, "dry", TWO, cache)
    assert [type(outcome) for outcome in run.outcomes] == [Done, Failed, Done, Pending]
    assert (run.computed, run.cached) == (0, 3)
    assert not any(outcome.computed for outcome in run.outcomes[:3])
    assert results(cache.root) == before
    assert read_records(cache.root) == records


def test_looking_into_no_cache_makes_none(tasks, cache):
    assert look_up(tasks("a"), "dry", ONE, cache).outcomes == [Pending()]
    assert not cache.root.exists()


def test_a_result_whose_object_is_gone_is_pending(tasks, cache):
    work = tasks("a", "b")
    run_tasks(work, "test", ONE, cache)
    for path in (cache.root / "objects").rglob("*.npz"):
        path.unlink()
    assert look_up(work, "dry", ONE, cache).outcomes == [Pending(), Pending()]


def test_a_run_is_recorded(tasks, cache):
    run_tasks(tasks("a", "bad"), "one label", ONE, cache)
    run_tasks(tasks("a", "bad", "b"), "one label", ONE, cache)
    (record,) = read_records(cache.root)
    assert (record.label, record.computed, record.from_cache, record.failed) == ("one label", 1, 2, 1)
    assert record.seconds >= record.computing_s > 0
    assert record.rate_s == pytest.approx(record.computing_s, abs=1e-5)
    done = [o for o in look_up(tasks("a", "bad", "b"), "dry", ONE, cache).outcomes if isinstance(o, Done)]
    assert record.bytes_each == sum(outcome.bytes for outcome in done) / 2


def test_a_run_that_stops_is_not_recorded(tasks, cache):
    with pytest.raises(CacheError):
        run_tasks(tasks("a", "full"), "label", ONE, cache)
    assert read_records(cache.root) == []


def test_the_name_of_a_task_stands_in_its_entry_and_not_in_its_key(tasks, cache):
    (task,) = tasks("a")
    run_tasks([task], "test", ONE, cache)
    assert run_tasks([replace(task, name="another")], "test", ONE, cache).cached == 1
    (entry,) = (cache.root / "entries").rglob("*.json")
    assert '"name":"0-a"' in entry.read_text()


def in_one_program(params, given):
    """Several of `work`; it writes down beside the clips in which order it read them and gave results."""
    for place, own in enumerate(given):
        arrays = work(params[place], **own)
        with (own["clip"].parent / "log").open("a") as log:
            log.write(f"{own['clip'].read_text()} ")
        yield place, arrays


@pytest.fixture
def group(tasks):
    def make(*contents: str) -> list[Task]:
        step = replace(STEP, together=in_one_program)
        return [replace(task, step=step, most=4) for task in tasks(*contents)]

    return make


@pytest.mark.parametrize("parallel", [ONE, Parallel(2, "loky")], ids=["one", "two"])
def test_tasks_computed_together_give_what_each_gives_alone(tasks, group, cache, tmp_path, parallel):
    wanted = [f"clip {k}" for k in range(11)]
    run = run_tasks(group(*wanted), "test", parallel, cache)
    assert [str(cache.load(outcome.digest)["text"]) for outcome in run.outcomes] == wanted
    assert (tmp_path / "log").read_text().count("clip") == 11
    assert run_tasks(tasks(*wanted), "test", ONE, cache).cached == 11  # the same keys, whether alone or together


def test_what_is_computed_together_is_loaded_one_by_one(group, cache, tmp_path):
    """A machine's failure at the third clip: the first two had been read, computed and kept before it was touched."""
    with pytest.raises(CacheError, match="No space left"):
        run_tasks(group("a", "b", "full", "c"), "test", ONE, cache)
    assert (tmp_path / "log").read_text().split() == ["a", "b"]
    again = run_tasks(group("a", "b"), "test", ONE, cache)
    assert again.cached == 2


def test_one_that_fails_takes_no_other_of_its_group_with_it(group, cache, tmp_path):
    run = run_tasks(group("a", "bad", "b", "bug"), "test", ONE, cache)
    a, bad, b, bug = run.outcomes
    assert isinstance(a, Done) and isinstance(b, Done)
    assert (bad.reason, bug.reason) == ("damaged", "internal")
    assert "unexpected second line" in bug.detail
    assert (tmp_path / "log").read_text().split() == ["a"]  # the others were computed alone
