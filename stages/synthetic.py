"""params.yaml → data/synthetic: the built-in corpus as real .mp4 files, with its plan and its ceilings.

What can be seen and what can be heard in each clip is drawn from known tables, so the best possible accuracy is known.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.params.file import load
from aver.store.out import out_folder
from aver.synthetic.corpus import render_corpus, write_corpus


def main(argv: list[str] | None = None) -> None:
    """Render the built-in corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    params = load()
    digests = render_corpus(params)
    with out_folder(args.out) as folder:
        write_corpus(folder, digests, params)


if __name__ == "__main__":
    main_of(main)
