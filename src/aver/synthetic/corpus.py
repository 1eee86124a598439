"""The synthetic stage's work: render every clip of the plan through the clip cache into a corpus folder."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import scipy

from aver.cache.cache import Cache, Done, Failed, Step
from aver.errors import CacheError
from aver.media import ffmpeg
from aver.parallel import Runner, Task, run_tasks
from aver.params.blocks import Params
from aver.store.out import write_json
from aver.synthetic.displays import ceilings
from aver.synthetic.plan import plan, plan_rows
from aver.synthetic.render import RenderParams, render_clip


def render_corpus(params: Params, run: Runner = run_tasks) -> dict[str, str]:
    """Render all clips; return the digest of each one's object by file name (relative to the corpus folder).

    With `look_up` as `run`, clips that would have to be rendered are left out.

    Raises:
        CacheError: ffmpeg or the disk failed.
    """
    runtime = {**ffmpeg.runtime(), "opencv": cv2.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    tasks = [
        Task(clip.file, Step("render", render_clip, RenderParams(clip, params.synthetic), runtime), {})
        for clip in plan(params.synthetic)
    ]
    digests = {}
    for task, outcome in zip(tasks, run(tasks, "synthetic", params.parallel, Cache()).outcomes, strict=True):
        if isinstance(outcome, Failed):
            raise CacheError(f"rendering {task.name} failed: {outcome.detail}")
        if isinstance(outcome, Done):
            digests[task.name] = outcome.digest
    return digests


def write_corpus(folder: Path, digests: dict[str, str], params: Params) -> None:
    """Write the clips, `plan.csv` (the truth about every clip) and `ceilings.json` (the best possible accuracies)."""
    cache = Cache()
    for name, digest in digests.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cache.load(digest)["mp4"].tobytes())
    rows = plan_rows(params.synthetic)
    with (folder / "plan.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    write_json(folder / "ceilings.json", asdict(ceilings()))
