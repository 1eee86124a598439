"""The `aver` command on a real repository: what it says is what is there, and what it mends is whole again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from small_repository import EXTRACTION, Repository


@pytest.fixture
def crops(repository: Repository) -> list[Path]:
    """The objects with the face crops."""
    digests = pd.read_parquet(repository.path / "data/faces/synthetic/faces.parquet")["crops"]
    return [repository.path / ".aver/objects" / digest[:2] / f"{digest}.npz" for digest in digests]


def flip(path: Path, bit: int = 4321) -> None:
    """Flip one bit of a file, through a read-only mark, and in the file itself: whoever is linked to it sees it."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    with path.open("r+b") as file:
        file.write(content)


def plan(repository: Repository) -> dict[str, dict[str, object]]:
    return {line["what"]: line for line in json.loads(repository.aver("plan", "--json"))["lines"]}


def test_after_a_run_there_is_nothing_to_do(repository: Repository) -> None:
    assert "Nothing to do" in repository.aver("plan")
    lines = json.loads(repository.aver("status", "--json"))["stages"]
    assert {line["what"] for line in lines} >= set(EXTRACTION)
    assert lines[0]["what"] == "corpora synthetic" and lines[0]["all"] == 36
    assert all(line["cached"] == line["all"] > 0 and not line["to_compute"] for line in lines[1:])
    faces = next(line for line in lines if line["what"] == "faces synthetic")
    assert faces["cache_bytes"] > 36 * 64 * 64 * 3


def test_the_plan_is_what_the_run_then_computes(repository: Repository) -> None:
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    repository.params({"faces": {**content["faces"], "margin": 0.1}})
    lines = plan(repository)
    assert lines["media synthetic probe"]["compute"] == 0
    assert lines["faces synthetic"]["compute"] == 36
    assert lines["features synthetic vggface"] == lines["features synthetic vggface"] | {"compute": 0, "waiting": 36}
    for label in ("features synthetic vggm-half", "features synthetic vggm-half windows"):
        assert lines[label] == lines[label] | {"compute": 0, "waiting": 36}
    assert lines["features synthetic xvector-thirds"]["waiting"] == 0
    assert lines["reducers synthetic pca"]["waiting"] == 3  # 2 folds, and that of `clip`
    assert lines["classifiers synthetic visual"]["waiting"] == 5  # 2 folds × 2 seeds, and `clip` with the first seed
    assert lines["classifiers synthetic concat"]["waiting"] == 11  # … and with noise in 3 ways in each of 2 folds
    assert lines["evaluation synthetic concat over time"]["waiting"] == 10
    # The first run recorded the rates.
    assert lines["faces synthetic"]["seconds"] > 0
    assert lines["features synthetic vggface"]["bytes"] > 36 * 2048 * 4
    assert "params.margin: stored 0.0, now 0.1" in repository.aver("explain", "S01_angry_T1", "faces")
    repository.dvc("repro", "faces@synthetic")
    assert repository.last("faces synthetic")["computed"] == 36
    lines = plan(repository)
    for label in ("features synthetic vggface", "features synthetic vggm-half"):
        assert lines[label] == lines[label] | {"compute": 36, "waiting": 0}
    pooled = "features synthetic vggm-half windows"
    assert lines[pooled] == lines[pooled] | {"cached": 0, "compute": 0, "waiting": 36}
    assert f"{pooled}: waits for the step before it" in repository.aver("explain", "S01_angry_T1", "features")
    repository.restore()


def test_explain_shows_the_whole_key_of_one_stage(repository: Repository) -> None:
    shown = repository.aver("explain", "S02_happy_T1", "media")
    for word in ("inputs.clip = ", "runtime.ffmpeg", "code.aver.media.probe = ", "params."):
        assert word in shown
    assert "faces" not in shown
    assert "no corpus of params.yaml has a clip 'nobody'" in repository.aver("explain", "nobody", ok=False)


