"""Archives that say more than they hold, or hold more than is taken."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from aver.errors import WeightsError
from aver.params.releases import Published, Release
from aver.weights.releases import unpack as unpacking
from aver.weights.releases.unpack import unpack

FILE = "saved_model.pb"
SMALL = Release("tfhub", (Published(FILE),), "", "", archive=Published("vggish_1.tar.gz"))


def unpacked(tmp_path: Path, content: bytes) -> bytes:
    """Return the member that comes out of a tar."""
    (tmp_path / "archive").write_bytes(gzip.compress(content, 1))
    unpack(SMALL, tmp_path / "archive", tmp_path)
    return (tmp_path / FILE).read_bytes()


def header(kind: bytes, size: int, name: str = FILE) -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def packed(content: bytes = b"model", **pax: str) -> bytes:
    """Return a tar of one member, with headers of PAX."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo(FILE)
        member.size, member.pax_headers = len(content), pax
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_a_member_longer_than_all_headers_may_be_comes_out(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking._Bounded, "left", 2048)
    content = bytes(range(256)) * 100
    assert unpacked(tmp_path, packed(content)) == content


@pytest.mark.parametrize(
    "pax",
    [
        {"GNU.sparse.map": "a,b"},
        {"GNU.sparse.size": "x"},
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"},
        {"size": "9" * 20},
        {"size": "-5120"},
    ],
    ids=str,
)
def test_numbers_in_headers_that_are_none_are_told(tmp_path, pax):
    with pytest.raises(WeightsError, match=r"vggish_1\.tar\.gz is no whole \.tar\.gz archive"):
        unpacked(tmp_path, packed(bytes(600), **pax))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_that_would_fill_the_memory_are_refused(tmp_path, kind):
    with pytest.raises(WeightsError, match="its headers are too long"):
        unpacked(tmp_path, header(kind, 2_000_000) + bytes(2_000_000) + packed())


def test_members_without_number_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="its headers are too long"):
        unpacked(tmp_path, b"".join(header(tarfile.REGTYPE, 0, str(place)) for place in range(2000)) + packed())


def test_a_sparse_member_is_refused(tmp_path):
    """It says 3 GB and has none; tarfile would write them."""
    with pytest.raises(WeightsError, match="is no plain file"):
        unpacked(tmp_path, packed(b"", **{"GNU.sparse.size": "3000000000", "GNU.sparse.map": "0,0"}))


def test_more_than_is_taken_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_BYTES", 10_000)
    with pytest.raises(WeightsError, match="holds more than"):
        unpacked(tmp_path, packed(bytes(20_000)))
    assert not (tmp_path / FILE).exists()
