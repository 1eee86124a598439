"""What a strategy answered: probabilities by sequence or by clip, with fold, seed and clip as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: What is known of a clip.
CLIP = ("corpus", "people", "clip_id", "speaker", "label")


@dataclass(frozen=True)
class Answers:
    """N answers of one strategy under one protocol.

    Args:
        labels: in the order of the probabilities.
        clips: corpus, people, clip_id, speaker and label of each tested clip, ordered by corpus and clip_id.
        clip: the row of `clips` that was answered, [N] int64.
        fold, seed: numbers as in the predictions, [N] int64.
        probabilities: [N, L] float64.
    """

    labels: tuple[str, ...]
    clips: pd.DataFrame
    clip: NDArray[np.int64]
    fold: NDArray[np.int64]
    seed: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The number of the most probable label, of several the first, [N]."""
        return self.probabilities.argmax(axis=1).astype(np.int64)

    @cached_property
    def actual(self) -> NDArray[np.int64]:
        """The number of the right label, [N]."""
        number = {label: k for k, label in enumerate(self.labels)}
        return np.array([number[label] for label in self.clips["label"]], np.int64)[self.clip]

    @cached_property
    def people(self) -> list[tuple[str, str]]:
        """Whose people they are and the name of every tested speaker, ordered; those without a name left out."""
        named = self.clips[self.clips["speaker"] != ""]
        return sorted(set(zip(named["people"], named["speaker"], strict=True)))

    @cached_property
    def person(self) -> NDArray[np.int64]:
        """The place in `people` of who is in each of `clips`, −1 where the clip names nobody, [C]."""
        place = {person: k for k, person in enumerate(self.people)}
        pairs = zip(self.clips["people"], self.clips["speaker"], strict=True)
        return np.array([place.get(pair, -1) for pair in pairs], np.int64)

    def where(self, chosen: NDArray[np.bool_]) -> Answers:
        """Return the answers about some of `clips` ([C] bool)."""
        kept = chosen[self.clip]
        number = np.cumsum(chosen) - 1
        return replace(
            self,
            clips=self.clips[chosen].reset_index(drop=True),
            clip=number[self.clip[kept]],
            fold=self.fold[kept],
            seed=self.seed[kept],
            probabilities=self.probabilities[kept],
        )


def by_sequence(predictions: pd.DataFrame, labels: Sequence[str]) -> Answers:
    """Return the answers to sequences: rows of `predictions.parquet` under one protocol, in a fixed order."""
    _, corpus = _numbered(predictions["corpus"])
    names, name = _numbered(predictions["clip_id"])
    _, first, clip = np.unique(corpus * len(names) + name, return_index=True, return_inverse=True)
    clips = pd.DataFrame({name: predictions[name].iloc[first].to_numpy(object) for name in CLIP}, dtype=object)
    fold, seed = (predictions[column].to_numpy(np.int64) for column in ("fold", "seed"))
    # By clip, so that sums over a clip's sequences and their last digits do not depend on the order of the table.
    order = np.lexsort((predictions["sequence"].to_numpy(), clip, seed, fold))
    probabilities = predictions[[f"p_{label}" for label in labels]].to_numpy(np.float64)
    return Answers(tuple(labels), clips, clip[order], fold[order], seed[order], probabilities[order])


def by_clip(answers: Answers) -> Answers:
    """Return the answers to clips: the mean of the probabilities of each clip's sequences, by fold and seed."""
    keys = np.stack([answers.fold, answers.seed, answers.clip])
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(keys) != 0).any(axis=0)]))
    counts = np.diff([*starts, keys.shape[1]])
    return replace(
        answers,
        clip=answers.clip[starts],
        fold=answers.fold[starts],
        seed=answers.seed[starts],
        probabilities=np.add.reduceat(answers.probabilities, starts) / counts[:, None],
    )


def _numbered(words: pd.Series[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the words that occur, sorted, and the place of each row's word among them."""
    column = words.astype("category")
    names = sorted(column.cat.categories)
    return names, column.cat.set_categories(names).cat.codes.to_numpy().astype(np.int64)
