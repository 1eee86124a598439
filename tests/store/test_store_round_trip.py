"""Write a store and read it again: both kinds of shards."""

from __future__ import annotations

import errno
import json
import pickle
import resource
import time
from contextlib import contextmanager

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from stores import BUCKETS, COUNTS, ENTRIES, HEADER, KINDS, content, entry, rows_of, write

import aver
from aver.errors import CacheError, StoreError
from aver.store.out import out_folder, read_json, read_rows, write_json, write_table
from aver.store.schema import CLIPS, bucket_of
from aver.store.writer import ClipEntry, Rows, write_store


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def store(tmp_path, kind):
    return aver.open_store(write(tmp_path / "store", kind=kind))


def test_everything_written_is_read_again(store):
    assert store.clips == sorted(name for name, count in COUNTS.items() if count)
    assert len(store) == sum(COUNTS.values())
    for name, count in COUNTS.items():
        expected = rows_of(name, count)
        np.testing.assert_array_equal(store.rows(name), expected.values, strict=True)
        np.testing.assert_array_equal(store.times(name), expected.times_s, strict=True)
        assert store.status(name) == expected.status
    assert store.catalogue["clip 03"]["digest"] == "digest-clip 03"


def test_absent_and_failed_clips_stay_with_their_reason_and_without_rows(store):
    for name, status, reason in (("absent", "absent", "no_face"), ("failed", "failed", "truncated")):
        assert name not in store.clips
        assert store.catalogue[name]["status"] == status
        assert store.catalogue[name]["reason"] == reason
        assert store.rows(name).shape == (0, 3, 2)
        assert store.times(name).shape == (0, 2)
        assert store.status(name) == []


def test_writing_tells_the_number_of_rows(tmp_path, kind):
    assert write_store(tmp_path, HEADER, ENTRIES, BUCKETS, kind) == sum(COUNTS.values())


@pytest.mark.parametrize("entries", [[], [ClipEntry("a", "absent", "no_face")], [entry("only", 2)]],
                         ids=["none", "absent", "one"])  # fmt: skip
def test_stores_with_empty_shards(tmp_path, kind, entries):
    store = aver.open_store(write(tmp_path, entries, kind))
    store.verify()
    assert len(store) == 2 * ("only" in store.catalogue)
    assert sum(len(batch) for batch, _ in store.batches(10)) == len(store)
    assert [store.shard(k).shape[1:] for k in range(BUCKETS)] == [(3, 2)] * BUCKETS
    assert len(store.frame()) == len(store)


def test_twice_the_same_bytes_in_any_order(tmp_path, kind):
    one = content(write(tmp_path / "one", kind=kind))
    time.sleep(1.1)  # HDF5 counts whole seconds: a clock in the bytes shows only now
    other = content(write(tmp_path / "elsewhere" / "two", ENTRIES[::-1], kind))
    assert one == other
    assert sorted(one) == sorted(
        ["clips.parquet", "index.parquet", "store.json"]
        + [f"shard-{k:03d}.{'h5' if kind == 'hdf5' else 'parquet'}" for k in range(BUCKETS)]
    )


def test_one_more_clip_changes_exactly_one_shard(tmp_path, kind):
    before = content(write(tmp_path / "before", kind=kind))
    after = content(write(tmp_path / "after", [*ENTRIES, entry("newcomer", 4)], kind))
    changed = [name for name in before if name.startswith("shard") and before[name] != after[name]]
    assert changed == [f"shard-{bucket_of('newcomer', BUCKETS):03d}.{'h5' if kind == 'hdf5' else 'parquet'}"]


def test_other_buckets_hold_the_same_rows(tmp_path, kind):
    few, many = (aver.open_store(write(tmp_path / str(n), kind=kind, buckets=n)) for n in (BUCKETS, 7))
    kept = ["clip_id", "t0_s", "t1_s", "status"]
    assert few.frame()[kept].equals(many.frame()[kept])
    assert list(few.frame()["shard"]) != list(many.frame()["shard"])
    assert few.clips == many.clips
    for name in few.catalogue:
        np.testing.assert_array_equal(few.rows(name), many.rows(name), strict=True)


