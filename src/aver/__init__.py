"""AVER: an offline feature store and DVC pipeline for audio-visual emotion recognition."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["__version__", "open_store"]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from aver.store.reader import open_store


def __getattr__(name: str) -> object:
    """Import `open_store` at its first use, so that `import aver` stays free of h5py, pyarrow and torch."""
    if name == "open_store":
        from aver.store.reader import open_store

        return open_store
    raise AttributeError(f"module 'aver' has no attribute {name!r}")
