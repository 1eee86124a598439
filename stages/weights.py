"""params.yaml → data/weights/<encoder>: the encoder's weights as local files, with their sha256.

No other stage touches the network; seeded and pretrained weights have the same files and the same loader.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.params.file import load
from aver.store.out import out_folder
from aver.weights.build import build_weights


def main(argv: list[str] | None = None) -> None:
    """Make or bring the weights of one encoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", required=True, help="its name under `weights` in params.yaml")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    block = load().weights[args.encoder]
    with out_folder(args.out) as folder:
        build_weights(args.encoder, block, folder)


if __name__ == "__main__":
    main_of(main)
