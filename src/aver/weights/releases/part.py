"""The unfinished part of a download: `<file>.part`, and beside it `<file>.part.json`, which says what it is a part of.

The note says how many bytes are certainly on the disk: what a power cut may have left behind them is not gone on with.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from io import FileIO
from pathlib import Path

from aver.cache.objects import write_atomic

#: How often what has come is forced to the disk, seconds.
SYNC_S = 5.0


@dataclass(frozen=True)
class Begun:
    """What a part is a part of.

    Args:
        url: from where.
        validator: the server's ETag or Last-Modified: the same one means the same content.  Empty: it gave none, so
            there is no going on.
        total: length of the whole in bytes; None if the server did not tell.
        safe: length of the part, as far as it is certainly on the disk.
    """

    url: str
    validator: str
    total: int | None
    safe: int = 0


class Part:
    """The part of one file.

    Args:
        target: the file when it is whole.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")

    def begun(self) -> Begun | None:
        """Return what there is to go on with."""
        try:
            found = Begun(**json.loads(self.note.read_text(encoding="utf-8")))
            whole = self.path.stat().st_size >= found.safe > 0
        except (OSError, ValueError, TypeError):
            return None
        return found if whole else None

    @contextmanager
    def writer(self, begun: Begun) -> Iterator[Writer]:
        """Yield what writes behind the first `begun.safe` bytes; everything that came stays, however the block ends."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not begun.safe:
            self.note_down(begun)
        with self.path.open("r+b" if begun.safe else "wb", buffering=0) as file:
            file.seek(begun.safe)
            file.truncate()
            writer = Writer(self, file, begun)
            try:
                yield writer
            finally:
                writer.sync()

    def note_down(self, begun: Begun) -> None:
        """Write down what the part is a part of, and how much of it is safe."""
        write_atomic(self.note, json.dumps(asdict(begun)).encode())

    def finish(self, target: Path) -> None:
        """Give the whole file, which is on the disk, its name."""
        os.replace(self.path, target)
        self.note.unlink(missing_ok=True)

    def drop(self) -> None:
        """Begin from nothing next time."""
        self.note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


class Writer:
    """Appends to a part."""

    def __init__(self, part: Part, file: FileIO, begun: Begun) -> None:
        self.part, self.file, self.begun = part, file, begun
        self.length, self.synced = begun.safe, time.monotonic()

    def write(self, content: bytes) -> None:
        """Append."""
        left = memoryview(content)
        while left:  # an unbuffered file may take less than it is given
            left = left[self.file.write(left) :]
        self.length += len(content)
        if time.monotonic() - self.synced >= SYNC_S:
            self.sync()

    def sync(self) -> None:
        """Force what has come to the disk, and note it."""
        os.fsync(self.file.fileno())
        self.begun = replace(self.begun, safe=self.length)
        self.part.note_down(self.begun)
        self.synced = time.monotonic()
