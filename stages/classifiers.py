"""data/features + data/folds/<benchmark> → data/classifiers/<benchmark>/<strategy>: one model per fold and seed.

The best epoch is chosen by validation speakers out of the training fold; test clips are scored once, at the end.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.classifiers.grid import train_grid
from aver.classifiers.write import write_grid
from aver.errors import main_of
from aver.params.file import load
from aver.store.out import out_folder, read_rows


def main(argv: list[str] | None = None) -> None:
    """Train one strategy on one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True, help="its name under `benchmarks` in params.yaml")
    parser.add_argument("--strategy", required=True, help="a fusion, or a fusion as published: embrace-paper")
    parser.add_argument("--folds", type=Path, required=True, help="data/folds/<benchmark>")
    parser.add_argument("--features", type=Path, required=True, help="data/features")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    folds = read_rows(args.folds / "folds.parquet")
    grid = train_grid(args.benchmark, args.strategy, folds, args.features, load())
    with out_folder(args.out) as folder:
        write_grid(folder, grid, folds)


if __name__ == "__main__":
    main_of(main)
