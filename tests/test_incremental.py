"""What a change costs, through real DVC: a clip more or less, words, constants, switching back, sharing results."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from pathlib import Path

import pytest
import yaml
from small_repository import EXTRACTION, STREAMS, TINY, Repository

from aver.params import blocks
from aver.store.schema import bucket_of
from aver.synthetic.plan import plan
from aver.synthetic.render import RenderParams, render_clip

BUCKETS = 8  # the default
COMPUTE = ("media/probe.py", "media/sound.py", "faces/crop.py", "faces/track.py", "faces/haar.py", "clock.py",
           "features/vggface.py", "features/crops.py", "features/batches.py", "features/xvector.py",
           "features/vggish.py", "features/vggish_torch.py", "features/vggm.py", "features/pool_frames.py",
           "outcome.py")  # fmt: skip


def computed(repository: Repository) -> dict[str, int]:
    return {label: record["computed"] for label, record in repository.records().items() if label in EXTRACTION}


def shards(repository: Repository) -> dict[str, str]:
    folder = repository.path / "data/features/synthetic"
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.glob("*/shard-*"))}  # fmt: skip


@pytest.fixture
def grown(repository: Repository, tmp_path: Path) -> Path:
    """The built-in corpus outside of its stage's out, where clips may come and go."""
    root = tmp_path / "corpus"
    shutil.copytree(repository.path / "data/synthetic", root, copy_function=shutil.copyfile)
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    repository.params({"corpora": {**content["corpora"], "synthetic": {"root": str(root), "adapter": "synthetic"}}})
    repository.dvc("repro", "features")
    yield root
    repository.restore()


def add_clip(root: Path, clip_id: str, seed: int) -> None:
    """Render a clip that the corpus does not have."""
    content = TINY["synthetic"]
    synthetic = blocks.Synthetic(**{**content, "seed": seed, "duration_s": tuple(content["duration_s"])})
    clip = plan(synthetic)[0]
    (root / f"S01/{clip_id}.mp4").write_bytes(render_clip(RenderParams(clip, synthetic))["mp4"].tobytes())


def test_one_clip_more_costs_one_clip_and_one_less_costs_nothing(repository: Repository, grown: Path) -> None:
    assert computed(repository) == dict.fromkeys(EXTRACTION, 0)  # that the corpus moved costs nothing
    before = shards(repository)
    add_clip(grown, "S01_angry_T9", seed=99)
    repository.dvc("repro", "features")
    assert computed(repository) == dict.fromkeys(EXTRACTION, 1)
    after = shards(repository)
    for stream in STREAMS:
        changed = [name for name in before if name.startswith(f"{stream}/") and before[name] != after[name]]
        assert changed == [f"{stream}/shard-{bucket_of('S01_angry_T9', BUCKETS):03d}.h5"]
    # Another clip goes, so that DVC's run cache has no answer.
    (grown / "S02/S02_happy_T1.mp4").unlink()
    repository.dvc("repro", "features")
    assert computed(repository) == dict.fromkeys(EXTRACTION, 0)
    assert repository.last("faces synthetic")["from_cache"] == 36


@pytest.mark.slow  # a minute; tests/cache/test_cache_code.py says the same of single modules
def test_words_cost_nothing_and_a_constant_costs_what_depends_on_it(repository: Repository) -> None:
    source = repository.path / "src/aver"
    for name in COMPUTE:
        text = (source / name).read_text(encoding="utf-8")
        text = re.sub(r'\A"""', '"""Reworded.  ', text, count=1) + "\n# A comment.\n"
        (source / name).write_text(text, encoding="utf-8")
    errors = source / "errors.py"
    errors.write_text(errors.read_text(encoding="utf-8").replace("the file has no bytes", "nothing in it"), "utf-8")
    repository.dvc("repro", "features")
    assert computed(repository) == dict.fromkeys(EXTRACTION, 0)

    track = source / "faces/track.py"
    text = track.read_text(encoding="utf-8")
    changed = re.sub(r"^([A-Z_]+ = 0\.\d*)$", r"\g<1>0001", text, count=1, flags=re.MULTILINE)
    assert changed != text
    track.write_text(changed, encoding="utf-8")
    explained = repository.aver("explain", "S01_angry_T1")
    assert "code.aver.faces.track: stored" in explained
    repository.dvc("repro", "features")
    found = computed(repository)
    assert found["faces synthetic"] == 36
    seeing = ("faces", "features synthetic vggface", "features synthetic vggm-half")
    assert {number for label, number in found.items() if not label.startswith(seeing)} == {0}
    repository.restore()


