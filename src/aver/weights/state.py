"""Torch state dicts as files: the same bytes wherever they are saved, and read without holding all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import torch


def save_state(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Save a state dict, in the order of its keys; tensors must be contiguous and share no memory.

    Through an open file, because `torch.save(state, path)` would write the path's stem into the bytes.

    Raises:
        OSError: the file cannot be written, e.g. the disk is full; torch hides that behind a RuntimeError of its own.
    """
    try:
        with path.open("wb") as file:
            torch.save(dict(state), file)
    except RuntimeError as exc:
        if isinstance(exc.__context__, OSError):
            raise exc.__context__ from None
        raise


def load_state(path: Path) -> Any:
    """Return what a torch file holds, tensors and plain containers only, on the CPU.

    Tensors are mapped from the file: those that are not used take no memory, and those that are kept must be copied.
    Files older than PyTorch 1.6, which are no zip archives, cannot be mapped and are read; so are archives that were
    packed again with compression, of which mapping would give the compressed bytes as numbers.
    """
    return torch.load(path, map_location="cpu", weights_only=True, mmap=_is_stored(path))


def marks(path: Path) -> tuple[int, int, int]:
    """Return a file's inode, size and time of writing (ns): another one under the same path has other marks."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_stored(path: Path) -> bool:
    """Whether a file is a zip archive without compression."""
    try:
        with ZipFile(path) as archive:
            return all(member.compress_type == ZIP_STORED for member in archive.infolist())
    except BadZipFile:
        return False
