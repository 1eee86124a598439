"""data/classifiers → data/evaluation, metrics.json, reports/comparison.json: what predictions and models are worth.

Scores per clip are the headline; `metrics.json` holds the strategy named by `fusion`, the comparison the whole grid.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.evaluation.compare import evaluate
from aver.evaluation.flat import comparison, headline
from aver.evaluation.write import write_evaluation
from aver.params.file import load
from aver.store.out import out_folder, write_json


def main(argv: list[str] | None = None) -> None:
    """Evaluate every cell of the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strategies", nargs="+", required=True, help="the grid")
    parser.add_argument("--data", type=Path, required=True, help="data, with the other stages' outs")
    parser.add_argument("--metrics", type=Path, required=True, help="metrics.json")
    parser.add_argument("--comparison", type=Path, required=True, help="reports/comparison.json")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    params = load()
    found = evaluate(args.data, args.strategies, params)
    metrics = headline(found.cells, params.fusion)  # first: without any score of `fusion` nothing is written
    with out_folder(args.out) as folder:
        write_evaluation(folder, found)
    write_json(args.metrics, metrics)
    write_json(args.comparison, comparison(found.cells))


if __name__ == "__main__":
    main_of(main)