@pytest.mark.parametrize(
    ("clip_id", "buckets", "expected"), [("S01_happy_T1", 1, 0), ("a", 8, 3), ("b", 8, 5), ("", 8, 4)]
)
def test_a_clips_shard_follows_from_its_name_alone(clip_id, buckets, expected):
    # First eight bytes of sha256(name): a = ca978112ca1bbdca, b = 3e23e8160039594a, "" = e3b0c44298fc1c14
    known = {"a": 0xCA978112CA1BBDCA, "b": 0x3E23E8160039594A, "": 0xE3B0C44298FC1C14}
    assert bucket_of(clip_id, buckets) == known.get(clip_id, 0) % buckets


def test_the_index_is_sorted_by_clip_and_time(store):
    frame = store.frame()
    assert list(frame["clip_id"]) == [name for name in sorted(COUNTS) for _ in range(COUNTS[name])]
    assert all(part["t0_s"].is_monotonic_increasing for _, part in frame.groupby("clip_id"))


def test_rows_cannot_be_written_to(store):
    with pytest.raises(ValueError, match="read-only"):
        store.rows("clip 04")[0] = 0


def test_a_reader_opens_only_the_shards_it_needs(tmp_path, kind):
    store = aver.open_store(write(tmp_path / "store", kind=kind))
    needed = bucket_of("clip 04", BUCKETS)
    for path in (tmp_path / "store").glob("shard-*"):
        if int(path.stem[-3:]) != needed:
            path.unlink()
    np.testing.assert_array_equal(store.rows("clip 04"), rows_of("clip 04", COUNTS["clip 04"]).values)
    other = next(name for name in store.clips if bucket_of(name, BUCKETS) != needed)
    with pytest.raises(StoreError, match="dvc checkout"):
        store.rows(other)


def test_a_pickled_store_carries_no_rows(store):
    store.rows("clip 04")
    copy = pickle.loads(pickle.dumps(store))
    np.testing.assert_array_equal(copy.rows("clip 04"), store.rows("clip 04"))
    assert len(pickle.dumps(store)) < 20_000


def test_shards_are_what_the_schema_says(tmp_path, kind):
    write(tmp_path, kind=kind)
    if kind == "hdf5":
        with h5py.File(tmp_path / "shard-000.h5") as file:
            assert dict(file.attrs)["stream"] == "faces"
            assert (file["rows"].dtype, file["rows"].shape[1:]) == (np.float32, (3, 2))
            assert file["rows"].chunks is None
            assert file["rows"].compression is None
    else:
        table = pq.read_table(tmp_path / "shard-000.parquet")
        assert table.column_names == ["rows"]
        assert json.loads(table.schema.metadata[b"stream"]) == "faces"
    assert pq.read_schema(tmp_path / "clips.parquet").names == CLIPS.names


@pytest.mark.parametrize("call", ["rows", "times", "status"])
def test_an_unknown_clip_is_named(store, call):
    with pytest.raises(StoreError, match="clip 99"):
        getattr(store, call)("clip 99")


