"""Batches: every row once, with its times, without copies, also in torch and in several processes."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
import torch
from stores import BUCKETS, COUNTS, KINDS, digest_of_everything, entry, rows_of, write
from torch.utils.data import DataLoader

import aver
from aver.errors import StoreError
from aver.store.schema import INDEX, bucket_of


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def store(tmp_path, kind):
    return aver.open_store(write(tmp_path / "store", kind=kind))


def check(batches, rows: int, wanted: set[str]) -> int:
    """Assert that batches hold every row of `wanted` once, beside its own times and status; return their number."""
    found: dict[str, list] = {name: [] for name in wanted}
    batches = list(batches)
    for values, index in batches:
        assert 0 < len(values) == len(index) <= rows
        assert index.schema.names == INDEX.names
        for value, line in zip(np.asarray(values), index.to_pylist(), strict=True):
            found[line["clip_id"]].append((value, line))
    for name in wanted:
        expected = rows_of(name, COUNTS[name])
        assert len(found[name]) == COUNTS[name]
        for k, (value, line) in enumerate(found[name]):
            np.testing.assert_array_equal(value, expected.values[k], strict=True)
            assert (line["t0_s"], line["t1_s"]) == tuple(expected.times_s[k])
            assert line["status"] == expected.status[k]
            assert line["shard"] == bucket_of(name, BUCKETS)
    return len(batches)


@pytest.mark.parametrize("rows", [1, 3, 1000])
def test_batches_cover_every_row_once_with_its_times(store, rows):
    assert check(store.batches(rows), rows, set(COUNTS)) >= len(store) / rows


@pytest.mark.parametrize("rows", [1, 4, 1000])
def test_batches_of_some_clips(store, rows):
    wanted = ["clip 04", "absent", "clip 09", "ä–ö", "clip 00", "clip 04"]
    check(store.batches(rows, wanted), rows, {"clip 04", "clip 09", "ä–ö", "clip 00"})


def test_batches_of_no_clip(store):
    assert list(store.batches(10, [])) == []
    assert list(store.batches(10, ["absent", "none"])) == []


def test_batches_refuse_what_is_not_there(store):
    with pytest.raises(StoreError, match="clip 99"):
        list(store.batches(10, ["clip 99"]))
    with pytest.raises(ValueError, match="at least one row"):
        list(store.batches(0))


def test_shares_are_disjoint_and_complete(store):
    parts = [list(store.batches(3, share=(k, 3))) for k in range(3)]
    shards = [{line["shard"] for _, index in part for line in index.to_pylist()} for part in parts]
    assert sum(map(len, shards)) == len(set.union(*shards)) == BUCKETS
    check([batch for part in parts for batch in part], 3, set(COUNTS))


def test_batches_are_views(tmp_path):
    store = aver.open_store(write(tmp_path / "store"))
    for values, index in store.batches(3):
        shard = index["shard"][0].as_py()
        assert np.shares_memory(values, store.shard(shard))
        column, whole = (table["t0_s"].chunk(0).buffers()[1] for table in (index, store.shard_index(shard)))
        assert column.address == whole.address
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 0


def test_batches_open_only_the_shards_they_need(tmp_path, kind):
    store = aver.open_store(write(tmp_path / "store", kind=kind))
    needed = bucket_of("clip 04", BUCKETS)
    for path in (tmp_path / "store").glob("shard-*"):
        if int(path.stem[-3:]) != needed:
            path.unlink()
    wanted = [name for name in store.clips if bucket_of(name, BUCKETS) == needed]
    check(store.batches(3, wanted), 3, set(wanted))
    with pytest.raises(StoreError, match="missing"):
        list(store.batches(3))


def test_shards_without_rows_are_not_opened(tmp_path, kind):
    store = aver.open_store(write(tmp_path / "store", [entry("only", 1)], kind))
    for path in (tmp_path / "store").glob("shard-*"):
        if int(path.stem[-3:]) != bucket_of("only", BUCKETS):
            path.unlink()
    assert [index["clip_id"].to_pylist() for _, index in store.batches(10)] == [["only"]]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_torch_dataset_gives_every_clip_once(store, workers):
    loader = DataLoader(store.dataset(), batch_size=None, num_workers=workers)
    found = {name: (rows, times) for rows, times, name in loader}
    assert sorted(found) == store.clips
    for name, (rows, times) in found.items():
        assert torch.equal(rows, torch.from_numpy(rows_of(name, COUNTS[name]).values))
        assert torch.equal(times, torch.from_numpy(rows_of(name, COUNTS[name]).times_s))
    assert len(store.dataset(["clip 04"])) == 1


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_torch_dataset_gives_every_batch_once(store, workers):
    loader = DataLoader(store.batch_dataset(3), batch_size=None, num_workers=workers)
    for _ in range(2):
        batches = list(loader)
        assert all(isinstance(values, torch.Tensor) for values, _ in batches)
        check(batches, 3, set(COUNTS))
    some = DataLoader(store.batch_dataset(3, ["clip 04", "ä–ö"]), batch_size=None, num_workers=workers)
    check(some, 3, {"clip 04", "ä–ö"})


def test_batches_in_torch_share_memory_with_the_shard(tmp_path):
    store = aver.open_store(write(tmp_path / "store"))
    for values, index in store.batch_dataset(3):
        assert np.shares_memory(values.numpy(), store.shard(index["shard"][0].as_py()))


def test_workers_send_only_the_index_of_their_batch(tmp_path):
    store = aver.open_store(write(tmp_path / "store", [entry("long", 20_000)], buckets=1))
    [(_, index)] = list(DataLoader(store.batch_dataset(20_000), batch_size=None, num_workers=1))
    whole = index.get_total_buffer_size()
    first = next(iter(DataLoader(store.batch_dataset(100), batch_size=None, num_workers=1)))[1]
    assert len(first) == 100
    assert first.get_total_buffer_size() < whole / 100


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_several_processes_read_at_once(tmp_path, kind, method):
    folder = write(tmp_path / "store", kind=kind)
    expected = digest_of_everything(folder)  # here too: forked processes inherit what is open
    with multiprocessing.get_context(method).Pool(3) as pool:
        assert pool.map(digest_of_everything, [folder] * 6, chunksize=1) == [expected] * 6
