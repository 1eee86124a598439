"""The whole pipeline through real DVC in a temporary repository: a tiny built-in corpus, every stage, no mocks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from small_repository import Repository

import aver
from aver.cli.dvc import grid
from aver.params.names import NETWORKS


def test_every_stage_writes_its_out_and_the_numbers_agree(repository: Repository) -> None:
    rows = {row["strategy"]: row for row in repository.json("reports/comparison.json") if row["headline"]}
    assert set(rows) == {*NETWORKS, "mater-baseline"} == set(grid())
    assert all(row["clips"] == 36 and row["seeds"] == 2 and row["folds"] == 2 for row in rows.values())
    headline = repository.json("metrics.json")["synthetic"]
    assert headline["uar"] == rows["concat"]["uar"]
    page = (repository.path / "reports/index.html").read_text(encoding="utf-8")
    assert "concat" in page and "http://" not in page.replace("http://www.w3.org", "")
    predictions = pd.read_parquet(repository.path / "data/classifiers/synthetic/concat/predictions.parquet")
    subject = predictions[predictions["protocol"] == "subject"]
    # Every clip is tested exactly once per seed: no last batch is dropped.
    assert (subject.groupby(["seed", "clip_id"])["fold"].nunique() == 1).all()
    assert subject["clip_id"].nunique() == 36
    beside = predictions[predictions["protocol"] == "clip"]
    assert beside["clip_id"].nunique() == 8  # 20 % of 36, rounded up
    assert set(beside["seed"]) == {0}


def test_models_that_are_asked_again_say_what_they_said(repository: Repository) -> None:
    """The analyses over time ask the written models; of whole clips their answer is that of the training run."""
    scored = {row["strategy"]: row for row in repository.json("reports/comparison.json") if row["headline"]}
    asked = {row["strategy"]: row for row in repository.json("data/evaluation/over_time.json")}
    assert set(asked) == {"concat", "mater", "mater-baseline"}
    for name, row in asked.items():
        assert row["outputs"]["both"]["accuracy"]["mean"] == pytest.approx(scored[name]["accuracy"], abs=1e-4)
        assert set(row["noise"]["trained"]) == {"visual", "acoustic", "both"}
        assert set(row["outputs"]) == ({"both"} if name == "concat" else {"both", "visual", "acoustic"})
        assert (row["attention"] is not None) is (name == "mater")
    assert asked["mater"]["onset"]["both"]["clips"] > 0, "the built-in corpus knows when its emotions begin"


def test_features_carry_their_times(repository: Repository) -> None:
    data = repository.path / "data"
    media = pd.read_parquet(data / "media/synthetic/media.parquet").set_index("clip_id")
    store = aver.open_store(data / "features/synthetic/vggface")
    assert len(store.clips) == 36
    for clip in store.clips[:5]:
        kept = media.loc[clip, "frame_times_s"][media.loc[clip, "kept"]]
        assert set(store.times(clip)[:, 0]) <= set(kept)
        assert store.rows(clip).shape == (len(store.times(clip)), 2048)
    sound = aver.open_store(data / "features/synthetic/xvector-thirds")
    assert all(len(sound.rows(clip)) == 3 for clip in sound.clips)


def test_a_second_repro_does_nothing(repository: Repository) -> None:
    assert "up to date" in repository.dvc("repro")


def test_no_stage_reaches_for_a_network(repository: Repository) -> None:
    """All of this module's runs forbid it; the log would name whoever tried, even where the error was swallowed."""
    assert not repository.network_log.exists(), repository.network_log.read_text(encoding="utf-8")
    ask = "import urllib.request as r; r.urlopen('http://localhost:9')"
    output = repository.run(sys.executable, "-c", ask, ok=False, PYTHONPATH="src")
    assert "forbidden by a test" in output
    assert "socket.getaddrinfo localhost" in repository.network_log.read_text(encoding="utf-8")
    repository.network_log.unlink()


