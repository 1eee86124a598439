"""Files of tensors: saved, read and known again; and the gate that every published tensor passes."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import torch

from aver.errors import WeightsError
from aver.weights.state import load_state, marks, save_state
from aver.weights.tensors import take


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.filterwarnings("ignore:.*quantized tensor creation functions:UserWarning")
def test_nested_and_quantised_tensors_are_no_plain_tensors():
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    quantised = torch.quantize_per_tensor(torch.ones(2, 3), 0.1, 0, torch.qint8)
    for value, words in ((nested, "nested"), (quantised, r"torch\.strided, torch\.qint8")):
        with pytest.raises(WeightsError, match=rf"x\.pth: conv1\.bias is {words}"):
            take(Path("x.pth"), {"conv1.bias": value}, "conv1.bias", (2, 3))


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f8", ">f8", "f16"])
def test_arrays_of_any_floats_become_float32(dtype):
    found = take(Path("x.h5"), {"a/bias": np.arange(3).astype(dtype)}, "a/bias", (3,))
    assert (found.dtype, found.tolist()) == (torch.float32, [0, 1, 2])


@pytest.mark.parametrize("value", [np.arange(3), np.array(["1", "2", "3"]), np.ones(3, complex), np.full(3, 1e300)])
def test_arrays_of_other_kinds_or_sizes_are_refused(value):
    with pytest.raises(WeightsError, match=r"x\.h5: a/bias (is an array of|holds numbers)"):
        take(Path("x.h5"), {"a/bias": value}, "a/bias", (3,))


def test_a_state_dict_has_the_same_bytes_under_every_name(tmp_path):
    for name in ("one.pth", "other.pth"):
        save_state({"b": torch.arange(3.0), "a": torch.zeros(2, 2)}, tmp_path / name)
    assert (tmp_path / "one.pth").read_bytes() == (tmp_path / "other.pth").read_bytes()
    assert list(load_state(tmp_path / "one.pth")) == ["b", "a"]


@pytest.mark.parametrize("how", ["deflated", "old format"])
def test_a_file_that_cannot_be_mapped_is_read(how, tmp_path):
    state = {"a": torch.arange(5000.0), "b": torch.ones(3, 4)}
    torch.save(state, tmp_path / "x.pth", _use_new_zipfile_serialization=how != "old format")
    if how == "deflated":
        with ZipFile(tmp_path / "x.pth") as old, ZipFile(tmp_path / "y.pth", "w", ZIP_DEFLATED) as new:
            for member in old.infolist():
                new.writestr(member.filename, old.read(member))
        (tmp_path / "y.pth").rename(tmp_path / "x.pth")
    found = load_state(tmp_path / "x.pth")
    assert all(torch.equal(found[key], value) for key, value in state.items())


def test_a_full_disk_is_an_error_of_the_system(tmp_path, monkeypatch):
    """PyTorch's own error comes behind it, and hides it."""

    def save(state, file):
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        finally:
            raise RuntimeError("unexpected pos 704 vs 598")

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(OSError, match="No space left") as error:
        save_state({"a": torch.zeros(3)}, tmp_path / "x.pth")
    assert error.value.errno == errno.ENOSPC


def test_a_file_that_is_written_anew_has_other_marks(tmp_path):
    (tmp_path / "x").write_bytes(b"one")
    before = marks(tmp_path / "x")
    assert before == marks(tmp_path / "x")
    os.utime(tmp_path / "x", ns=(0, before[2] + 1))
    assert marks(tmp_path / "x") != before
    (tmp_path / "y").write_bytes(b"two")
    os.utime(tmp_path / "y", ns=(0, before[2]))
    assert marks(tmp_path / "y") != before
