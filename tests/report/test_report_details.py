"""Speakers, reducers, confusions, what is missing, and where the numbers come from."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from aver.report import provenance
from aver.report.confusions import confusions, recall
from aver.report.inputs import Reduced
from aver.report.missing import missing
from aver.report.reduced import kept, visual_share
from aver.report.speakers import everyone, spread
from aver.store.out import write_json


def test_confusions_are_percent_of_the_row(inputs):
    found = {one.strategy: one for one in confusions(inputs, "own")}
    assert set(found) == {"acoustic", "visual", "concat"}
    assert found["concat"].rows == [("happy", [75, 25]), ("<b>sad</b>", None)]  # of the second no clip was tested


def test_recall_of_an_emotion_without_a_tested_clip_is_a_dash(inputs):
    assert dict(recall(inputs, "own").rows) == {"happy": ["75.0"] * 3, "<b>sad</b>": ["–"] * 3}


def test_speakers_at_both_ends_and_in_the_middle(inputs):
    assert dict(spread(inputs, "own").rows)["concat"] == ["10.0 (S1)", "50.0", "90.0 (S9)"]
    table = everyone(inputs, "own")
    assert table.head == ["clips", "acoustic", "visual", "concat"]
    assert dict(table.rows)["S3"] == ["12", "30.0", "30.0", "30.0"]


def test_speakers_of_several_corpora_say_whose_they_are(inputs):
    scores = [
        {**cell, "per_speaker": [
            {"people": people, "speaker": "01", "clips": 3, "accuracy": accuracy, "uar": None}
            for people, accuracy in (("rml", 0.25), ("savee", None))
        ]} for cell in inputs.scores if not cell["gap"]
    ]  # fmt: skip
    assert dict(everyone(replace(inputs, scores=scores), "own").rows) == {
        "rml 01": ["3", "25.0", "25.0", "25.0"],
        "savee 01": ["3", "–", "–", "–"],
    }
    assert dict(spread(replace(inputs, scores=scores), "own").rows)["concat"][0] == "25.0 (rml 01)"


def test_pca_of_each_fold(inputs):
    # By hand: (0.6·0.9 + 0.3·0.5 + 0.06·0.1) / 0.96 = 0.696 / 0.96.
    assert dict(kept(inputs, "own").rows) == {
        "subject, fold 0": ["3", "2,560", "800", "96.0", "72.5"],
        "subject, fold 1": ["2", "2,560", "801", "96.0", "63.8"],
    }
    assert visual_share([]) is None


def test_pca_folds_are_in_order_the_headline_first(inputs):
    folds = {name: {"kept": 1, "rows": 2, "width": 3} for name in ("clip-fold-0", "subject-fold-10", "subject-fold-9")}
    found = kept(replace(inputs, reduced={"own": Reduced({"pca": {"gap": "", "folds": folds}})}), "own")
    assert [name for name, _ in found.rows] == ["subject, fold 9", "subject, fold 10", "clip, fold 0"]
    assert found.rows[0][1] == ["1", "3", "2", "–", "–"]
    assert kept(replace(inputs, reduced={}), "own") is None


def test_everything_that_is_missing_is_listed_with_its_reason(inputs):
    reduced = {"own": Reduced({"pca": {"gap": "fewer clips than components", "folds": {}}})}
    assert [(gap.what, gap.reason) for gap in missing(replace(inputs, reduced=reduced))] == [
        ("embrace, subject", "needs a stream <picture> that is not here"),
        ("reducer pca", "fewer clips than components"),
    ]


def test_predictions_are_named_by_digest(inputs):
    assert provenance.predictions(inputs) == [("own · concat", hashlib.sha256(b"abc").hexdigest()[:12])]


def test_the_digest_of_the_params_knows_what_decides(inputs):
    def digest(inputs, **classifiers):
        params = inputs.params
        return provenance.params_digest(
            replace(inputs, params=replace(params, classifiers=replace(params.classifiers, **classifiers)))
        )

    blocks = inputs.params.classifiers
    other = {"mater": replace(blocks.mater, heads=4)}
    assert digest(inputs) == digest(inputs, device="cuda", together=1)
    assert digest(inputs) != digest(inputs, temporal=replace(blocks.temporal, lstm_units=17))
    assert digest(inputs) == digest(inputs, **other)  # no strategy of that system is compared
    both = replace(inputs, scores=[*inputs.scores, {**inputs.scores[0], "strategy": "mater-baseline"}])
    assert digest(both) != digest(both, **other)


def test_the_blocks_are_those_of_the_systems_that_are_compared(inputs):
    def names(*strategies):
        scores = [{**inputs.scores[0], "strategy": strategy} for strategy in strategies]
        found = [block.name for block in provenance.blocks(replace(inputs, scores=scores))]
        return [name for name in found if name.startswith(("classifiers.", "features.", "windows."))]

    temporal = ["classifiers.temporal", "classifiers.temporal.budgets.quick"]
    mater = ["classifiers.mater", "classifiers.mater.budgets.quick"]
    assert names("concat-paper") == [*temporal, "features.picture", "features.sound", "windows.thirds"]
    assert names("mater-no-position") == [*mater, "features.picture-half", "features.sound-half", "windows.half"]
    assert names("mater", "visual")[:4] == names()[:4] == [*temporal, *mater]


def test_strategies_without_scores_rest_on_nothing(inputs):
    assert set(provenance.resting_on(inputs, ["vggface"])) == {"concat", "visual"}


@pytest.mark.parametrize("source", ["seeded", "pretrained"])
def test_weights_say_their_source(folder, read, source):
    write_json(folder / "weights/vggface/weights.json", {"source": source, "sha256": "f" * 64})
    assert provenance.weights(read())[0].source == source
    assert ("vggface" in provenance.seeded(read())) == (source == "seeded")
