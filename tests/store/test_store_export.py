"""Every export is read again with the library it is made for, and holds exactly what the store holds."""

from __future__ import annotations

import csv
import gc
import json
import time
from urllib.parse import unquote

import numpy as np
import pyarrow.parquet as pq
import pytest
import webdataset
import zarr
from stores import COUNTS, ENTRIES, KINDS, content, entry, rows_of, write

import aver
from aver.errors import StoreError
from aver.store import export as module
from aver.store.export import CARD, FORMATS, export, key_of

#: Ids that file names, tar members and WebDataset's keys (which end at the first dot) could trip over.
AWKWARD = {"day 1/S01.mp4": 3, "day 1/S01.avi": 2, "../up": 1, "100%.mp4": 2, "a,b\nc": 1, "x" * 300: 2, ".hidden": 1,
           "é/" * 60: 1, "a~b": 1}  # fmt: skip
ALL = COUNTS | AWKWARD
FILLED = sorted(name for name, count in ALL.items() if count)


@pytest.fixture(params=KINDS)
def store(tmp_path, request):
    entries = [*ENTRIES, *(entry(name, count) for name, count in AWKWARD.items())]
    return aver.open_store(write(tmp_path / "store", entries, request.param))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "100% mine" / "out"


def listed(out) -> list[dict[str, str]]:
    with (out / "clips.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def same(name, values, times, status) -> None:
    expected = rows_of(name, ALL[name])
    np.testing.assert_array_equal(values, expected.values, strict=True)
    np.testing.assert_array_equal(times, expected.times_s, strict=True)
    assert list(status) == expected.status


def test_npz(store, out):
    assert export(store, out, "npz") == sum(ALL.values())
    files = {line["clip_id"]: out / "clips" / f"{line['key']}.npz" for line in listed(out) if int(line["rows"])}
    assert sorted(files) == FILLED
    assert sorted(files.values()) == sorted((out / "clips").iterdir())
    for name, path in files.items():
        with np.load(path) as found:
            assert sorted(found.files) == ["clip_id", "rows", "status", "times_s"]
            assert found["clip_id"].item() == name
            same(name, found["rows"], found["times_s"], found["status"])


def test_parquet(store, out):
    export(store, out, "parquet")
    file = pq.ParquetFile(out / "features.parquet")
    assert file.num_row_groups == len(FILLED)
    table = file.read()
    assert json.loads(table.schema.metadata[b"row_shape"]) == [3, 2]
    for name, group in zip(FILLED, range(file.num_row_groups), strict=True):
        part = file.read_row_group(group)
        assert set(part["clip_id"].to_pylist()) == {name}
        assert part["row"].to_pylist() == list(range(ALL[name]))
        values = part["rows"].combine_chunks().flatten().to_numpy().reshape(-1, 3, 2)
        same(name, values, np.stack([part["t0_s"], part["t1_s"]], axis=1), part["status"].to_pylist())
    assert table.to_pandas()["rows"][0].shape == (6,)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # its reader leaves the tars to the garbage collector
def test_webdataset(store, out, monkeypatch):
    monkeypatch.setattr(module, "TAR_BYTES", 3000)
    export(store, out, "webdataset")
    tars = sorted(str(path) for path in out.glob("features-*.tar"))
    assert len(tars) > 2
    samples = list(webdataset.WebDataset(tars, shardshuffle=False).decode())
    assert [sample["json"]["clip_id"] for sample in samples] == FILLED
    keys = {line["clip_id"]: line["key"] for line in listed(out)}
    for sample in samples:
        name = sample["json"]["clip_id"]
        assert sample["__key__"] == keys[name] == key_of(name)
        same(name, sample["rows.npy"], sample["times_s.npy"], sample["json"]["status"])
    gc.collect()  # now, and not in a test where that would be an error


@pytest.mark.parametrize("chunk_bytes", [24 * 7, 4 << 20])
def test_zarr(store, out, monkeypatch, chunk_bytes):
    monkeypatch.setattr(module, "CHUNK_BYTES", chunk_bytes)
    export(store, out, "zarr")
    group = zarr.open(out / "features.zarr", mode="r")
    assert group.attrs["stream"] == "faces"
    assert group.attrs["params"] == store.header["params"]
    assert group["rows"].chunks == (chunk_bytes // 24, 3, 2)
    assert list(group["clip_ids"][:]) == FILLED
    rows, times, status, offsets = (group[name][:] for name in ("rows", "times_s", "status", "offsets"))
    assert len(rows) == len(times) == len(status) == offsets[-1] == sum(ALL.values())
    for k, name in enumerate(FILLED):
        part = slice(offsets[k], offsets[k + 1])
        same(name, rows[part], times[part], status[part])


@pytest.mark.parametrize("kind", FORMATS)
def test_clips_without_rows_are_listed_with_their_reason(store, out, kind):
    export(store, out, kind)
    lines = {line["clip_id"]: line for line in listed(out)}
    assert sorted(lines) == sorted(store.catalogue)
    assert (lines["absent"]["status"], lines["absent"]["reason"], lines["absent"]["rows"]) == ("absent", "no_face", "0")
    assert (lines["failed"]["status"], lines["failed"]["reason"]) == ("failed", "truncated")
    card = json.loads((out / CARD).read_text())
    assert (card["kind"], card["clips"], card["rows"]) == (kind, len(lines), sum(ALL.values()))
    assert card["store"]["encoder"] == "vggface"


@pytest.mark.parametrize("kind", FORMATS)
def test_some_clips_in_any_order(store, tmp_path, kind):
    assert export(store, tmp_path / "a", kind, ["clip 04", "absent", "ä–ö", "clip 04"]) == COUNTS["clip 04"] + 2
    export(store, tmp_path / "b", kind, ["ä–ö", "absent", "clip 04"])
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert [line["clip_id"] for line in listed(tmp_path / "a")] == ["absent", "clip 04", "ä–ö"]


@pytest.mark.parametrize("kind", FORMATS)
def test_clips_of_which_none_has_rows(store, out, kind):
    assert export(store, out, kind, ["absent"]) == 0
    assert len(listed(out)) == 1


def test_the_same_bytes_a_second_later_and_elsewhere(tmp_path):
    stores = [aver.open_store(write(tmp_path / kind, kind=kind)) for kind in KINDS]
    for kind in FORMATS:
        export(stores[0], tmp_path / "one" / kind, kind)
    time.sleep(1.1)
    for kind in FORMATS:
        export(stores[1], tmp_path / "elsewhere" / "two" / kind, kind)
    one, two = content(tmp_path / "one"), content(tmp_path / "elsewhere" / "two")
    assert list(one) == list(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_keys_are_file_names_and_turn_back(store):
    keys = {name: key_of(name) for name in ALL}
    assert len(set(keys.values())) == len(keys)
    for name, key in keys.items():
        assert len(key.encode()) <= 200
        assert not set(key) & set('./\\:*?"<>|\n')
        assert unquote(key) == name or "~" in key
    assert [name for name, key in keys.items() if "~" in key] == ["x" * 300, "é/" * 60]


def test_an_export_is_replaced_only_when_asked(store, out):
    export(store, out, "npz")
    with pytest.raises(StoreError, match="--force"):
        export(store, out, "zarr")
    assert (out / "clips").is_dir()
    export(store, out, "zarr", replace=True)
    assert not (out / "clips").exists()
    assert (out / "features.zarr").is_dir()


def test_what_is_no_export_is_never_replaced(store, out):
    out.mkdir(parents=True)
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="no earlier export"):
        export(store, out, "npz", replace=True)
    with pytest.raises(StoreError, match="no earlier export"):
        export(store, store.folder, "npz", replace=True)
    assert content(out) == {"thesis.tex": b"years of work"}
    store.verify()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_damaged_store_leaves_nothing_half_written(store, out, kind):
    path = next(store.folder.glob("shard-003.*"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreError, match="shard-003"):
        export(store, out, kind)
    assert list(out.parent.iterdir()) == []


def test_an_unknown_clip_is_named_before_anything_is_written(store, out):
    with pytest.raises(StoreError, match="clip 99"):
        export(store, out, "npz", ["clip 99"])
    assert not out.parent.exists()
