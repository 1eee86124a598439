"""What one clip more, or less, costs in the built-in corpus of full length.

    python benchmarks/one_clip.py

In a temporary repository with the default params: extract everything; run all stages again from the cache (which is
what starting them costs); add one newly rendered clip; remove another.  For each: `computed` of every run record,
shards that changed, and seconds of `dvc repro features`.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import yaml
from small_repository import EXTRACTION, Repository, copy_pipeline

from aver.params.file import load
from aver.synthetic.plan import plan
from aver.synthetic.render import RenderParams, render_clip

STAGES = ("media@synthetic", "faces@synthetic", "windows@synthetic", "features@synthetic-vggface",
          "features@synthetic-xvector-thirds", "features@synthetic-vggish-half", "features@synthetic-vggish-patch",
          "features@synthetic-vggm-half")  # fmt: skip


def timed(repo: Repository, *arguments: str) -> float:
    started = time.perf_counter()
    repo.dvc("repro", *arguments)
    return time.perf_counter() - started


def shards(repo: Repository) -> dict[str, str]:
    folder = repo.path / "data/features/synthetic"
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.glob("*/shard-*"))}  # fmt: skip


def changed(before: dict[str, str], after: dict[str, str]) -> str:
    streams = sorted({name.split("/")[0] for name in before})
    counts = [sum(before[n] != after[n] for n in before if n.startswith(f"{stream}/")) for stream in streams]
    return ", ".join(f"{stream} {count}" for stream, count in zip(streams, counts, strict=True))


def report(what: str, repo: Repository, seconds: float, before: dict[str, str]) -> None:
    records = repo.records()
    counts = ", ".join(str(records[label]["computed"]) for label in EXTRACTION)
    print(f"{what}: {seconds:.1f} s; computed {counts}; changed shards: {changed(before, shards(repo))}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="work in this new folder and keep it")
    args = parser.parse_args()
    folder = args.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    repo, root = copy_pipeline(folder / "repo"), folder / "corpus"
    repo.dvc("repro", "synthetic", "weights")
    shutil.copytree(repo.path / "data/synthetic", root, copy_function=shutil.copyfile)
    content = yaml.safe_load((repo.path / "params.yaml").read_text(encoding="utf-8"))
    repo.params({"corpora": {**content["corpora"], "synthetic": {"root": str(root), "adapter": "synthetic"}}})
    repo.dvc("repro", "corpora@synthetic")
    print(f"order of the counts: {', '.join(EXTRACTION)}")
    full = timed(repo, "features")
    first = shards(repo)
    report("everything", repo, full, first)
    again = timed(repo, "--force", "--single-item", *STAGES)
    report("everything from the cache", repo, again, first)

    synthetic = replace(load(repo.path / "params.yaml").synthetic, seed=99)
    rendered = render_clip(RenderParams(plan(synthetic)[0], synthetic))["mp4"]
    (root / "S01/S01_angry_T9.mp4").write_bytes(rendered.tobytes())
    repo.dvc("repro", "corpora@synthetic")
    more = timed(repo, "features")
    grown = shards(repo)
    report("one clip more", repo, more, first)
    (root / "S02/S02_happy_T1.mp4").unlink()
    repo.dvc("repro", "corpora@synthetic")
    less = timed(repo, "features")
    report("one clip less", repo, less, grown)
    share = (more - again) / (full - again)
    print(f"one clip more costs {100 * more / full:.1f} % of everything, start-up included; "
          f"{100 * share:.1f} % beyond what starting the stages on a full cache costs")  # fmt: skip
    if not args.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
