"""Numbers and tables for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tabulate import tabulate


def table(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> str:
    """Return rows under headers, numbers to the right."""
    return tabulate(rows, headers, tablefmt="simple", disable_numparse=True, colalign=_alignment(rows, headers))


def _alignment(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> list[str] | None:
    if not rows:
        return None
    text = [any(isinstance(row[column], str) and not row[column][:1].isdigit() for row in rows)
            for column in range(len(headers))]  # fmt: skip
    return ["left" if column == 0 or letters else "right" for column, letters in enumerate(text)]


def amount(count: float) -> str:
    """Return bytes in the unit that fits: `3.4 GB` (1 GB = 10^9 bytes)."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Return a time in the unit that fits: `8 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def number(text: str) -> int:
    """Return the bytes that `20GB`, `500 MB` or `1000` mean.

    Raises:
        ValueError: it is no such text.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", text.strip().upper())
    if not match:
        raise ValueError(f"{text!r} is no size")
    return int(float(match[1]) * 1000 ** " KMGT".index(match[2] or " "))
