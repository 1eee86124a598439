"""Who is using a cache: stages share it, the garbage collector needs it alone.

Results need no lock: they are written atomically under the name of their content.  Only deleting does, because a stage
may be about to read what it has just found.  The lock is `flock` on one file; it goes with the process, however that
ends.  Where the file system has no locks, or the cache may only be read, nothing is locked.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aver.errors import CacheError

log = logging.getLogger(__name__)
_HELD: dict[Path, int] = {}


def hold(root: Path) -> None:
    """Share the cache until this process ends (or `release`): nothing is deleted meanwhile."""
    if root in _HELD or (lock := _open(root)) is None:
        return
    _HELD[root] = lock
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        log.info("clip cache: waiting for `aver gc` to finish")
        fcntl.flock(lock, fcntl.LOCK_SH)
    except OSError as exc:
        log.debug("clip cache %s: no locks here: %s", root, exc)


def release(root: Path) -> None:
    """Stop sharing the cache."""
    if root in _HELD:
        os.close(_HELD.pop(root))


@contextmanager
def sharing(root: Path) -> Iterator[None]:
    """Share the cache for the length of the block, if this process does not share it anyway."""
    anyway = root in _HELD
    hold(root)
    try:
        yield
    finally:
        if not anyway:
            release(root)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep all others out of the cache for the length of the block.

    Raises:
        CacheError: a stage is using it.
    """
    lock = _open(root)
    if lock is None:
        raise CacheError(f"the clip cache {root} may not be written by you, so nothing can be removed from it")
    try:
        _take(root, lock)
        yield
    finally:
        os.close(lock)


def _take(root: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CacheError(
            f"the clip cache {root} is in use by a running stage. Try again when it has finished."
        ) from None
    except OSError as exc:
        if exc.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):
            raise CacheError(f"the clip cache {root} cannot be locked: {exc.strerror}; nothing was removed") from exc
        log.warning("clip cache %s: this file system has no locks; make sure that no stage is running", root)


def _open(root: Path) -> int | None:
    with suppress(OSError):
        root.mkdir(parents=True, exist_ok=True)
        return os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    with suppress(OSError):  # another user's cache that one may only read: sharing it needs no more
        return os.open(root / "lock", os.O_RDONLY)
    return None
