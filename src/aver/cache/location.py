"""Where the clip cache lies: outside every DVC out, and the same for queued and temporary experiments."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """Return `$AVER_CACHE`, else `.aver` under `$DVC_ROOT`, else `.aver` in the working directory.

    DVC sets `DVC_ROOT` to the *original* repository, also inside `dvc exp run --temp` and `--queue`, so all of them
    share what was computed once.
    """
    chosen = os.environ.get("AVER_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return workspace() / ".aver"


def workspace() -> Path:
    """Return the folder of the repository: `$DVC_ROOT` (the *original* one, see above), else the working directory."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()