def test_switching_back_and_forth_comes_from_dvcs_run_cache(repository: Repository) -> None:
    first = repository.json("data/faces/synthetic/summary.json")
    for side in (48, 64):
        content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
        repository.params({"faces": {**content["faces"], "crop_px": side}})
        output = repository.dvc("repro", "faces@synthetic")
        if side == 48:
            assert repository.last("faces synthetic")["computed"] == 36
            stamp = repository.last("faces synthetic")
    assert "Stage 'faces@synthetic' is cached - skipping run" in output
    assert repository.last("faces synthetic") == stamp  # it did not run
    assert repository.json("data/faces/synthetic/summary.json") == first
    repository.restore()


def test_an_empty_cache_and_outs_from_elsewhere_are_enough(repository: Repository) -> None:
    """Pulled outs name objects that this host never had: they are made on demand, by recipes that the outs carry."""
    cache, aside = repository.path / ".aver", repository.path / ".aver-aside"
    cache.rename(aside)
    try:
        encoder = repository.path / "src/aver/features/vggface.py"
        text = encoder.read_text(encoding="utf-8")
        encoder.write_text(f"{text}\nCHANGED = True\n", encoding="utf-8")
        repository.dvc("repro", "--single-item", "features@synthetic-vggface")
        assert repository.last("features synthetic vggface")["computed"] == 36
    finally:
        shutil.rmtree(cache)
        aside.rename(cache)
        repository.restore()


def test_outs_and_dvcs_cache_share_their_files(repository: Repository) -> None:
    """Nothing heavy lies in three places: an out is a link into DVC's cache."""
    shards = list((repository.path / "data/features").rglob("shard-*"))
    clips = list((repository.path / "data/synthetic").rglob("*.mp4"))
    assert shards and clips
    assert all(path.stat().st_nlink > 1 for path in [*shards, *clips])


def test_changing_the_number_of_buckets_repacks_and_computes_nothing(repository: Repository) -> None:
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    content["features"]["vggface"]["buckets"] = 3
    repository.params({"features": content["features"]})
    repository.dvc("repro", "features@synthetic-vggface")
    assert repository.last("features synthetic vggface")["computed"] == 0
    assert len(list((repository.path / "data/features/synthetic/vggface").glob("shard-*"))) == 3
    repository.restore()


@pytest.mark.slow
def test_temporary_and_queued_experiments_and_plain_runs_share_results(repository: Repository) -> None:
    repository.dvc("exp", "run", "--temp", "-S", "faces.smooth_frames=3")
    assert repository.last("faces synthetic")["computed"] == 36
    content = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    repository.params({"faces": {**content["faces"], "smooth_frames": 3}})
    # Forced, so that DVC's run cache does not answer instead of the clip cache.
    repository.dvc("repro", "--force", "--single-item", "faces@synthetic", "features@synthetic-vggface")
    assert {repository.last(label)["computed"] for label in ("faces synthetic", "features synthetic vggface")} == {0}
    repository.restore()

    for side in (1, 7):  # each worker computes one of them; together they start and share everything else
        repository.dvc("exp", "run", "--queue", "-S", f"faces.smooth_frames={side}")
    repository.dvc("queue", "start", "-j", "2")
    for _ in range(150):
        queue = repository.dvc("queue", "status")
        if "Running" not in queue and "Queued" not in queue:
            break
        time.sleep(2)
    assert queue.count("Success") == 2, queue
    repository.params({"faces": {**content["faces"], "smooth_frames": 7}})
    repository.dvc("repro", "--force", "--single-item", "faces@synthetic")
    assert repository.last("faces synthetic")["computed"] == 0
    repository.aver("doctor")
    repository.restore()
