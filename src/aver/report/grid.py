"""A small table that every part of the report may return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """A head, and rows with a name in front; every value is already written out."""

    head: list[str]
    rows: list[tuple[str, list[str]]]
