"""data/corpora/<corpus> → data/media/<corpus>: streams, times of every frame, kept frames, 16 kHz mono sound.

Containers are not believed: every clip is decoded once and its frames are counted.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.media.index import index_media, write_media
from aver.params.file import load
from aver.store.out import out_folder, read_rows


def main(argv: list[str] | None = None) -> None:
    """Index the media of one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="its name under `corpora` in params.yaml")
    parser.add_argument("--clips", type=Path, required=True, help="data/corpora/<corpus>")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    params = load()
    root = Path(params.corpora[args.corpus].root).expanduser()
    media = index_media(args.corpus, read_rows(args.clips / "clips.parquet"), root, params)
    with out_folder(args.out) as folder:
        write_media(folder, media, params.max_failed_fraction)


if __name__ == "__main__":
    main_of(main)
