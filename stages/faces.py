"""data/media/<corpus> → data/faces/<corpus>: per kept frame a box and a status; crops go to the clip cache.

One face per clip: the steady largest.  Short gaps are interpolated and marked, nothing else is invented.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.cache.carried import read_recipes
from aver.errors import main_of
from aver.faces.index import index_faces, write_faces
from aver.params.file import load
from aver.store.out import out_folder, read_rows


def main(argv: list[str] | None = None) -> None:
    """Find the faces of one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="its name under `corpora` in params.yaml")
    parser.add_argument("--clips", type=Path, required=True, help="data/corpora/<corpus>")
    parser.add_argument("--media", type=Path, required=True, help="data/media/<corpus>")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    params = load()
    root = Path(params.corpora[args.corpus].root).expanduser()
    clips, media = read_rows(args.clips / "clips.parquet"), read_rows(args.media / "media.parquet")
    found = index_faces(args.corpus, clips, media, root, params, read_recipes(args.media))
    with out_folder(args.out) as folder:
        write_faces(folder, found, params.max_failed_fraction)


if __name__ == "__main__":
    main_of(main)
