"""params.yaml → data/params: nothing but the word that every key, type, name and corpus root is right.

All other stages come after this one, so a typo stops a run before any work, whatever else is up to date.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.corpora.catalogue import check_hashable
from aver.errors import main_of
from aver.params.file import load
from aver.store.out import out_folder, write_json


def main(argv: list[str] | None = None) -> None:
    """Check params.yaml and the corpus roots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    for name, corpus in load().corpora.items():
        if (corpus.adapter or name) != "synthetic":  # its root is rendered later
            check_hashable(name, corpus)
    with out_folder(args.out) as folder:
        write_json(folder / "summary.json", {"params": "valid"})


if __name__ == "__main__":
    main_of(main)
