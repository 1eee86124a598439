"""Small tables of predictions, written out by hand: two labels, `happy` with the given probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from aver.evaluation.answers import Answers, by_clip, by_sequence
from aver.evaluation.score import Score, score
from aver.params.blocks import Evaluation, OverTime

LABELS = ["happy", "sad"]
PARAMS = Evaluation(bootstrap_draws=300, bootstrap_seed=0, confidence=0.95, permutations=1000, top_k=3,
                    calibration_bins=10, over_time=OverTime((), 0.5, 1, 0, ""))  # fmt: skip


def prediction(clip: str, happy: float, *, label: str = "happy", fold: int = 0, seed: int = 0, speaker: str = "s",
               sequence: int = 0, corpus: str = "c", people: str = "") -> dict[str, Any]:  # fmt: skip
    return {"fold": fold, "seed": seed, "corpus": corpus, "people": people or corpus, "clip_id": clip,
            "speaker": speaker, "label": label, "sequence": sequence,
            "p_happy": happy, "p_sad": 1 - happy}  # fmt: skip


def clips_of(rows: Sequence[dict[str, Any]], labels: Sequence[str] = LABELS) -> Answers:
    return by_clip(by_sequence(pd.DataFrame(rows), labels))


def score_of(rows: Sequence[dict[str, Any]], labels: Sequence[str] = LABELS, params: Evaluation = PARAMS) -> Score:
    sequences = by_sequence(pd.DataFrame(rows), labels)
    return score(sequences, by_clip(sequences), params)


def said(words: str, *, actual: str | None = None, seed: int = 0, speakers: str | None = None) -> list[dict[str, Any]]:
    """Return one clip per letter, h(appy) or s(ad): what was said of it, what is right, and by whom it is spoken."""
    named = {"h": "happy", "s": "sad"}
    return [
        prediction(f"clip{k:02}", 0.9 if letter == "h" else 0.1, label=named[(actual or words)[k]], seed=seed,
                   speaker=(speakers or "a" * len(words))[k])
        for k, letter in enumerate(words)
    ]  # fmt: skip
