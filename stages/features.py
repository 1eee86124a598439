"""data/{faces,windows,media}/<corpus> + data/weights → data/features/<corpus>/<stream>: one stream as a store.

The rows of a clip depend on that clip alone; how clips are batched or spread changes no byte.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.features.extract import extract, read_stages, write_features
from aver.params.file import load
from aver.store.out import out_folder


def main(argv: list[str] | None = None) -> None:
    """Embed one stream of one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="its name under `corpora` in params.yaml")
    parser.add_argument("--stream", required=True, help="its name under `features` in params.yaml")
    parser.add_argument("--media", type=Path, required=True, help="data/media/<corpus>")
    parser.add_argument("--faces", type=Path, required=True, help="data/faces/<corpus>")
    parser.add_argument("--windows", type=Path, required=True, help="data/windows/<corpus>")
    parser.add_argument("--weights", type=Path, required=True, help="data/weights")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    params = load()
    before = read_stages(args.media, args.faces, args.windows)
    extracted = extract(args.corpus, args.stream, before, args.weights, params)
    with out_folder(args.out) as folder:
        write_features(folder, extracted, params)


if __name__ == "__main__":
    main_of(main)
