"""What is known of the clips that models are asked about: which one is drawn, and when an emotion begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aver.evaluation.over_time.read import chosen_clip, chosen_of, known_of
from aver.params.blocks import Corpus
from aver.params.file import load
from aver.sequences.timeline import Timeline

CLIPS = [("synthetic", "a"), ("synthetic", "b")]
PATHS = {("synthetic", "a"): "S01/a.mp4", ("synthetic", "b"): "S02/b.mp4", ("synthetic", "ab"): "S02/ab.mp4"}


@pytest.fixture
def params():
    return load(Path(__file__).parents[2] / "params.yaml")


@pytest.fixture
def line():
    """Two clips of two and three windows; the sound of the second begins a quarter of a second late."""
    times = np.array([[0, 0.5], [0.5, 1], [0.25, 0.75], [0.75, 1.25], [1.25, 1.5]])
    return Timeline(
        clips=CLIPS,
        unscored={},
        owner=np.array([0, 1], np.int32),
        number=np.zeros(2, np.int32),
        steps=np.array([[0, 1, 1], [2, 3, 4]], np.int32),
        lengths=np.array([2, 3], np.int32),
        links={},
        times=times,
        began_s=np.array([0.0, 0.25]),
        known_s=times[:, 1] - [0, 0, 0.25, 0.25, 0.25],
        digests={},
    )


def row(clip: str, role: str, protocol: str = "subject", **more):
    return {"corpus": "synthetic", "clip_id": clip, "protocol": protocol, "role": role, **more}


@pytest.mark.parametrize(
    ("wanted", "found"), [("", "b"), ("b", "b"), ("S02/b.mp4", "b"), ("b.mp4", "b"), ("a", None), ("2/b.mp4", None)]
)
def test_the_chosen_clip_is_a_tested_one_named_by_its_id_or_the_end_of_its_path(params, wanted, found):
    block = replace(params.evaluation, over_time=replace(params.evaluation.over_time, clip=wanted))
    folds = [row("a", "train"), row("a", "test", "clip"), row("b", "test"), row("b", "train")]
    key = chosen_clip(replace(params, evaluation=block), "synthetic", folds, PATHS)
    assert key == (found and ("synthetic", found))


def test_the_chosen_clip_brings_the_times_of_its_windows(line):
    chosen = chosen_of(("synthetic", "a"), line)
    assert (chosen.clip_id, chosen.times_s.tolist()) == ("a", [[0, 0.5], [0.5, 1]])
    assert chosen_of(("synthetic", "other"), line) is chosen_of(None, line) is None


@pytest.mark.parametrize(("adapter", "onsets"), [("synthetic", [0.125, 0.1]), ("folder", [np.nan, np.nan])])
def test_onsets_are_the_truth_beside_the_clips_counted_from_their_first_step(params, line, tmp_path, adapter, onsets):
    (tmp_path / "plan.csv").write_text("file,onset_s\nS01/a.mp4,0.125\nS02/b.mp4,0.35\n", encoding="utf-8")
    params = replace(params, corpora={"synthetic": Corpus(str(tmp_path), adapter)})
    folds = [row(clip, "test", people="p", speaker=f"s-{clip}", label="sad") for _, clip in CLIPS]
    known = known_of(line, ["happy", "sad"], folds, PATHS, params)
    np.testing.assert_allclose(known.onset_s, onsets)
    assert known.clips["speaker"].tolist() == ["s-a", "s-b"]


def test_without_a_plan_no_onset_is_known(params, line, tmp_path):
    params = replace(params, corpora={"synthetic": Corpus(str(tmp_path))})
    folds = [row(clip, "test", people="p", speaker="s", label="sad") for _, clip in CLIPS]
    assert np.isnan(known_of(line, ["sad"], folds, PATHS, params).onset_s).all()
