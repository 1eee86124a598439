"""What `dvc repro` costs when there is nothing to do, against DVC's own minimum.

    python benchmarks/noop.py

The pipeline of this repository (which must be up to date) against a repository with the same number of trivial stages:
one command, one dependency, one out of one byte each.  Both are timed in turn; the ratio of each round is printed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def dvc(folder: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"dvc {' '.join(arguments)} failed in {folder}:\n{done.stderr}")
    return done.stdout + done.stderr


def trivial(folder: Path, stages: int) -> None:
    subprocess.run(["git", "init", "-q", folder], check=True)
    dvc(folder, "init", "-q")
    (folder / "in").write_text("0", encoding="utf-8")
    content = {
        f"stage{number}": {"cmd": f"cp in out{number}", "deps": ["in"], "outs": [f"out{number}"]}
        for number in range(stages)
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": content}), encoding="utf-8")
    dvc(folder, "repro")


def seconds(folder: Path) -> float:
    started = time.perf_counter()
    if "up to date" not in dvc(folder, "repro"):
        raise SystemExit(f"{folder} was not up to date; run `dvc repro` there first")
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    stages = len(yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"])
    with tempfile.TemporaryDirectory() as folder:
        trivial(Path(folder), stages)
        seconds(ROOT), seconds(Path(folder))  # warm
        pairs = [(seconds(ROOT), seconds(Path(folder))) for _ in range(rounds)]
    ours, least = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [own / other for own, other in pairs]
    print(f"{stages} stages: this pipeline {ours:.2f} s, trivial stages {least:.2f} s (medians of {rounds})")
    print(f"ratio {statistics.median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})")


if __name__ == "__main__":
    main()
