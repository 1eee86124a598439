"""Protocols side by side, and scores above what is possible."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made import params_of

from aver.evaluation.ceiling import above, ceiling
from aver.evaluation.gaps import gaps
from aver.params.blocks import Corpus
from aver.synthetic.displays import EMOTIONS, ceilings


def cell(strategy, protocol, uar=0.5, gap=""):
    window = {"accuracy": {"mean": 0.6}, "uar": {"mean": uar}}
    clip = {"accuracy": {"mean": 0.6, "low": 0.5, "high": 0.7}, "uar": {"mean": uar, "low": uar - 0.1, "high": None}}
    return {"benchmark": "b", "strategy": strategy, "protocol": protocol, "headline": protocol == "subject", "gap": gap,
            "clips": 0 if gap else 58, "seeds": 1, "ceiling": 0.9, "above_ceiling": None if gap else False,
            **({} if gap else {"clip": clip, "window": window})}  # fmt: skip


def test_a_strategys_protocols_stand_together_the_headlines_first():
    cells = [cell(strategy, protocol) for protocol in ("subject", "clip") for strategy in ("pca", "concat")]
    found = gaps(cells)
    assert [(row["strategy"], row["protocol"]) for row in found] == [
        ("concat", "subject"), ("concat", "clip"), ("pca", "subject"), ("pca", "clip"),
    ]  # fmt: skip
    assert found[0]["window"] == {"accuracy": 0.6, "uar": 0.5}
    assert [row["headline"] for row in found] == [True, False] * 2


def test_a_row_says_what_its_score_rests_on():
    row = gaps([cell("pca", "clip")])[0]
    assert row["clip"] == {"accuracy": 0.6, "uar": 0.5, "uar_low": 0.4, "uar_high": None}
    assert (row["clips"], row["seeds"]) == (58, 1)


def test_a_cell_without_scores_keeps_its_row():
    row = gaps([cell("pca", "subject", gap="too few clips")])[0]
    assert row["clip"] == {"accuracy": None, "uar": None, "uar_low": None, "uar_high": None}
    assert row["window"] == {"accuracy": None, "uar": None}
    assert row["clips"] == 0
    assert (row["ceiling"], row["above_ceiling"]) == (0.9, None)


@pytest.mark.parametrize(
    ("mean", "low", "limit", "found"),
    [
        (0.95, 0.92, 0.9, True),
        (0.95, 0.88, 0.9, False),  # the interval says that it may be below
        (0.95, None, 0.9, None),  # too few speakers for an interval: it may be chance
        (0.9, 0.9, 0.9, False),
        (0.95, 0.92, None, None),
        (None, None, 0.9, None),
    ],
)
def test_above_the_ceiling(mean, low, limit, found):
    assert above({"mean": mean, "low": low}, limit) is found


@pytest.mark.parametrize(
    ("corpora", "labels", "known"),
    [
        (["built", "again"], EMOTIONS, True),
        (["built", "mine"], EMOTIONS, False),
        (["built"], EMOTIONS[1:], False),  # the tables promise nothing about a choice of emotions
        (["built"], ("anger", *EMOTIONS[1:]), False),
    ],
)
def test_the_ceiling_is_known_of_the_built_in_corpus_alone_and_with_all_its_emotions(corpora, labels, known):
    roots = {name: Corpus("x", "synthetic") for name in ("built", "again")} | {"mine": Corpus("y", "folder")}
    params = replace(params_of(), corpora=roots)
    best = ceilings()
    for roles, limit in (("visual", "acoustic"), best.both), (("visual",), best.visual), (("acoustic",), best.acoustic):
        assert ceiling(corpora, labels, roles, params) == (limit if known else None)