GOOD = rows_of("x", 2)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (Rows(np.full((2, 3, 2), np.nan, np.float32), GOOD.times_s, GOOD.status), "not finite"),
        (Rows(np.full((2, 3, 2), np.inf, np.float32), GOOD.times_s, GOOD.status), "not finite"),
        (Rows(np.zeros((2, 2, 3), np.float32), GOOD.times_s, GOOD.status), "shape"),
        (Rows(np.zeros((2, 6), np.float32), GOOD.times_s, GOOD.status), "shape"),
        (Rows(np.zeros((2, 3, 2), np.float64), GOOD.times_s, GOOD.status), "float64"),
        (Rows(GOOD.values, GOOD.times_s[:1], GOOD.status), "times"),
        (Rows(GOOD.values, GOOD.times_s[:, 0], GOOD.status), "times"),
        (Rows(GOOD.values, GOOD.times_s, GOOD.status[:1]), "2 rows"),
    ],
    ids=["nan", "inf", "turned", "flat", "float64", "fewer-times", "no-ends", "fewer-words"],
)
def test_rows_that_do_not_fit_are_refused_and_leave_no_store(tmp_path, kind, rows, words):
    bad = ClipEntry("bad", "ok", "", "", lambda: rows)
    with pytest.raises(StoreError, match=f"bad.*{words}"), out_folder(tmp_path / "out") as folder:
        write(folder, [*ENTRIES, bad], kind)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def files_no_larger_than(size: int):
    """A full disk that needs no disk: the system refuses to let any file grow past `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


#: 120,000 bytes of rows: the spool of an HDF5 shard is that long, the shard 2048 bytes longer.
@pytest.mark.parametrize("size", [0, 50_000, 121_000])
def test_a_full_disk_is_an_os_error_and_leaves_no_spool(tmp_path, kind, size):
    with pytest.raises(OSError, match="File too large") as caught, files_no_larger_than(size):
        write(tmp_path, [entry("long", 5000)], kind, buckets=1)
    assert caught.value.errno == errno.EFBIG
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".spool", ".json")] == []


def test_a_full_disk_while_a_clip_is_written_does_not_hide_its_own_error(tmp_path):
    """Bytes are left in the buffer of the spool when the clip fails; they cannot be written when it is closed."""
    bad = ClipEntry("zzz", "ok", "", "", lambda: rows_of("zzz", 1)._replace)
    with pytest.raises(AttributeError), files_no_larger_than(0):
        write(tmp_path, [entry("one", 1), bad], buckets=1)
    assert list(tmp_path.glob("*.spool")) == []


def test_a_clip_id_twice_is_refused(tmp_path):
    with pytest.raises(StoreError, match="twice"):
        write(tmp_path, [entry("one", 1), entry("one", 2)])


def test_an_out_appears_when_the_block_ends_well_and_replaces_the_old_one(tmp_path):
    for text in ("one", "two"):
        with out_folder(tmp_path / "deep" / "out") as folder:
            (folder / text).write_text(text)
            assert folder.parent == tmp_path / "deep"
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()] == ["deep/out/two"]


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt()], ids=["error", "ctrl-c"])
def test_an_exception_leaves_no_out_and_keeps_an_old_one(tmp_path, error):
    for existing in (False, True):
        with pytest.raises(type(error)), out_folder(tmp_path / "out") as folder:
            (folder / "half").write_text("x")
            raise error
        assert (tmp_path / "out").exists() is existing
        (tmp_path / "out").mkdir(exist_ok=True)
        assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_disk_error_is_a_cache_error_in_words(tmp_path):
    with pytest.raises(CacheError, match=r"out: No space left.*Nothing half-written"), out_folder(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_run_are_cleared(tmp_path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "old").write_text("x")
    with out_folder(tmp_path / "out") as folder:
        (folder / "new").write_text("x")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["new"]


def test_tables_and_json_are_stable_and_come_back(tmp_path):
    rows = [dict.fromkeys(CLIPS.names, "1") | {"shard": 1, "first_row": 0, "rows": k} for k in range(3)]
    for name in ("a", "b"):
        write_table(tmp_path / name, rows, CLIPS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_rows(tmp_path / "a") == rows
    write_json(tmp_path / "c", {"b": 1, "a": ["ä", None]})
    write_json(tmp_path / "d", {"a": ["ä", None], "b": 1})
    assert (tmp_path / "c").read_bytes() == (tmp_path / "d").read_bytes()
    assert read_json(tmp_path / "c") == {"a": ["ä", None], "b": 1}
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "e", float("nan"))
