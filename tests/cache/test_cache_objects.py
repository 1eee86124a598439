"""Objects: stable bytes, atomic writes, checked reads."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from aver.cache.location import cache_root
from aver.cache.objects import FORMAT, MARK, digest_of, file_digest, pack, place, read_verified, unpack, write_atomic

ARRAYS = {
    "rows": np.arange(12, dtype=np.float32).reshape(3, 4),
    "count": np.int64(7),
    "words": np.array(["ein", "zweites"]),
    "empty": np.zeros((0, 5), np.uint8),
    "flag": np.array([True, False]),
}

#: The same with every Python since 3.11.2 and with NumPy 2.
GOLDEN = "923d28b3f6cd761e"


def test_pack_and_unpack_keep_values_types_and_shapes():
    found = unpack(pack(ARRAYS))
    assert sorted(found) == sorted(ARRAYS)
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(found[name], value, strict=True)


def test_packed_bytes_depend_on_the_content_only():
    turned = {name: ARRAYS[name] for name in sorted(ARRAYS, reverse=True)}
    turned["rows"] = np.asfortranarray(turned["rows"])
    assert pack(turned) == pack(ARRAYS)


def test_packed_bytes_are_the_same_in_another_process():
    script = "import sys, numpy as np; from aver.cache.objects import pack; " \
             "sys.stdout.buffer.write(pack({'b': np.arange(3), 'a': np.array('x')}))"  # fmt: skip
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True,
                           env={**os.environ, "PYTHONPATH": "src", "PYTHONHASHSEED": "5"},
                           cwd=Path(__file__).parents[2])  # fmt: skip
    assert other.stdout == pack({"a": np.array("x"), "b": np.arange(3)})


def test_packed_bytes_leave_nothing_to_the_version_of_python():
    """`numpy.savez` does: its members are marked otherwise before Python 3.11.4, and clones then disagreed."""
    with zipfile.ZipFile(io.BytesIO(pack(ARRAYS))) as archive:
        for member in archive.infolist():
            fields = (member.create_system, member.create_version, member.extract_version, member.flag_bits)
            assert fields == (3, 20, 20, 0)
            assert (member.date_time, member.external_attr) == ((1980, 1, 1, 0, 0, 0), 0o600 << 16)
            assert not member.extra
    assert digest_of(pack({"a": np.arange(5), "b": np.float32(1)})).startswith(GOLDEN)


@pytest.mark.parametrize(
    "change",
    [
        {"rows": ARRAYS["rows"] + 1},
        {"rows": ARRAYS["rows"].astype(np.float64)},
        {"rows": ARRAYS["rows"].reshape(4, 3)},
        {"extra": np.zeros(1)},
    ],
)
def test_any_change_of_content_changes_the_bytes(change):
    assert pack({**ARRAYS, **change}) != pack(ARRAYS)


def test_objects_are_refused_when_packed_and_when_read(tmp_path):
    with pytest.raises(ValueError, match=r"[Oo]bject arrays"):
        pack({"bad": np.array([{"a": 1}, None], object)})
    np.savez(tmp_path / "bad.npz", bad=np.array([{"a": 1}], object), **{MARK: np.int32(FORMAT)})
    with pytest.raises(ValueError, match="allow_pickle=False"):
        unpack((tmp_path / "bad.npz").read_bytes())


def test_digests_are_sha256(tmp_path):
    content = os.urandom(3_000_000)
    (tmp_path / "file").write_bytes(content)
    assert file_digest(tmp_path / "file") == digest_of(content) == hashlib.sha256(content).hexdigest()


def test_a_write_replaces_whole_files_and_leaves_nothing_else(tmp_path):
    path = place(tmp_path / "objects", "abcdef", ".npz")
    assert path == tmp_path / "objects" / "ab" / "abcdef.npz"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["abcdef.npz"]


def test_written_files_follow_the_umask(tmp_path):
    write_atomic(tmp_path / "file", b"x")
    (tmp_path / "plain").write_bytes(b"x")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_an_interrupted_write_leaves_the_old_file_and_no_temporary_one(tmp_path, monkeypatch, call, error):
    path = tmp_path / "object"
    write_atomic(path, b"old")

    def stop(*args):
        raise error

    monkeypatch.setattr(os, call, stop)
    with pytest.raises(type(error)):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_or_missing_object_is_none(tmp_path):
    content = pack(ARRAYS)
    path = tmp_path / "object"
    assert read_verified(path, digest_of(content)) is None
    path.write_bytes(content)
    assert read_verified(path, digest_of(content)) == content
    damaged = bytearray(content)
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    assert read_verified(path, digest_of(content)) is None
    path.write_bytes(content[:-1])
    assert read_verified(path, digest_of(content)) is None


@pytest.mark.parametrize(
    ("aver_cache", "dvc_root", "expected"),
    [
        ("chosen", "repo", "chosen"),
        ("chosen", None, "chosen"),
        (None, "repo", "repo/.aver"),
        ("", "repo", "repo/.aver"),
        (None, None, ".aver"),
    ],
)
def test_where_the_cache_lies(tmp_path, monkeypatch, aver_cache, dvc_root, expected):
    monkeypatch.chdir(tmp_path)
    for name, value in (("AVER_CACHE", aver_cache), ("DVC_ROOT", dvc_root)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, str(tmp_path / value) if value else "")
    assert cache_root() == tmp_path / expected
