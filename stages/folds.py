"""data/corpora → data/folds/<benchmark>: who trains, validates and tests in each fold.

A split is an artifact: it can be read, diffed and quoted, and it exists only if nothing leaks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.folds.build import build_folds, write_folds
from aver.folds.choose import people_of
from aver.params.file import load
from aver.store.out import out_folder, read_rows


def main(argv: list[str] | None = None) -> None:
    """Split the clips of one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True, help="its name under `benchmarks` in params.yaml")
    parser.add_argument("--corpora", type=Path, required=True, help="data/corpora")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    params = load()
    benchmark = params.benchmarks[args.benchmark]
    corpora = {name: read_rows(args.corpora / name / "clips.parquet") for name in benchmark.all_corpora}
    folds = build_folds(args.benchmark, benchmark, corpora, people_of(params.corpora))
    with out_folder(args.out) as folder:
        write_folds(folder, folds, benchmark)


if __name__ == "__main__":
    main_of(main)
