"""Let the disk fill up in every stage; nothing false is stored, the words are clear, and the next run completes.

    python benchmarks/disk_full.py [--seed 1]

A small repository with its data, caches and temporary files lies on a tmpfs of its own (mounted by root, or in a user
namespace).  The first run measures how much each stage writes.  Then, stage by stage, a ballast file leaves less than
that: nothing at all, and a random share of it.  Each time the stage must end with a status other than 0, without a
traceback, with words that name the disk; the clip cache must hold no failure, no damage and nothing half-written.
With the ballast gone the stage completes, and in the end every out is what it is without such a night, byte for byte.

After that: `dvc repro` as a whole on a full disk, a clip cache on a file system that may only be read, and one in a
folder that the user may not write to.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from small_repository import Repository, small_repository
from stage_runs import Stage, damage, difference, failures, outs, shrink, stages, start, unfinished

SIZE = "1500m"
#: By these words a user knows what is wrong.
FULL = "No space left on device"
#: What to do, in AVER's words; DVC, without room for its own files, says no more than the first.
ADVICE = ("run again", "Run again", "ERROR: unexpected error - [Errno 28]")
#: setpriv takes away root's right to ignore permissions.
COMMON = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


@dataclass
class Told:
    """What happened to one stage."""

    bytes: int
    tried: int = 0
    failed: int = 0
    wrong: list[str] = field(default_factory=list)


def enter_namespace() -> None:
    """Go on as root of a user namespace, where a tmpfs may be mounted; leave with a message where that is forbidden."""
    if os.geteuid() == 0 or "AVER_UNSHARED" in os.environ:
        return
    os.environ["AVER_UNSHARED"] = "1"
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        print("skipped: mounting a tmpfs needs root or user namespaces, and this machine allows neither")
        sys.exit(0)
    os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv])


def mount(folder: Path, *options: str) -> None:
    """Mount a tmpfs, or change its options."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)], check=True)


def free(folder: Path) -> int:
    """Return the bytes that are left."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def fill(folder: Path, leave: int) -> Path:
    """Write a ballast file so that only so many bytes are left."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free(folder) - leave, 1))
    return ballast


def run(repository: Repository, command: str, **more: str) -> tuple[int, str]:
    """Run a command line in the repository, its temporary files on the same disk; return status and words."""
    log = repository.path.parent.with_name("log")
    log.unlink(missing_ok=True)
    status = start(repository, command, log, TMPDIR=str(repository.path.parent / "tmp"), **more).wait()
    return status, log.read_text(errors="replace")


def judge(repository: Repository, status: int, said: str, told: Told, label: str) -> None:
    """Note everything that a stopped run must not do."""
    told.tried += 1
    told.failed += status != 0
    cache = repository.path / ".aver"
    found = damage(cache) + failures(cache) + [f"left behind: {path}" for path in unfinished(repository)]
    if "Traceback" in said or status < 0:
        found.append(f"status {status}: {said[-1500:]}")
    elif status and not (FULL in said and any(words in said for words in ADVICE)):
        found.append(f"its words do not name the disk and what to do: {said[-600:]}")
    told.wrong += [f"{label}: {line}" for line in found]


def starve(disk: Path, repository: Repository, stage: Stage, told: Told, draw: random.Random) -> None:
    """Run one stage on a full disk, on a nearly full one, and on a free one."""
    for leave in (0, round(draw.uniform(0.1, 0.8) * told.bytes)):
        ballast = fill(disk, leave)
        status, said = run(repository, stage.command)
        ballast.unlink()
        if status == 0:  # what it writes fitted after all: start it again from nothing
            told.wrong += [] if leave else [f"{stage.name}: status 0 on a full disk"]
            for out in stage.outs:
                path = repository.path / out
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        judge(repository, status, said, told, f"{stage.name} with {leave} bytes left")
    status, said = run(repository, stage.command)
    told.wrong += [f"{stage.name} on a free disk: status {status}: {said[-600:]}"] if status else []


def made(disk: Path, name: str, jobs: int) -> Repository:
    """Make the small repository on the disk, with a folder for temporary files beside it."""
    (disk / "tmp").mkdir(exist_ok=True)
    repository = small_repository(disk / name)
    shrink(repository, jobs)
    return repository