@pytest.mark.slow  # half a minute; tests/cache/test_cache_health.py says the same of the cache alone
def test_doctor_finds_and_mends(repository: Repository, crops: list[Path]) -> None:
    assert "Everything stored is whole" in repository.aver("doctor")
    shard = max(
        (repository.path / "data/features/synthetic/vggface").glob("shard-*.h5"), key=lambda p: p.stat().st_size
    )
    entry = next((repository.path / ".aver/entries/embed-vggish").glob("*/*.json"))
    before = shard.read_bytes()
    for path in (crops[3], shard, entry):
        flip(path)
    found = json.loads(repository.aver("doctor", "--json", ok=False))["damaged"]
    assert {Path(line["path"]).name for line in found} == {crops[3].name, shard.name, entry.name}
    mended = repository.aver("doctor", "--repair")
    assert "Everything stored is whole" in mended
    assert shard.read_bytes() == before
    assert crops[3].exists()
    assert "up to date" in repository.dvc("repro")
    assert "Nothing to do" in repository.aver("plan")


def test_gc_evicts_intermediates_which_come_back(repository: Repository, crops: list[Path]) -> None:
    sizes = {path: path.read_bytes() for path in crops}
    told = repository.aver("gc", "--intermediates", "--dry-run")
    assert "faces" in told and all(path.exists() for path in crops)
    repository.aver("gc", "--intermediates", "--yes")
    assert not any(path.exists() for path in crops)
    assert "evicted; made again on demand" in repository.aver("explain", "S01_angry_T1")
    assert "Nothing to do" in repository.aver("plan")
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    content["features"]["vggface"]["scaling"] = "rgb01"
    repository.params({"features": content["features"]})
    repository.dvc("repro", "--single-item", "features@synthetic-vggface")
    assert repository.last("features synthetic vggface")["computed"] == 36
    assert {path: path.read_bytes() for path in crops} == sizes
    repository.restore()


def test_gc_of_the_workspace_keeps_what_it_needs(repository: Repository) -> None:
    repository.aver("gc", "--workspace", "--yes")
    assert "Nothing to do" in repository.aver("plan")
    assert "Everything stored is whole" in repository.aver("doctor")
    assert "say what to let go" in repository.aver("gc", ok=False)
    assert "no size" in repository.aver("gc", "--max-size", "many", ok=False)


@pytest.fixture
def with_a_broken_clip(repository: Repository, tmp_path: Path) -> Iterator[Repository]:
    """A second corpus with a good clip and one that is no media."""
    clips = tmp_path / "clips"
    clips.mkdir()
    shutil.copyfile(next((repository.path / "data/synthetic/S01").glob("*.mp4")), clips / "good.mp4")
    (clips / "broken.mp4").write_text("no media at all", encoding="utf-8")
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    content["corpora"]["mine"] = {"root": str(clips), "adapter": "folder"}
    repository.params({"corpora": content["corpora"], "max_failed_fraction": 1.0})
    assert "No clip failed" in repository.aver("failures")
    repository.dvc("repro", "media@mine")
    yield repository
    repository.restore()
    shutil.rmtree(repository.path / "data/media/mine", ignore_errors=True)


def test_failures_are_listed(with_a_broken_clip: Repository) -> None:
    repository = with_a_broken_clip
    assert "not_media: 1 clips" in repository.aver("failures")
    # The good one's content is that of a clip of the built-in corpus: it is not probed again.
    first = repository.last("media mine probe")
    assert (first["computed"], first["from_cache"], first["failed"]) == (1, 1, 1)
    told = repository.aver("retry", "--dry-run")
    assert "1 failed clips, 1 stored failures; stages: media@mine" in told
    assert "No clip failed for the reason truncated" in repository.aver("retry", "--reason", "truncated")


@pytest.mark.slow
def test_failed_clips_are_tried_again(with_a_broken_clip: Repository) -> None:
    repository = with_a_broken_clip
    repository.dvc("repro", "--force", "--single-item", "media@mine")
    assert repository.last("media mine probe")["computed"] == 0
    repository.aver("retry")
    # Only the failed clip was tried again.
    assert repository.last("media mine probe")["computed"] == 1


def test_the_help_keeps_its_lines(repository: Repository) -> None:
    lines = repository.aver("--help").splitlines()
    assert any(line.strip().startswith("Disk full") and "aver gc" in line for line in lines)
    assert not any("\\b" in line for line in lines)


def test_outside_a_repository_it_says_where_to_go(repository: Repository, tmp_path: Path) -> None:
    done = repository.run("env", "-C", str(tmp_path), "aver", "plan", ok=False)
    assert "not inside an AVER repository" in done and "Traceback" not in done
    inside = repository.run("env", "-C", str(repository.path / "src"), "aver", "failures", "--reasons")
    assert "git_lfs_pointer" in inside
