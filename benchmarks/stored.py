"""What is stored how often: clip cache, outs in data/, DVC's cache.

    python benchmarks/stored.py

Walks the three places of this repository (after `dvc repro`).  Files that are links to one another are one copy on the
disk; copies are counted by what really takes space.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from aver.cache.collect import inventory
from aver.cache.location import cache_root
from aver.cli.text import amount, table

#: Which step's objects an out repeats.
KINDS = {
    "clips of the built-in corpus": (("render",), "data/synthetic"),
    "decoded sound": (("sound",), ""),
    "face crops": (("faces",), ""),
    "embeddings": (
        ("embed-vggface", "embed-vggish", "embed-vggish-torch", "embed-vggm", "embed-xvector", "pool-frames"),
        "data/features",
    ),
    "trained models": (
        ("train-acoustic", "train-concat", "train-mater", "train-mater-baseline", "train-visual"),
        "data/classifiers",
    ),
    "encoder weights": ((), "data/weights"),
}


def main() -> None:
    wanted = objects_in_use()
    held: dict[str, int] = defaultdict(int)
    for item in inventory(cache_root()):
        held[item.step] += item.bytes if item.digest in wanted else 0
    stored = {path.stat().st_ino for path in Path(".dvc/cache").rglob("*") if path.is_file()}
    rows = []
    for kind, (steps, out) in KINDS.items():
        cached = sum(held[step] for step in steps)
        files = [path for path in Path(out).rglob("*") if path.is_file()] if out else []
        outs = sum(path.stat().st_size for path in files)
        linked = sum(path.stat().st_size for path in files if path.stat().st_ino in stored)
        copies = (1 if cached else 0) + (0 if not outs else 1 if linked > 0.99 * outs else 2)
        rows.append([kind, amount(cached), amount(outs), f"{100 * linked / outs:.0f} %" if outs else "", str(copies)])
    print(table(rows, ["", "clip cache", "data/", "of it linked to DVC's cache", "copies on the disk"]))


def objects_in_use() -> set[str]:
    """Return the digests that the current workspace needs; older ones would blur the picture."""
    from aver.cache.cache import Done
    from aver.cli.survey.survey import survey
    from aver.params.file import load

    works = survey(load(), {}).works
    return {outcome.digest for work in works for outcome in work.outcomes if isinstance(outcome, Done)}


if __name__ == "__main__":
    main()
