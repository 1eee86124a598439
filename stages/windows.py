"""data/media/<corpus> → data/windows/<corpus>: which samples and which kept frames belong together.

Windows divide the time in which a clip can be heard; frames join them by presentation time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from aver.errors import main_of
from aver.params.file import load
from aver.store.out import out_folder, read_rows
from aver.windows.index import index_windows, write_windows


def main(argv: list[str] | None = None) -> None:
    """Cut the clips of one corpus into windows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, required=True, help="data/media/<corpus>")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    rows = index_windows(read_rows(args.media / "media.parquet"), load().windows)
    with out_folder(args.out) as folder:
        write_windows(folder, rows)


if __name__ == "__main__":
    main_of(main)