def test_another_fusion_recomputes_only_what_depends_on_it(repository: Repository) -> None:
    output = repository.dvc("exp", "run", "-S", "fusion=visual")
    ran = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert ran == {"params", "evaluation", "report"}
    rows = {row["strategy"]: row for row in repository.json("reports/comparison.json") if row["headline"]}
    assert repository.json("metrics.json")["synthetic"]["uar"] == rows["visual"]["uar"]
    assert "synthetic.uar" in repository.dvc("metrics", "diff", "HEAD")
    assert "visual" in repository.dvc("exp", "show", "--csv")
    repository.restore()


def test_a_typo_stops_before_any_work_and_names_the_known(repository: Repository) -> None:
    output = repository.dvc("exp", "run", "-S", "fusion=visuall", ok=False)
    assert "did you mean 'visual'? Known: acoustic, acoustic-paper, autoencoder, autoencoder-paper, concat" in output
    assert "Traceback" not in output
    repository.restore()


def test_a_missing_corpus_root_is_named_with_the_expected_layout(repository: Repository) -> None:
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    repository.params({"corpora": {**content["corpora"], "ravdess": {"root": "/nowhere/RAVDESS"}}})
    output = repository.dvc("repro", ok=False)
    assert "corpus ravdess: /nowhere/RAVDESS does not exist. Expected: RAVDESS: files named like" in output
    repository.restore()


def test_any_folder_of_clips(repository: Repository, tmp_path: Path) -> None:
    """A user's own folder: a good clip, a text with a media name, no labels; extraction alone needs no benchmark."""
    clips = tmp_path / "my clips"
    clips.mkdir()
    good = next((repository.path / "data/synthetic/S01").glob("*.mp4"))
    shutil.copy(good, clips / "a good one.mp4")
    (clips / "broken.mp4").write_text("no media at all", encoding="utf-8")
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    content["corpora"]["mine"] = {"root": str(clips), "adapter": "folder"}
    repository.params({"corpora": content["corpora"]})
    stopped = repository.dvc("repro", "features@mine-vggface", ok=False)
    assert "1 of 2 clips failed" in stopped and "broken.mp4" in stopped and "Traceback" not in stopped
    assert not (repository.path / "data/media/mine").exists()
    repository.params({"max_failed_fraction": 1.0})
    repository.dvc("repro", "features@mine-vggface")
    ledger = pd.read_parquet(repository.path / "data/media/mine/failures.parquet")
    assert ledger[["clip_id", "reason"]].to_numpy().tolist() == [["broken.mp4", "not_media"]]
    assert aver.open_store(repository.path / "data/features/mine/vggface").clips == ["a good one.mp4"]
    repository.restore()


@pytest.mark.slow
def test_queued_experiments_run_their_own_code_and_share_the_cache(repository: Repository) -> None:
    repository.dvc("exp", "run", "--queue", "-S", "fusion=visual", "-n", "see")
    repository.dvc("exp", "run", "--queue", "-S", "fusion=acoustic", "-n", "hear")
    # The live workspace breaks after queueing: an experiment that imported it would fail.
    broken = repository.path / "src/aver/evaluation/compare.py"
    broken.write_text("raise RuntimeError('the live workspace')\n", encoding="utf-8")
    try:
        repository.dvc("queue", "start", "-j", "2")
        for _ in range(120):
            status = repository.dvc("queue", "status")
            if "Running" not in status and "Queued" not in status:
                break
            subprocess.run(["sleep", "2"], check=True)
        ended = [line.split() for line in status.splitlines()]
        assert sorted(line[1] for line in ended if line[-1:] == ["Success"] and line[1] in ("see", "hear")) == [
            "hear", "see"], status  # fmt: skip
    finally:
        repository.dvc("queue", "stop", "--kill")
        repository.restore()
    shown = repository.dvc("exp", "show", "--csv")
    assert "see" in shown and "hear" in shown
