"""Torch state dicts as files: the same bytes wherever they are saved, and read without holding all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch


def save_state(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Save a state dict, in the order of its keys; tensors must be contiguous and share no memory.

    Through an open file, because `torch.save(state, path)` would write the path's stem into the bytes.
    """
    with path.open("wb") as file:
        torch.save(dict(state), file)


def load_state(path: Path) -> Any:
    """Return what a torch file holds, tensors and plain containers only, on the CPU.

    Tensors are mapped from the file: those that are not used take no memory, and those that are kept must be copied.
    Files older than PyTorch 1.6, which are no zip archives, cannot be mapped and are read.
    """
    return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zipfile(path))
