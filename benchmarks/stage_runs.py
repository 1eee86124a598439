"""What the proofs share: the stages' own command lines, started and watched one by one, and what must be true after."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from small_repository import Repository

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from aver.cache.health import check, files, leftovers
from aver.cache.sealed import unseal

#: Fewer seeds, folds and epochs than the tests have: these scripts run every stage many times.
LESS = {"folds": 2, "seeds": [0], "epochs": 3, "bootstrap_draws": 50}


@dataclass(frozen=True)
class Stage:
    """One stage as dvc.lock names it: its command line and its outs."""

    name: str
    command: str
    outs: tuple[str, ...]


def shrink(repository: Repository, jobs: int) -> None:
    """Make the comparison cheaper and set the number of workers."""
    params = yaml.safe_load((repository.path / "params.yaml").read_text(encoding="utf-8"))
    params["benchmarks"]["synthetic"] |= {"folds": LESS["folds"], "seeds": LESS["seeds"]}
    for system in ("temporal", "mater"):
        params["classifiers"][system]["budgets"]["quick"]["epochs"] = LESS["epochs"]
    params["evaluation"]["bootstrap_draws"] = LESS["bootstrap_draws"]
    params["parallel"]["jobs"] = jobs
    repository.params(params)
    repository.git("commit", "-qam", "smaller")


def stages(repository: Repository) -> list[Stage]:
    """Return the stages that the last `dvc repro` ran, in the order in which it ran them."""
    locked: dict[str, Any] = yaml.safe_load((repository.path / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    return [Stage(k, v["cmd"], tuple(out["path"] for out in v["outs"])) for k, v in locked.items()]


def environment(repository: Repository, **more: str) -> dict[str, str]:
    """Return what DVC would give a stage: its Python first in the path, and the place of the repository."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AVER_")}
    return {**kept, "PATH": path, "DVC_ROOT": str(repository.path), "DVC_NO_ANALYTICS": "1", **more}


def start(repository: Repository, command: str, log: Path, **more: str) -> subprocess.Popen[bytes]:
    """Start a command line in the repository, in a process group of its own; what it says is added to a file."""
    with log.open("ab") as said:
        return subprocess.Popen(
            command, shell=True, cwd=repository.path, env=environment(repository, **more), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip


def kill_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill the whole process group after some time; return whether it was still running."""
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wait_for_group(process.pid)
        return True


def wait_for_group(group: int) -> None:
    """Wait until the kernel has buried the last process of a killed group."""
    for _ in range(500):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise SystemExit(f"process group {group} does not end")


def outs(repository: Repository, below: tuple[str, ...] = ("data", "metrics.json", "reports")) -> dict[str, str]:
    """Return the sha256 of every file of the pipeline's outs, by path."""
    found = {}
    for top in below:
        root = repository.path / top
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file() and path.name != ".gitignore":
                found[str(path.relative_to(repository.path))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def difference(one: dict[str, str], two: dict[str, str]) -> list[str]:
    """Return the paths in which two sets of outs differ."""
    return sorted(path for path in one.keys() | two.keys() if one.get(path) != two.get(path))


def entries(cache: Path) -> dict[str, int]:
    """Return the inode of every entry: an entry that is written again gets another one, one that is found does not."""
    return {str(path.relative_to(cache)): path.stat().st_ino for path in (cache / "entries").rglob("*.json")}


def damage(cache: Path) -> list[str]:
    """Return what is damaged in a clip cache."""
    return [f"{found.path}: {found.what}" for path in files(cache) if (found := check(cache, path))]


def failures(cache: Path) -> list[str]:
    """Return the entries that hold a failure."""
    return [
        f"{path}: {outcome}"
        for path in (cache / "entries").rglob("*.json")
        if "reason" in (outcome := unseal(path.read_bytes())["outcome"])
    ]


def unfinished(repository: Repository) -> list[Path]:
    """Return what killed processes left half-written, in the clip cache and beside the outs."""
    beside = [path for top in ("data", "reports", ".") for path in (repository.path / top).glob("**/*.partial")]
    return sorted({*leftovers(repository.path / ".aver"), *beside})
