"""Flip one bit in each of 200 files: all are found, none is handed out, all are repaired.

    python benchmarks/damage.py [--files 200] [--seed 1]

After one run in a small repository, files are drawn from the clip cache (entries, objects, recipes) and from the
feature stores (shards, tables, store.json).  One random bit of each is turned over in place: length and time of
modification stay, and where an out is a hard link into DVC's cache, DVC's copy is damaged with it.  Then:

1. `aver doctor` names every damaged file and no other, and exits with status 1;
2. freshly opened, none of the damaged files gives anything: objects, entries, recipes and stores are refused;
3. `aver doctor --repair` mends all: afterwards it finds nothing, every out is what it was, byte for byte, and
   `dvc repro` has nothing to do.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from small_repository import Repository, small_repository
from stage_runs import damage, difference, outs, shrink

from aver.cache.cache import Cache
from aver.cache.health import files
from aver.cache.objects import place
from aver.cache.recipe import read_recipe
from aver.cache.sealed import unseal
from aver.errors import CacheError, StoreError
from aver.store.reader import Store


def store_files(repository: Repository) -> list[Path]:
    """Return the files of all feature stores that a reader reads."""
    folders = [path.parent for path in (repository.path / "data/features").glob("*/*/store.json")]
    tables = ("store.json", "index.parquet", "clips.parquet")
    return sorted(path for folder in folders for path in folder.iterdir() if path.name.startswith(("shard-", *tables)))


def chosen(repository: Repository, count: int, draw: random.Random) -> list[Path]:
    """Draw the files to damage: a fifth of them from the stores, the others from the clip cache."""
    stores, cache = store_files(repository), files(repository.path / ".aver")
    few = min(len(stores), count // 5)
    return sorted([*draw.sample(stores, few), *draw.sample(cache, count - few)])


def flip(path: Path, draw: random.Random) -> None:
    """Turn one random bit of a file over, in place, as a failing disk would: no time changes, no link is broken."""
    stat = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        place_ = draw.randrange(stat.st_size)
        file.seek(place_)
        byte = file.read(1)[0]
        file.seek(place_)
        file.write(bytes([byte ^ 1 << draw.randrange(8)]))
    path.chmod(stat.st_mode & 0o777)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def kind_of(repository: Repository, path: Path) -> str:
    """Return entries | objects | recipes | shard | table | store.json."""
    if path.is_relative_to(repository.path / ".aver"):
        return path.relative_to(repository.path / ".aver").parts[0]
    return "shard" if path.name.startswith("shard-") else "table" if path.suffix == ".parquet" else path.name


def given_out(repository: Repository, path: Path, whole: Path, scratch: Path) -> bool:
    """Tell whether a fresh reader hands out anything from a damaged file."""
    kind = kind_of(repository, path)
    try:
        if kind == "entries":
            unseal(path.read_bytes())
        elif kind == "recipes":
            return read_recipe(path) is not None
        elif kind == "objects":
            alone = place(scratch / "objects", path.stem, ".npz")  # no recipe here, so nothing is made again
            alone.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, alone)
            Cache(scratch).load(path.stem)
        else:
            read_store(path, whole, scratch / "store")
    except (CacheError, StoreError, ValueError):
        return False
    return True


def read_store(path: Path, whole: Path, scratch: Path) -> None:
    """Read all of a store in which this file is the only damaged one."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(whole, scratch)
    shutil.copyfile(path, scratch / path.name)
    store = Store(scratch)
    for clip in store.clips:
        store.rows(clip), store.times(clip)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    draw, began, wrong = random.Random(args.seed), time.perf_counter(), []
    with tempfile.TemporaryDirectory(prefix="aver-damage-") as name:
        repository = small_repository(Path(name) / "repository")
        shrink(repository, args.jobs)
        repository.dvc("repro")
        # As after `dvc checkout` in a clone: outs are hard links into DVC's cache, both names are one file.
        repository.dvc("config", "cache.type", "hardlink")
        repository.dvc("checkout", "--relink")
        wanted = outs(repository)
        shutil.copytree(repository.path / "data/features", Path(name) / "whole", copy_function=shutil.copyfile)
        paths = chosen(repository, args.files, draw)
        links = sum(path.stat().st_nlink > 1 for path in paths)
        for path in paths:
            flip(path, draw)
        kinds = Counter(kind_of(repository, path) for path in paths)
        print(
            f"{len(paths)} files damaged: {dict(sorted(kinds.items()))}; {links} are links into DVC's cache", flush=True
        )

        said = json.loads(repository.aver("doctor", "--json", ok=False))["damaged"]
        named = {(repository.path / line["path"]).resolve() for line in said}
        real = {path.resolve() for path in paths}
        wrong += [f"not found: {path}" for path in sorted(real - named)]
        wrong += [f"called damaged and is not: {path}" for path in sorted(named - real)]
        found = Counter(kind_of(repository, path) for path in paths if path.resolve() in named)
        print(f"aver doctor: {found.total()} of {len(paths)} found, {len(named - real)} too many", flush=True)

        given = Counter[str]()
        for path in paths:
            whole = Path(name) / "whole" / Path(*path.parts[-3:-1])
            if given_out(repository, path, whole, Path(name) / "scratch"):
                given[kind_of(repository, path)] += 1
                wrong.append(f"handed out: {path}")
        print(f"fresh readers: {given.total()} of {len(paths)} handed out", flush=True)

        repository.aver("doctor", "--repair")
        left = damage(repository.path / ".aver")
        wrong += [f"after repair: {line}" for line in left]
        again = json.loads(repository.aver("doctor", "--json"))["damaged"]
        wrong += [f"after repair: {line}" for line in again]
        changed = difference(outs(repository), wanted)
        wrong += [f"after repair another content: {path}" for path in changed]
        if "up to date" not in (said_so := repository.dvc("repro")):
            wrong.append(f"dvc repro had something to do: {said_so[-600:]}")
        print(f"after repair: {len(again)} damaged, {len(changed)} of {len(wanted)} outs differ", flush=True)
    print("\n| kind | damaged | found | handed out |\n|---|---:|---:|---:|")
    for kind, count in sorted(kinds.items()):
        print(f"| {kind} | {count} | {found[kind]} | {given[kind]} |")
    print("\n".join(wrong[:40]))
    print(f"{'FAILED' if wrong else 'passed'}: {len(wrong)} wrong, {time.perf_counter() - began:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
