"""corpus root → data/corpora/<corpus>: one row per clip, with the sha256 of its content.

A clip is named by its content from here on; where it lies no longer matters.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.corpora.catalogue import catalogue, write_catalogue
from aver.errors import main_of
from aver.params.file import load
from aver.store.out import out_folder


def main(argv: list[str] | None = None) -> None:
    """Read one corpus root."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="its name under `corpora` in params.yaml")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    params = load()
    reading = catalogue(args.corpus, params.corpora[args.corpus])
    with out_folder(args.out) as folder:
        write_catalogue(folder, reading, params.max_failed_fraction)


if __name__ == "__main__":
    main_of(main)
