"""data/features + data/folds/<benchmark> → data/reducers/<benchmark>: PCA and autoencoder of every fold.

Fitted on a fold's training clips alone, on both modalities side by side.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.params.file import load
from aver.reducers.build import fit_reducers
from aver.reducers.write import write_reducers
from aver.store.out import out_folder, read_rows


def main(argv: list[str] | None = None) -> None:
    """Fit the reducers of one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True, help="its name under `benchmarks` in params.yaml")
    parser.add_argument("--folds", type=Path, required=True, help="data/folds/<benchmark>")
    parser.add_argument("--features", type=Path, required=True, help="data/features")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    fitted = fit_reducers(args.benchmark, read_rows(args.folds / "folds.parquet"), args.features, load())
    with out_folder(args.out) as folder:
        write_reducers(folder, fitted)


if __name__ == "__main__":
    main_of(main)
