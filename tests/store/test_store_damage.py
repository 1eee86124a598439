"""A changed bit anywhere in a store is found, named, and never read."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from stores import BUCKETS, COUNTS, ENTRIES, KINDS, content, entry, rows_of, write

import aver
from aver.errors import StoreError
from aver.store import check
from aver.store.check import damaged
from aver.store.schema import FORMAT_VERSION, bucket_of
from aver.store.seal import SEAL, read_header, seal

FLIPS = 60


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def folder(tmp_path, kind):
    return write(tmp_path / "store", kind=kind)


@pytest.fixture(autouse=True)
def nothing_verified_before():
    check._VERIFIED.clear()


def flip(path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def reseal(folder, **changes) -> None:
    """Write `store.json` as an AVER would that says something else."""
    header = {k: v for k, v in json.loads((folder / "store.json").read_bytes()).items() if k != SEAL}
    (folder / "store.json").write_bytes(seal({**header, **changes}))


def refusals(folder) -> int:
    """Ask a store for everything; return how many answers it refused. Every answer it gives must be the right one."""
    questions = {
        "rows": lambda store, name: np.array_equal(store.rows(name), rows_of(name, COUNTS[name]).values),
        "times": lambda store, name: np.array_equal(store.times(name), rows_of(name, COUNTS[name]).times_s),
        "status": lambda store, name: store.status(name) == rows_of(name, COUNTS[name]).status,
        "digest": lambda store, name: store.entry(name)["digest"] == f"digest-{name}",
        "batch": batch_is_right,
    }
    refused = 0
    try:
        store = aver.open_store(folder)
    except StoreError:
        return 1
    for name in COUNTS:
        for question in questions.values():
            try:
                assert question(store, name)
            except StoreError:
                refused += 1
    return refused


def batch_is_right(store, name) -> bool:
    expected = rows_of(name, COUNTS[name])
    found = list(store.batches(100, [name]))
    return all(
        np.array_equal(values, expected.values) and np.array_equal(index["t0_s"].to_numpy(), expected.times_s[:, 0])
        for values, index in found
    )


def test_a_whole_store_has_nothing_to_refuse(folder):
    assert damaged(folder) == []
    aver.open_store(folder).verify()
    assert refusals(folder) == 0


def test_random_flipped_bits_are_found_and_never_read(folder, tmp_path):
    rng = np.random.default_rng(60)
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == BUCKETS + 3
    for number in range(FLIPS):
        name = names[number % len(names)]
        copy = shutil.copytree(folder, tmp_path / f"copy-{number}")
        flip(copy / name, int(rng.integers(8 * (copy / name).stat().st_size)))
        found = damaged(copy)
        assert found[0][0] == copy / name
        if name != "store.json":
            assert [path.name for path, _ in found] == [name]
        assert refusals(copy) > 0
        with pytest.raises(StoreError, match=re.escape(name)):
            aver.open_store(copy).verify()
        shutil.rmtree(copy)


def test_every_byte_of_store_json_counts(tmp_path):
    folder = write(tmp_path / "store", [entry("one", 2)], buckets=1)
    path = folder / "store.json"
    whole = path.read_bytes()
    for place in range(len(whole)):
        flip(path, 8 * place + place % 8)
        with pytest.raises(StoreError, match=r"damaged: .*dvc checkout"):
            read_header(folder)
        path.write_bytes(whole)
    assert read_header(folder)["buckets"] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n ", "\n  ", 1),
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("{", '{\n "kind": "hdf5",', 1),
        lambda text: "[]",
        lambda text: "",
    ],
    ids=["space", "no-newline", "key-twice", "list", "empty"],
)
def test_store_json_has_one_form_only(tmp_path, change):
    folder = write(tmp_path / "store")
    path = folder / "store.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(StoreError, match=r"store\.json is damaged"):
        aver.open_store(folder)
    assert damaged(folder)[0][0] == path


def test_every_damaged_file_is_listed(folder):
    names = sorted(content(folder))
    bad = [name for name in names if name != "store.json"][::2]
    for name in bad[:-1]:
        flip(folder / name, 99)
    (folder / bad[-1]).unlink()
    assert [path.name for path, _ in damaged(folder)] == bad
    assert damaged(folder)[-1][1] == "it is missing"
    with pytest.raises(StoreError) as caught:
        aver.open_store(folder).verify()
    assert all(name in str(caught.value) for name in [*bad, "dvc checkout"])


def test_damaged_files_are_told_from_whole_ones_even_when_store_json_is_damaged(folder):
    (folder / "store.json").write_bytes((folder / "store.json").read_bytes() + b" ")
    assert [path.name for path, _ in damaged(folder)] == ["store.json"]
    flip(folder / "index.parquet", 99)
    shard = next(folder.glob("shard-002.*"))
    flip(shard, 99)
    assert [path.name for path, _ in damaged(folder)] == ["store.json", "index.parquet", shard.name]


def test_no_store_is_one_line_of_the_list(tmp_path):
    [(path, cause)] = damaged(tmp_path)
    assert path == tmp_path / "store.json"
    assert "no feature store" in cause


def test_the_list_reads_anew_what_this_process_has_verified(folder):
    store = aver.open_store(folder)
    for name in store.clips:
        store.rows(name)
    path = next(folder.glob("shard-001.*"))
    flip(path, 99)
    stat = path.stat()
    check._VERIFIED[(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)] = store.header["shards"][path.name][
        "sha256"
    ]
    assert [found for found, _ in damaged(folder)] == [path]


@pytest.mark.parametrize("version", [1, FORMAT_VERSION + 1])
@pytest.mark.parametrize("sealed", [True, False])
def test_other_versions_are_refused_by_name_and_are_not_called_damaged(tmp_path, version, sealed):
    folder = write(tmp_path / "store")
    reseal(folder, version=version)
    if not sealed:
        header = json.loads((folder / "store.json").read_bytes())
        del header[SEAL], header["tables"]  # as version 1 was
        (folder / "store.json").write_text(json.dumps(header, indent=1, sort_keys=True) + "\n")
    with pytest.raises(StoreError, match=f"version {version} is not one this AVER reads .*dvc repro"):
        aver.open_store(folder)
    [(path, cause)] = damaged(folder)
    assert path.name == "store.json"
    assert f"version {version}" in cause


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: reseal(folder, format="other"),
        lambda folder: (folder / "store.json").write_text("{"),
        lambda folder: (folder / "store.json").unlink(),
        shutil.rmtree,
    ],
    ids=["format", "no-json", "missing", "no-folder"],
)
def test_what_it_does_not_know_is_refused_when_opened(tmp_path, damage):
    damage(write(tmp_path / "store"))
    with pytest.raises(StoreError, match="dvc"):
        aver.open_store(tmp_path / "store")


@pytest.mark.parametrize("change", [{"stream": "other"}, {"params": "q" * 64}, {"weights": "x" * 64}])
def test_a_shard_of_another_stream_is_refused(folder, change):
    reseal(folder, **change)
    with pytest.raises(StoreError, match=next(iter(change))):
        aver.open_store(folder).rows("clip 04")


@pytest.mark.parametrize("change", [lambda c: c[:-1] + bytes([c[-1] ^ 1]), lambda c: c[: len(c) // 2], lambda c: b""],
                         ids=["bit", "half", "empty"])  # fmt: skip
def test_a_damaged_shard_is_refused(folder, change):
    path = next(folder.glob(f"shard-{bucket_of('clip 04', BUCKETS):03d}.*"))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(StoreError, match="damaged"):
        aver.open_store(folder).rows("clip 04")


@pytest.mark.parametrize("table", ["clips.parquet", "index.parquet"])
@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"no parquet"), lambda path: path.unlink()],
                         ids=["damaged", "missing"])  # fmt: skip
def test_a_damaged_table_is_refused(tmp_path, table, change):
    folder = write(tmp_path / "store")
    change(folder / table)
    with pytest.raises(StoreError, match=f"{table} is (damaged|missing).*dvc checkout"):
        aver.open_store(folder).times("clip 04")


def test_damage_after_a_first_reading_is_seen_by_the_next_store(folder):
    aver.open_store(folder).rows("clip 04")
    flip(next(folder.glob(f"shard-{bucket_of('clip 04', BUCKETS):03d}.*")), 99)
    with pytest.raises(StoreError, match="damaged"):
        aver.open_store(folder).rows("clip 04")


def test_a_store_replaced_while_open_is_refused_and_not_mixed(folder, tmp_path, kind):
    old = aver.open_store(folder)
    write(tmp_path / "new", [*ENTRIES, entry("newcomer", 3)], kind)
    for path in (tmp_path / "new").iterdir():
        path.replace(folder / path.name)
    # Read by the new store first: what this process knows of the files must not make the old one trust them.
    assert len(aver.open_store(folder).rows("newcomer")) == 3
    with pytest.raises(StoreError, match="damaged"):
        old.times("clip 04")


def test_a_file_is_verified_once_per_identity(tmp_path, monkeypatch):
    folder = write(tmp_path / "store")
    read = []
    monkeypatch.setattr(
        check, "file_digest", lambda path, whole=check.file_digest: read.append(path.name) or whole(path)
    )
    for _ in range(3):
        store = aver.open_store(folder)
        store.rows("clip 04")
        store.times("clip 04")
    assert sorted(read) == ["clips.parquet", "index.parquet", f"shard-{bucket_of('clip 04', BUCKETS):03d}.h5"]
