"""data/evaluation, summaries under data → reports: index.html, comparison.md, comparison.tex, figures.

One page without a request to the network; same inputs, same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.params.file import load
from aver.report.inputs import read_inputs
from aver.report.write import write_report


def main(argv: list[str] | None = None) -> None:
    """Write the page, the tables for git and for papers, and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="data/evaluation")
    parser.add_argument("--data", type=Path, required=True, help="data, with the other stages' outs")
    parser.add_argument("--out", type=Path, required=True, help="reports/index.html")
    parser.add_argument("--markdown", type=Path, required=True, help="reports/comparison.md")
    parser.add_argument("--latex", type=Path, required=True, help="reports/comparison.tex")
    parser.add_argument("--figures", type=Path, required=True, help="reports/figures")
    args = parser.parse_args(argv)
    inputs = read_inputs(args.evaluation, args.data, load())
    write_report(inputs, args.out, args.markdown, args.latex, args.figures)


if __name__ == "__main__":
    main_of(main)
