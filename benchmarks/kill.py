"""Kill every stage again and again with SIGKILL; no finished clip is computed twice and the results do not differ.

    python benchmarks/kill.py [--kills 110] [--repro-kills 10] [--seed 1]

1. Repository U runs `dvc repro` undisturbed.
2. In repository K, with caches of its own, each stage is started with its own command line and its process group is
   killed at a moment drawn uniformly from the stage's undisturbed duration; several times, then it is left to finish.
   A stage that finishes before its moment starts a new round from the cache as it was before the stage.
3. In repository R, `dvc repro` itself is killed on its way, then left to finish.

After each kill: every entry of the clip cache from before is still the same file (an entry that is computed again gets
another inode), everything in the cache is whole, and no out is half there.  At the end: all outs are those of U, byte
for byte, and what the kills left behind is listed and removed.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from small_repository import Repository, small_repository
from stage_runs import (
    Stage,
    damage,
    difference,
    entries,
    environment,
    kill_after,
    outs,
    shrink,
    stages,
    start,
    unfinished,
)

from aver.cache.collect import clear
from aver.cache.lock import alone


@dataclass
class Told:
    """What happened to one stage."""

    seconds: float
    kills: int = 0
    rounds: int = 1
    kept: int = 0
    wrong: list[str] = field(default_factory=list)


def timed_repro(repository: Repository) -> dict[str, float]:
    """Run `dvc repro`; return the seconds of each stage's command."""
    process = subprocess.Popen(
        ["dvc", "repro"], cwd=repository.path, env=environment(repository), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    found: dict[str, float] = {}
    said, name, began = [], "", 0.0
    for line in process.stdout or ():
        said.append(line)
        if running := re.match(r"Running stage '(.+)':", line):
            name, began = running[1], time.perf_counter()
        elif name and re.match(r"(Updating|Generating) lock file", line):
            found[name] = time.perf_counter() - began
            name = ""
    if process.wait():
        raise SystemExit("".join(said)[-4000:])
    return found


def finish(repository: Repository, command: str, log: Path) -> list[str]:
    """Run a command to its end; return what is wrong if it fails."""
    status = start(repository, command, log).wait()
    return [f"exit status {status}: {log.read_text(errors='replace')[-600:]}"] if status else []


def unlike(repository: Repository, wanted: dict[str, str], stage: Stage) -> list[str]:
    """Return where a stage's outs are neither missing nor what they are without kills."""
    there = [out for out in stage.outs if (repository.path / out).exists()]
    whole = {
        path: digest for path, digest in wanted.items() if any(path == o or path.startswith(f"{o}/") for o in there)
    }
    return [f"{stage.name}: {path} is not whole" for path in difference(outs(repository, stage.outs), whole)]


def checked(repository: Repository, before: dict[str, int], told: Told) -> None:
    """Note what must not happen: entries written again or gone, damage."""
    cache = repository.path / ".aver"
    now = entries(cache)
    again = [path for path, inode in before.items() if now.get(path) != inode]
    told.wrong += [f"{path} was computed again or is gone" for path in again] + damage(cache)


def torment(repository: Repository, stage: Stage, kills: int, told: Told, wanted: dict[str, str], draw: random.Random,
            log: Path) -> None:  # fmt: skip
    """Kill one stage as often as asked, let it finish, and check after each kill and at the end."""
    cache = repository.path / ".aver"
    saved = repository.path.with_name("before-the-stage")
    shutil.copytree(cache, saved) if cache.exists() else saved.mkdir()
    while told.kills < kills:
        before = entries(cache)
        killed = kill_after(start(repository, stage.command, log), draw.uniform(0, told.seconds))
        checked(repository, before, told)
        told.wrong += unlike(repository, wanted, stage)
        if killed:
            told.kills += 1
            told.kept += len(entries(cache).keys() - before.keys())
        elif told.kills < kills:  # finished before its moment: a new round from where the stage began
            told.rounds += 1
            shutil.rmtree(cache, ignore_errors=True)
            shutil.copytree(saved, cache)
            for out in stage.outs:
                path = repository.path / out
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    before = entries(cache)
    told.wrong += finish(repository, stage.command, log)
    checked(repository, before, told)
    told.wrong += [f"{out} is missing" for out in stage.outs if not (repository.path / out).exists()]
    told.wrong += unlike(repository, wanted, stage)
    shutil.rmtree(saved)


def torment_repro(repository: Repository, kills: int, told: Told, durations: dict[str, float], draw: random.Random,
                  log: Path) -> None:  # fmt: skip
    """Kill `dvc repro` with all it started, again and again on its way, then let it finish."""
    cache = repository.path / ".aver"
    for left in range(kills, 0, -1):
        done = {stage.name for stage in stages(repository)} if (repository.path / "dvc.lock").exists() else set()
        ahead = sum(seconds for name, seconds in durations.items() if name not in done)
        before = entries(cache)
        # Moments spread over what is still to do, so that all kills come before the end.
        killed = kill_after(start(repository, "dvc repro", log), draw.uniform(0, min(2 / (left + 1), 0.8) * ahead))
        told.kills += killed
        checked(repository, before, told)
        told.kept += len(entries(cache).keys() - before.keys())
    before = entries(cache)
    told.wrong += finish(repository, "dvc repro", log)
    checked(repository, before, told)


def cleared(repository: Repository, told: Told) -> int:
    """List and remove what the kills left; return how many."""
    found = unfinished(repository)
    with alone(repository.path / ".aver"):
        clear(found)
    told.wrong += [f"{path} cannot be removed" for path in unfinished(repository)]
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=110, help="of stages, spread evenly over them")
    parser.add_argument("--repro-kills", type=int, default=10, help="of `dvc repro` as a whole")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="workers per stage")
    args = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    draw, began = random.Random(args.seed), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="aver-kill-") as name:
        log = Path(name) / "log"
        made = {}
        for who in ("U", "K", "R"):
            made[who] = small_repository(Path(name) / who)
            shrink(made[who], args.jobs)
        durations = timed_repro(made["U"])
        wanted = outs(made["U"])
        print(
            f"undisturbed: {sum(durations.values()):.0f} s in {len(durations)} stages, {len(wanted)} files", flush=True
        )
        table: dict[str, Told] = {}
        listed = stages(made["U"])
        for number, stage in enumerate(listed):
            table[stage.name] = told = Told(durations[stage.name])
            kills = args.kills * (number + 1) // len(listed) - args.kills * number // len(listed)
            torment(made["K"], stage, kills, told, wanted, draw, log)
            print(f"  {stage.name}: {told.kills} kills, {len(told.wrong)} wrong", flush=True)
        table["dvc repro"] = told = Told(sum(durations.values()))
        torment_repro(made["R"], args.repro_kills, told, durations, draw, log)
        left = 0
        for who in ("K", "R"):
            told.wrong += [f"{who}: {path} differs" for path in difference(outs(made[who]), wanted)]
            left += cleared(made[who], told)
            told.wrong += damage(made[who].path / ".aver")
    print("\n| stage | seconds | kills | rounds | results kept across kills | wrong |\n|---|---:|---:|---:|---:|---:|")
    for label, told in table.items():
        print(f"| {label} | {told.seconds:.1f} | {told.kills} | {told.rounds} | {told.kept} | {len(told.wrong)} |")
    wrong = [line for told in table.values() for line in told.wrong]
    print("\n".join(wrong[:40]))
    print(
        f"{'FAILED' if wrong else 'passed'}: {sum(told.kills for told in table.values())} kills, {len(wanted)} files "
        f"compared, {left} leftovers listed and removed, {len(wrong)} wrong, {time.perf_counter() - began:.0f} s"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
