"""A repository with the whole pipeline on a tiny built-in corpus, for tests that need real DVC."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
TINY = {
    "synthetic": {"speakers": 6, "takes": 1, "seed": 3, "fps": 10, "frame_px": 112, "duration_s": [1.0, 1.3]},
    "benchmarks": {
        "synthetic": {
            "corpora": ["synthetic"], "protocol": "subject", "folds": 2, "validation_fraction": 0.3,
            "fold_seed": 0, "seeds": [0, 1], "beside": ["clip"],
        }
    },
}  # fmt: skip

#: The works that look at clips, as run records call them.
STREAMS = ("vggface", "xvector-thirds", "vggish-patch", "vggm-half", "vggish-half")
EXTRACTION = (
    "media synthetic probe", "media synthetic sound", "faces synthetic",
    *(f"features synthetic {stream}" for stream in STREAMS), "features synthetic vggm-half windows",
)  # fmt: skip


@dataclass(frozen=True)
class Repository:
    """A clone with its own DVC cache and clip cache."""

    path: Path

    @property
    def network_log(self) -> Path:
        """Where every attempt of a stage to reach a network is written down; each of them fails."""
        return self.path.with_name(f"{self.path.name}-network.log")

    def run(self, *command: str, ok: bool = True, **extra: str) -> str:
        """Run a command in it; return what it printed (with --json: on stdout)."""
        env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        env |= {"AVER_NETWORK_LOG": str(self.network_log), **extra}
        done = subprocess.run(command, cwd=self.path, env=env, capture_output=True, text=True, timeout=3000)
        output = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, output[-4000:]
        return done.stdout if "--json" in command else output

    def dvc(self, *command: str, ok: bool = True) -> str:
        """Run dvc."""
        return self.run("dvc", *command, ok=ok)

    def aver(self, *command: str, ok: bool = True) -> str:
        """Run the repository's own `aver`."""
        return self.run(sys.executable, "-m", "aver", *command, ok=ok, PYTHONPATH="src")

    def git(self, *command: str) -> str:
        """Run git."""
        return self.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *command)

    def params(self, change: dict[str, Any]) -> None:
        """Replace whole blocks of params.yaml."""
        file = self.path / "params.yaml"
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        content.update(change)
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def restore(self) -> None:
        """Go back to what is committed.  A failed experiment leaves its params behind."""
        self.git("reset", "-q", "--hard", "HEAD")
        self.dvc("checkout", "-q")

    def json(self, path: str) -> Any:
        """Return the content of a JSON file."""
        return json.loads((self.path / path).read_text(encoding="utf-8"))

    def last(self, label: str) -> dict[str, Any]:
        """Return the record of the last run of some work, e.g. `faces synthetic`."""
        return self.records()[label]

    def records(self) -> dict[str, Any]:
        """Return the records of the last run of all works."""
        return json.loads(self.aver("status", "--last-run", "--json"))


def copy_pipeline(path: Path) -> Repository:
    """Copy the working tree's pipeline into a new git and DVC repository; nothing is run yet."""
    path.mkdir()
    for name in ("dvc.yaml", "params.yaml", ".gitignore", ".dvcignore"):
        shutil.copy(ROOT / name, path / name)
    for name in ("src", "stages"):
        shutil.copytree(ROOT / name, path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / "benchmarks/no_network.py", path / "src/sitecustomize.py")
    repo = Repository(path)
    repo.git("init", "-q", "-b", "main")
    repo.dvc("init", "-q")
    shutil.copy(ROOT / ".dvc/config", path / ".dvc/config")
    repo.git("add", "-A")
    repo.git("commit", "-qm", "pipeline")
    return repo


def small_repository(path: Path) -> Repository:
    """Return `copy_pipeline` with tiny params: 36 clips of a second, 2 folds, 2 seeds, 8 epochs, narrow fusions."""
    repo = copy_pipeline(path)
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    temporal, mater = content["classifiers"]["temporal"], content["classifiers"]["mater"]
    temporal["budgets"]["quick"] |= {"epochs": 8, "autoencoder_epochs": 1}
    temporal["learning_rate"] = 0.01
    temporal["budgets"]["quick"]["embrace"]["width"] = 32
    mater["budgets"]["quick"] |= {"epochs": 8, "width": 16, "feed_forward": 16, "learning_rate": 0.01}
    content["reducers"]["autoencoder"] |= {"hidden": [64], "latent": 32}
    content["evaluation"]["over_time"]["noise_repeats"] = 2
    blocks = {name: content[name] for name in ("classifiers", "evaluation", "reducers")}
    repo.params({"fusion": "concat", **TINY, **blocks})
    repo.git("commit", "-qam", "tiny params")
    return repo
