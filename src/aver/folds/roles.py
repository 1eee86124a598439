"""The words of `folds.parquet` that say what a clip is for."""

from __future__ import annotations

TRAIN, VALIDATION, TEST = "train", "validation", "test"
#: Every clip of protocol `window`: its sequences are dealt one by one (`aver.sequences.split`), so it has no role.
WINDOWS = "windows"

#: Of takes or of sequences, where they are dealt at random: system A (Salas-Cáceres et al. 2024, section 5) has "a
#: training set consisting of 80% of the samples and a test set comprising the remaining samples".
TEST_FRACTION = 0.2
