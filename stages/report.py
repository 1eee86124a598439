"""data/evaluation, reports/comparison.json, summaries under data → reports/index.html, reports/comparison.md.

One page without a request to the network; same inputs, same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.params.file import load
from aver.report.inputs import read_inputs
from aver.report.render import markdown, page
from aver.store.out import write_text


def main(argv: list[str] | None = None) -> None:
    """Write the page, and the table for git."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="data/evaluation")
    parser.add_argument("--comparison", type=Path, required=True, help="reports/comparison.json")
    parser.add_argument("--data", type=Path, required=True, help="data, with the stages' summaries")
    parser.add_argument("--out", type=Path, required=True, help="reports/index.html")
    parser.add_argument("--markdown", type=Path, required=True, help="reports/comparison.md")
    args = parser.parse_args(argv)
    inputs = read_inputs(args.evaluation, args.comparison, args.data, load())
    write_text(args.out, page(inputs))
    write_text(args.markdown, markdown(inputs))


if __name__ == "__main__":
    main_of(main)