def refused(repository: Repository, listed: list[Stage], wanted: dict[str, str]) -> list[str]:
    """Put the cache where it can be read only; results are found, computing says what to do."""
    wrong = []
    faces = next(stage for stage in listed if stage.name.startswith("faces"))
    cache = repository.path.with_name("shared")
    cache.mkdir()
    mount(cache, "size=200m")
    try:
        shutil.copytree(repository.path / ".aver", cache, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(cache)], check=True)
        wrong += asked(repository, faces, wanted, "a read-only file system", cache, [])
    finally:
        subprocess.run(["umount", str(cache)], check=True)
    shutil.copytree(repository.path / ".aver", cache, dirs_exist_ok=True)
    for path in [cache, *cache.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if shutil.which("setpriv"):
        wrong += asked(repository, faces, wanted, "a folder without permission", cache, COMMON)
    else:
        print("skipped: a folder without permission (no setpriv here)")
    return wrong


def asked(repository: Repository, stage: Stage, wanted: dict[str, str], label: str, cache: Path, head: list[str]) -> list[str]:  # fmt: skip # noqa: E501
    """Run a stage on a cache that may only be read: once when it holds all results, once when it holds none."""
    wrong = []
    line = stage.command if not head else f"{' '.join(head)} bash -c '{stage.command}'"
    status, said = run(repository, line, AVER_CACHE=str(cache))
    if status or difference(
        outs(repository, stage.outs), {k: v for k, v in wanted.items() if k.startswith(stage.outs)}
    ):
        wrong.append(f"{label}: results were not read: status {status}: {said[-600:]}")
    params = repository.path / "params.yaml"
    before = params.read_text(encoding="utf-8")
    params.write_text(before.replace("margin: 0.0", "margin: 0.1"), encoding="utf-8")
    status, said = run(repository, line, AVER_CACHE=str(cache))
    params.write_text(before, encoding="utf-8")
    if not status or "Traceback" in said or "AVER_CACHE" not in said or str(cache) not in said:
        wrong.append(f"{label}: computing did not say what to do: status {status}: {said[-1500:]}")
    print(f"{label}: {'; '.join(line for line in said.splitlines() if 'Error' in line)[:160]}", flush=True)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    enter_namespace()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    draw, began = random.Random(args.seed), time.perf_counter()
    table: dict[str, Told] = {}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="aver-disk-") as name:
        disk = Path(name) / "disk"
        disk.mkdir()
        mount(disk, f"size={SIZE}")
        try:
            undisturbed = made(disk, "undisturbed", args.jobs)
            undisturbed.dvc("repro")
            listed = stages(undisturbed)
            wanted = outs(undisturbed)
            shutil.rmtree(undisturbed.path)
            measured = made(disk, "repository", args.jobs)
            for stage in listed:
                before = free(disk)
                status, said = run(measured, stage.command)
                wrong += [f"{stage.name}: status {status}: {said[-600:]}"] if status else []
                table[stage.name] = Told(before - free(disk))
            wrong += [f"measured: {path} differs" for path in difference(outs(measured), wanted)]
            shutil.rmtree(measured.path)
            repository = made(disk, "repository", args.jobs)
            for stage in listed:
                starve(disk, repository, stage, table[stage.name], draw)
                told = table[stage.name]
                print(f"  {stage.name}: {told.failed} of {told.tried} stopped, {len(told.wrong)} wrong", flush=True)
            wrong += [f"{path} differs" for path in difference(outs(repository), wanted)]
            wrong += refused(repository, listed, wanted)
            whole = table["dvc repro"] = Told(sum(told.bytes for told in table.values()))
            shutil.rmtree(repository.path)
            starve(disk, made(disk, "repository", args.jobs), Stage("dvc repro", "dvc repro", ("data",)), whole, draw)
            wrong += [f"dvc repro: {path} differs" for path in difference(outs(repository), wanted)]
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)
    print("\n| stage | KB written | runs on a full disk | stopped | wrong |\n|---|---:|---:|---:|---:|")
    for label, told in table.items():
        print(f"| {label} | {told.bytes / 1024:.0f} | {told.tried} | {told.failed} | {len(told.wrong)} |")
    wrong += [line for told in table.values() for line in told.wrong]
    print("\n".join(wrong[:40]))
    print(f"{'FAILED' if wrong else 'passed'}: {len(wrong)} wrong, {time.perf_counter() - began:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
