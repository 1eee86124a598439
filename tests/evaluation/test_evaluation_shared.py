"""Strategies on the clips that all of them scored: who is better, whatever else each of them scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from answered import PARAMS, clips_of, prediction, said, score_of
from made import Made, benchmark, params_of, predictions_of, write_trained

from aver.evaluation.compare import evaluate
from aver.evaluation.shared import share

ACTUAL = "hshshshs"


def answers(words, **more):
    return clips_of(said(words, actual=ACTUAL, **more))


def test_by_hand():
    """`partial` has all eight clips and five right, `whole` the first four and three right; of these, partial has all.

    Over what each scored: 5/8 = 0.625 against 0.75.  On the shared four: 1 against 0.75.
    """
    whole = clips_of(said("hshh", actual=ACTUAL[:4]))
    found = share({"whole": whole, "partial": answers("hshshhsh")}, PARAMS)
    assert (found.clips, found.uar) == (4, {"partial": 1.0, "whole": 0.75})
    assert found.best(["whole", "partial"]) == "partial"
    assert [len(one.clips) for one in found.answers.values()] == [4, 4]


def test_where_all_scored_the_same_clips_it_is_the_score_of_the_cell():
    rng = np.random.default_rng(0)
    rows = [
        prediction(f"{k}", rng.random(), label=["happy", "sad"][k % 3 // 2], fold=k % 4, seed=s, speaker=f"{k % 5}")
        for k in range(40)
        for s in range(3)
    ]
    found = share({"a": clips_of(rows), "b": clips_of(rows)}, PARAMS)
    assert found.clips == 40
    assert found.uar["a"] == found.uar["b"] == pytest.approx(score_of(rows).clip["uar"]["mean"], rel=1e-5)
    assert found.best(["b", "a"]) == "a"


def test_equal_clip_ids_of_two_corpora_are_two_clips():
    rows = [[prediction("x", 0.9, corpus=corpus), prediction("y", 0.9, corpus="c")] for corpus in "ab"]
    assert share({"one": clips_of(rows[0]), "two": clips_of(rows[1])}, PARAMS).clips == 1


def test_without_a_shared_clip_there_is_no_uar():
    first, last = said("hs"), [{**row, "clip_id": f"other {k}"} for k, row in enumerate(said("hs"))]
    found = share({"one": clips_of(first), "two": clips_of(last)}, PARAMS)
    assert (found.clips, found.uar) == (0, {"one": None, "two": None})
    assert share({}, PARAMS).clips == 0


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Half of the clips have no face; `embrace` answers these as sound alone does, and so scores more, harder clips."""
    root = tmp_path_factory.mktemp("partial")
    made = {"acted": Made(benchmark("studio", "subject"), ("angry", "happy", "neutral", "sad"), 12, 6)}
    write_trained(root, made, {"acoustic": 0.4, "concat": 1.6, "embrace": 3.0, "visual": 1.0})
    tables = {name: pd.read_parquet(predictions_of(root, "acted", name)) for name in ("acoustic", "visual", "concat")}
    faceless = {name for name in tables["visual"]["clip_id"] if name[-1] in "345"}
    for strategy in ("visual", "concat", "embrace"):
        path = predictions_of(root, "acted", strategy)
        table = pd.read_parquet(path)
        table = table[~table["clip_id"].isin(faceless)]
        if strategy == "embrace":
            alone = tables["acoustic"]
            table = pd.concat([table, alone[alone["clip_id"].isin(faceless)]])
        table.to_parquet(path, index=False)
    return evaluate(root, ["acoustic", "concat", "visual"], params_of(made))


def test_clips_that_only_some_scored_do_not_decide_who_is_better(evaluated):
    cells = {cell["strategy"]: cell for cell in evaluated.cells}
    assert {name: cell["clips"] for name, cell in cells.items()} == {
        "acoustic": 288, "concat": 144, "embrace": 288, "visual": 144,
    }  # fmt: skip
    assert cells["embrace"]["clip"]["uar"]["mean"] < cells["concat"]["clip"]["uar"]["mean"]
    assert cells["embrace"]["shared"]["uar"] > cells["concat"]["shared"]["uar"]
    assert {cell["shared"]["clips"] for cell in cells.values()} == {144}


def test_pairs_and_complementarity_rest_on_the_same_clips(evaluated):
    cells = {cell["strategy"]: cell for cell in evaluated.cells}
    assert {pair["clips"] for pair in evaluated.pairs} == {144}
    for pair in evaluated.pairs:  # every speaker has equally many clips of each label
        apart = cells[pair["one"]]["shared"]["uar"] - cells[pair["other"]]["shared"]["uar"]
        assert pair["difference"] == pytest.approx(apart, abs=2e-6)
    row = evaluated.complement[0]
    assert (row["clips"], row["best_fusion"]["strategy"]) == (144, "embrace")
    assert row["best_fusion"]["accuracy"] == pytest.approx(cells["embrace"]["shared"]["uar"], abs=2e-6)
