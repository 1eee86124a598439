"""Answers by sequence and by clip, against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
from answered import LABELS, clips_of, prediction

from aver.evaluation.answers import by_clip, by_sequence


def table(seed):
    """Clips with one to three sequences, in a shuffled table; two corpora share clip names."""
    rng = np.random.default_rng(seed)
    rows = [
        prediction(f"c{k % 7}", rng.random(), corpus="ab"[k // 7], fold=fold, seed=s, sequence=q, speaker=f"s{k % 3}")
        for k in range(14)
        for fold in (k % 2,)
        for s in (3, 5)
        for q in range(1 + k % 3)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=seed)


def test_a_clips_answer_is_the_mean_of_its_sequences_as_pandas_says():
    rows = table(0)
    found = by_clip(by_sequence(rows, LABELS))
    own = found.clips.iloc[found.clip].assign(fold=found.fold, seed=found.seed, happy=found.probabilities[:, 0])
    mean = rows.groupby(["fold", "seed", "corpus", "clip_id"])["p_happy"].mean()
    np.testing.assert_allclose(own.set_index(["fold", "seed", "corpus", "clip_id"])["happy"].loc[mean.index], mean)
    assert len(own) == len(mean)


def test_clips_are_named_once_in_order():
    found = by_sequence(table(1), LABELS)
    names = list(zip(found.clips["corpus"], found.clips["clip_id"], strict=True))
    assert names == sorted(set(names))
    assert len(names) == 14


def test_the_most_probable_label_is_predicted():
    found = clips_of([prediction("a", 0.9), prediction("b", 0.2, label="sad"), prediction("c", 0.5)])
    assert found.predicted.tolist() == [0, 1, 0]
    assert found.actual.tolist() == [0, 1, 0]


def test_people_are_whose_people_they_are_and_their_name():
    rows = [prediction("a", 0.9, people="p", speaker="2"), prediction("b", 0.9, people="o", speaker="2"),
            prediction("c", 0.9, people="p", speaker="")]  # fmt: skip
    found = clips_of(rows)
    assert found.people == [("o", "2"), ("p", "2")]
    assert found.person.tolist() == [1, 0, -1]


def test_some_of_the_clips():
    found = clips_of([prediction(name, chance, seed=s) for s in range(2) for name, chance in (("a", 0.9), ("b", 0.2))])
    own = found.where(np.array([False, True]))
    assert own.clips["clip_id"].tolist() == ["b"]
    assert own.clip.tolist() == [0, 0]
    assert own.predicted.tolist() == [1, 1]
