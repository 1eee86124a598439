"""Clips of a made-up corpus, and how a test splits them and reads the split."""

from __future__ import annotations

from collections import Counter

from aver.folds.build import build_folds
from aver.folds.roles import TEST, TRAIN, VALIDATION
from aver.params.blocks import Benchmark

LABELS = ("angry", "happy", "sad")
SUBJECT = Benchmark(corpora=("c",), protocol="subject", folds=5, validation_fraction=0.2, fold_seed=0, seeds=(0,))


def corpus(speakers=16, labels=LABELS, takes=2):
    """Return `takes` clips per label of speakers 01, 02, … (or of the speakers with the names given)."""
    named = [f"{s:02d}" for s in range(1, speakers + 1)] if isinstance(speakers, int) else speakers
    return [
        {"clip_id": f"S{s}_{label}_T{t}", "label": label, "speaker": s, "sex": "female" if number % 2 == 0 else "male",
         "take": f"S{s}_{label}_T{t}", "sha256": f"{s}-{label}-{t}", "channel": "speech" if t % 2 else "song"}
        for number, s in enumerate(named) for label in labels for t in range(takes)
    ]  # fmt: skip


def split(benchmark, clips):
    name, *_ = benchmark.corpora
    return build_folds("b", benchmark, {name: clips}, {name: name}).rows


def speakers(rows, fold):
    """Return the speakers of each role in one fold."""
    return {role: {row["speaker"] for row in rows if row["fold"] == fold and row["role"] == role}
            for role in (TRAIN, VALIDATION, TEST)}  # fmt: skip


def who_tests(rows):
    """Return the test speakers fold by fold, by name."""
    return [sorted(speakers(rows, fold)[TEST]) for fold in sorted({row["fold"] for row in rows})]


def roles(rows):
    return Counter(row["role"] for row in rows)
