"""Write a stage's out: built in a `.partial` sibling, renamed when whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aver.errors import AverError, CacheError, StoreError, is_machine_failure


@contextmanager
def out_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside `out`; it becomes `out` only if the block ends without an exception.

    Raises:
        CacheError: the disk is full or the folder may not be written.
    """
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        if out.exists():
            shutil.rmtree(out)
        os.replace(partial, out)
    except AverError:
        raise
    except Exception as exc:  # a full disk is an OSError to Python and something of its own to TensorFlow
        if not is_machine_failure(exc):
            raise
        raise _unwritten(out, exc) from exc
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unwritten(path: Path, error: Exception) -> CacheError:
    why = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
    return CacheError(
        f"cannot write {path}: {why}. Nothing half-written is left. Free space or mend the permissions and run again."
    )


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Write rows (dicts with exactly the schema's names) as one Parquet file, stable to the byte."""
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=schema), path)


def read_rows(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return a Parquet file's rows as dicts, in stored order; only some columns where few are needed.

    Raises:
        StoreError: it is damaged.
    """
    try:
        rows: list[dict[str, Any]] = pq.read_table(path, columns=columns).to_pylist()
    except pa.ArrowException as exc:
        raise StoreError(f"{path} is damaged: {exc}. Run `aver doctor --repair`.") from exc
    return rows


def write_text(path: Path, text: str) -> None:
    """Write a text file in a `.partial` sibling and rename it when whole.

    Raises:
        CacheError: the disk is full or the folder may not be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(text.encode("utf-8"))
        os.replace(partial, path)
    except OSError as exc:
        raise _unwritten(path, exc) from exc
    finally:
        with suppress(OSError):  # gone, or on a disk that may only be read
            partial.unlink()


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys and a final newline."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        StoreError: it is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise StoreError(f"{path} is damaged: {exc}. Run `aver doctor --repair`.") from exc
