"""The clip cache: found, computed, damaged, failed, evicted."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from aver.cache.cache import Cache, Done, Failed, Inline, Source, Step, Stored
from aver.cache.step import key_of
from aver.errors import CacheError, is_machine_failure
from aver.outcome import Starved, Unusable


@dataclass(frozen=True)
class Params:
    factor: int = 2
    names: tuple[str, ...] = field(default=("a",))


CALLS: list[str] = []
RAISES: list[BaseException] = []


def double(params, clip):
    """The first step: reads a file."""
    CALLS.append("double")
    if RAISES:
        raise RAISES[0]
    return {"rows": np.frombuffer(clip.read_bytes(), np.uint8).astype(np.int64) * params.factor}


def total(params, rows):
    """The second step: reads what the first made."""
    CALLS.append("total")
    return {"total": rows["rows"].sum()}


def inline(params, table):
    return {"total": table["x"].sum()}


DOUBLE = Step("double", double, Params(), {"lib": "1"}, evictable=True,
              note=lambda arrays: {"length": len(arrays["rows"])})  # fmt: skip
KEPT = Step("double", double, Params(), {"lib": "1"})
TOTAL = Step("total", total, Params())


@pytest.fixture(autouse=True)
def fresh():
    CALLS.clear()
    RAISES.clear()


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture
def clip(tmp_path):
    (tmp_path / "clip").write_bytes(b"\x01\x02\x03")
    return {"clip": Source("ab" * 32, tmp_path / "clip")}


def files(cache, kind):
    return sorted(p for p in (cache.root / kind).rglob("*") if p.is_file())


def flip(path: Path, place: int = -20):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_computed_once_then_found(cache, clip):
    first = cache.run(DOUBLE, clip)
    again = Cache(cache.root).run(DOUBLE, clip)
    assert isinstance(first, Done)
    assert (first.computed, again.computed) == (True, False)
    assert first.digest == again.digest
    assert again.note == {"length": 3}
    assert CALLS == ["double"]
    assert cache.load(first.digest)["rows"].tolist() == [2, 4, 6]


def test_find_computes_nothing(cache, clip):
    assert cache.find(DOUBLE, clip) is None
    assert CALLS == []
    assert not cache.root.exists()


def test_equal_results_share_one_object_and_stop_there(cache, clip, tmp_path):
    """Early cut-off: another input that gives the same bytes leads to the same object, so nothing behind it changes."""
    first = cache.run(DOUBLE, clip)
    second = cache.run(DOUBLE, {"clip": Source("cd" * 32, tmp_path / "clip")})
    assert second.computed
    assert second.digest == first.digest
    assert len(files(cache, "objects")) == 1
    cache.run(TOTAL, {"rows": Stored(first.digest)})
    assert not cache.run(TOTAL, {"rows": Stored(second.digest)}).computed


def test_inline_arrays_reach_the_function(cache):
    done = cache.run(Step("inline", inline, Params()), {"table": Inline({"x": np.arange(5)})})
    assert cache.load(done.digest)["total"] == 10


@pytest.mark.parametrize("damage", [flip, lambda p: p.write_bytes(b""), lambda p: p.unlink()],
                         ids=["bit", "emptied", "gone"])  # fmt: skip
def test_a_damaged_object_is_a_miss_and_computed_again(cache, clip, caplog, damage):
    first = cache.run(KEPT, clip)
    damage(files(cache, "objects")[0])
    with caplog.at_level(logging.WARNING):
        again = cache.run(KEPT, clip)
    assert again.computed
    assert again.digest == first.digest
    assert "missing or damaged" in caplog.text
    assert cache.load(first.digest)["rows"].tolist() == [2, 4, 6]


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        lambda p: p.write_bytes(b""),
        lambda p: p.write_bytes(b"[]"),
        lambda p: p.write_bytes(b'{"body": 1}'),
        lambda p: p.write_bytes(p.read_bytes().replace(b'"bytes":', b'"bites":')),
        lambda p: p.write_bytes(b"\xff\xfe"),
    ],
    ids=["bit", "emptied", "list", "no-checksum", "changed", "no-text"],
)
def test_a_damaged_entry_is_a_miss_and_written_again(cache, clip, caplog, damage):
    cache.run(KEPT, clip)
    entry = files(cache, "entries")[0]
    whole = entry.read_bytes()
    damage(entry)
    assert cache.find(KEPT, clip) is None
    assert "damaged" in caplog.text
    assert cache.run(KEPT, clip).computed
    assert entry.read_bytes() == whole


def test_a_lasting_failure_is_stored_and_not_tried_again(cache, clip):
    RAISES.append(Unusable("truncated", "ends early"))
    first = cache.run(DOUBLE, clip)
    RAISES.clear()
    again = cache.run(DOUBLE, clip)
    assert first == Failed("truncated", "ends early", computed=True)
    assert again == Failed("truncated", "ends early", computed=False)
    assert CALLS == ["double"]
    assert files(cache, "objects") == []


@pytest.mark.parametrize(
    "error",
    [ValueError("a bug"), Starved("killed"), MemoryError(), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()],
    ids=lambda error: type(error).__name__,
)
def test_any_other_exception_is_not_stored(cache, clip, error):
    RAISES.append(error)
    with pytest.raises(type(error)):
        cache.run(DOUBLE, clip)
    assert not cache.root.exists()
    RAISES.clear()
    assert cache.run(DOUBLE, clip).computed


@pytest.mark.parametrize(
    ("error", "machine"),
    [
        (MemoryError(), True),
        (CacheError("x"), True),
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.EROFS, "read-only"), True),
        (PermissionError(errno.EACCES, "no"), True),
        (FileNotFoundError(errno.ENOENT, "gone"), False),
        (ValueError(), False),
        (Unusable("empty", ""), False),
    ],
    ids=lambda value: getattr(value, "strerror", None) or type(value).__name__,
)
def test_which_errors_speak_of_the_machine(error, machine):
    assert is_machine_failure(error) is machine


def test_an_evicted_object_is_still_found_and_made_again_when_needed(cache, clip):
    done = cache.run(DOUBLE, clip)
    shutil.rmtree(cache.root / "objects")
    found = cache.find(DOUBLE, clip)
    assert (found.digest, found.computed, found.note) == (done.digest, False, {"length": 3})
    assert CALLS == ["double"]
    behind = cache.run(TOTAL, {"rows": Stored(done.digest)})
    assert CALLS == ["double", "double", "total"]
    assert cache.load(behind.digest)["total"] == 12
    assert len(files(cache, "objects")) == 2
    cache.load(done.digest)
    assert CALLS.count("double") == 2


def test_a_chain_of_evicted_objects_comes_back(cache, clip):
    chained = Step("total", total, Params(), evictable=True)
    done = cache.run(chained, {"rows": Stored(cache.run(DOUBLE, clip).digest)})
    shutil.rmtree(cache.root / "objects")
    assert cache.load(done.digest)["total"] == 12


def test_an_object_that_comes_back_differently_is_refused(cache, clip, tmp_path):
    done = cache.run(DOUBLE, clip)
    shutil.rmtree(cache.root / "objects")
    (tmp_path / "clip").write_bytes(b"\x09")
    with pytest.raises(CacheError, match="other bytes"):
        cache.load(done.digest)
    assert not (cache.root / "objects").exists()


def test_an_object_whose_source_is_gone_cannot_be_made_again(cache, clip):
    """`load` promises CacheError; a moved clip (or a temporary experiment's folder) must not look like a bad clip."""
    done = cache.run(DOUBLE, clip)
    shutil.rmtree(cache.root / "objects")
    RAISES.append(Unusable("missing", "the file does not exist"))
    with pytest.raises(CacheError):
        cache.load(done.digest)


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), flip], ids=["gone", "bit"])
def test_an_object_without_recipe_says_what_to_do(cache, clip, damage):
    done = cache.run(DOUBLE, clip)
    shutil.rmtree(cache.root / "objects")
    damage(files(cache, "recipes")[0])
    with pytest.raises(CacheError, match="dvc repro -f"):
        cache.load(done.digest)


