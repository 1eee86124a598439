"""Who trains, validates and tests, as numbers in a table of sequences."""

from __future__ import annotations

TRAIN, VALIDATION, TEST = 0, 1, 2
