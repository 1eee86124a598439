"""Recipes that a stage's out carries: what the out names can be made again where the clip cache is empty."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from aver.cache.recipe import Recipe
from aver.cache.sealed import canonical

FILE = "recipes.parquet"
RECIPES = pa.schema([("digest", pa.string()), ("recipe", pa.string())])


def write_recipes(out: Path, recipes: Sequence[tuple[str, Recipe | None]]) -> None:
    """Write `recipes.parquet` into an out: (digest, recipe) pairs with paths relative to the corpus root."""
    known = sorted({(digest, canonical(recipe)) for digest, recipe in recipes if recipe is not None})
    columns = [list(column) for column in zip(*known, strict=True)] or [[], []]
    pq.write_table(pa.table(columns, schema=RECIPES), out / FILE, compression="zstd")  # recipes repeat each other


def read_recipes(out: Path) -> list[tuple[str, Recipe]]:
    """Return the (digest, recipe) pairs of an out."""
    table = pq.read_table(out / FILE)
    return [(digest, json.loads(text)) for digest, text in zip(*(c.to_pylist() for c in table.columns), strict=True)]