def test_an_object_made_from_inline_arrays_has_no_recipe(cache):
    done = cache.run(Step("inline", inline, Params()), {"table": Inline({"x": np.arange(2)})})
    assert files(cache, "recipes") == []
    files(cache, "objects")[0].unlink()
    with pytest.raises(CacheError, match="no recipe"):
        cache.load(done.digest)


def test_a_full_disk_stops_with_a_clear_error_and_leaves_nothing(cache, clip, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CacheError, match="No space left"):
        cache.run(DOUBLE, clip)
    assert files(cache, "objects") == files(cache, "entries") == []


def test_opening_writes_nothing_and_a_cache_can_be_pickled(cache, clip):
    copy = pickle.loads(pickle.dumps(cache))
    assert not cache.root.exists()
    cache.run(DOUBLE, clip)
    assert not copy.run(DOUBLE, clip).computed


PROCESS = """
import sys, time
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from aver.cache.cache import Cache, Step

@dataclass(frozen=True)
class Params:
    rows: int

def work(params):
    Path(sys.argv[2], sys.argv[3]).touch()
    deadline = time.monotonic() + 20
    while len(list(Path(sys.argv[2]).iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.002)
    return {"rows": np.arange(params.rows)}

def main():
    done = Cache(Path(sys.argv[1])).run(Step("work", work, Params(300_000)), {})
    print(done.digest, done.computed)
"""


def test_two_processes_that_compute_the_same_at_once_leave_one_whole_object(tmp_path):
    (tmp_path / "work.py").write_text(PROCESS)
    (tmp_path / "started").mkdir()
    script = "import work; work.main()"
    arguments = [sys.executable, "-c", script, str(tmp_path / "cache"), str(tmp_path / "started")]
    environment = {**os.environ, "PYTHONPATH": f"{Path(__file__).parents[2] / 'src'}{os.pathsep}{tmp_path}"}
    runs = [subprocess.Popen([*arguments, name], stdout=subprocess.PIPE, text=True, env=environment) for name in "ab"]
    told = [run.communicate(timeout=60)[0].split() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert told[0] == told[1]
    assert told[0][1] == "True"  # both found nothing and computed
    cache = Cache(tmp_path / "cache")
    assert len(files(cache, "objects")) == len(files(cache, "entries")) == 1
    assert cache.load(told[0][0])["rows"][-1] == 299_999
    assert not list(cache.root.rglob(".tmp-*"))


def test_a_failure_that_need_not_last_is_not_stored(cache, clip):
    RAISES.append(Unusable("missing", "the file does not exist", lasting=False))
    assert isinstance(cache.run(KEPT, clip), Failed)
    RAISES.clear()
    assert isinstance(cache.run(KEPT, clip), Done)


def test_a_file_that_changed_leaves_no_result_under_the_old_key(cache, tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(b"\x01\x02\x03")
    source = {"clip": Source(hashlib.sha256(b"\x01\x02\x03").hexdigest(), path, checked=True)}
    path.write_bytes(b"\x09")
    changed = cache.run(KEPT, source)
    assert isinstance(changed, Failed)
    assert changed.reason == "changed"
    assert not CALLS
    path.write_bytes(b"\x01\x02\x03")
    assert cache.load(cache.run(KEPT, source).digest)["rows"].tolist() == [2, 4, 6]


def test_a_corpus_may_move_and_its_evicted_objects_still_come_back(cache, tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).write_bytes(b"\x01\x02\x03")
    digest = cache.run(DOUBLE, {"clip": Source("ab" * 32, tmp_path / "old")}).digest
    (tmp_path / "old").unlink()
    assert not cache.run(DOUBLE, {"clip": Source("ab" * 32, tmp_path / "new")}).computed
    shutil.rmtree(cache.root / "objects")
    assert cache.load(digest)["rows"].tolist() == [2, 4, 6]


def test_limits_and_the_name_of_the_device_are_no_part_of_the_key(cache, clip):
    @dataclass(frozen=True)
    class Limited:
        factor: int
        timeout_s: float
        device: str
        inner: Params = field(default=Params())

    def key(*values):
        return key_of(Step("double", double, Limited(*values)).parts(clip))

    assert key(2, 1.0, "auto") == key(2, 9.0, "cpu")
    assert key(2, 1.0, "auto") != key(3, 1.0, "auto")


def test_a_peek_leaves_no_trace_and_reads_no_object(cache, clip):
    assert cache.peek(KEPT, clip) is None
    done = cache.run(KEPT, clip)
    (entry,) = files(cache, "entries")
    os.utime(entry, (1, 1))
    assert cache.peek(KEPT, clip) == cache.find(KEPT, clip) == replace(done, computed=False)
    os.utime(entry, (1, 1))
    cache.peek(KEPT, clip)
    assert entry.stat().st_mtime == 1
    (thing,) = files(cache, "objects")
    thing.write_bytes(thing.read_bytes()[:-1])
    assert cache.peek(KEPT, clip) is None


def test_a_file_that_changes_while_it_is_read_leaves_nothing(cache, tmp_path):
    path = tmp_path / "growing"
    path.write_bytes(b"begin")

    def outcome(step):
        source = Source(hashlib.sha256(path.read_bytes()).hexdigest(), path, checked=True)
        return cache.run(step, {"clip": source})

    assert outcome(Step("grows", grows, Params())) == Failed("changed", "it changed while it was read", computed=True)
    assert outcome(Step("grows", grows_and_fails, Params())).reason == "truncated"
    assert not files(cache, "entries")


def grows(params, clip):
    with clip.open("ab") as file:
        file.write(b"!")
    return {"rows": np.zeros(1)}


def grows_and_fails(params, clip):
    grows(params, clip)
    raise Unusable("truncated", "ends early")


def test_a_clip_that_cannot_be_read_fails_alone(cache, clip, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("aver.cache.cache.file_digest", refuse)
    source = {"clip": replace(clip["clip"], checked=True)}
    assert cache.run(DOUBLE, source) == Failed("unreadable", "Permission denied", computed=True)
    assert not files(cache, "entries")


def test_an_object_that_comes_back_differently_is_forgotten(cache, clip):
    done = cache.run(DOUBLE, clip)
    (thing,) = files(cache, "objects")
    thing.unlink()
    clip["clip"].path.write_bytes(b"other content, same digest: as another processor would")
    with pytest.raises(CacheError, match="gave other bytes"):
        cache.load(done.digest)
    assert cache.find(DOUBLE, clip) is None
    assert cache.run(DOUBLE, clip).computed
