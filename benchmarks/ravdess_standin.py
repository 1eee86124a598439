"""A stand-in for RAVDESS at full size: 24 zips, 2880 files with the official names and the typical length.

    python benchmarks/ravdess_standin.py ~/zips

Writes `Video_Speech_Actor_01.zip` … `_24.zip` as the release has them: of every speech take a file with sound (`01-…`)
and the same picture without (`02-…`), 3.3 to 4.1 s at 29.97 frames per second, AAC at 48 kHz.  What differs from the
real ones: the people are drawn by the built-in corpus's renderer in small pictures (160x160 instead of 1280x720), and
each picture is shown twice (it is drawn at half the rate).  Scores on it mean nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from joblib import Parallel, delayed

from aver.media.ffmpeg import executable
from aver.params.blocks import Synthetic
from aver.progress import track
from aver.synthetic.plan import ClipPlan, plan
from aver.synthetic.render import RenderParams, render_clip

#: 24 speakers x 6 emotions x 10 takes: as many clips per speaker as an actor has speech takes.
CAST = Synthetic(speakers=24, takes=10, seed=11, fps=15, frame_px=160, duration_s=(3.3, 4.1))


def takes(actor: int) -> Iterator[str]:
    """Yield the official names of an actor's 60 speech takes, without the modality."""
    for emotion in range(1, 9):
        for strength in (1,) if emotion == 1 else (1, 2):
            for statement in (1, 2):
                for repetition in (1, 2):
                    yield f"01-{emotion:02d}-{strength:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"


def files(clip: ClipPlan) -> tuple[bytes, bytes]:
    """Return a take with sound, and its picture alone."""
    with tempfile.TemporaryDirectory() as name:
        drawn, both, silent = (Path(name) / f"{what}.mp4" for what in ("drawn", "both", "silent"))
        drawn.write_bytes(render_clip(RenderParams(clip, CAST))["mp4"].tobytes())
        call = [executable(), "-v", "error", "-threads", "1", "-i"]
        subprocess.run(
            [*call, drawn, "-r", "30000/1001", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", "1",
             "-c:a", "aac", "-ar", "48000", "-bitexact", both], check=True,
        )  # fmt: skip
        subprocess.run([*call, both, "-c", "copy", "-an", "-bitexact", silent], check=True)
        return both.read_bytes(), silent.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the zips go")
    parser.add_argument("--actors", type=int, default=24, help="only the first so many")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    by_speaker = {actor: list(clips) for actor, clips in groupby(plan(CAST), lambda clip: clip.speaker)}
    workers = Parallel(n_jobs=-1)
    for actor in track(range(1, args.actors + 1), "stand-in", "actor"):
        made = workers(delayed(files)(clip) for clip in by_speaker[actor])
        with zipfile.ZipFile(args.folder / f"Video_Speech_Actor_{actor:02d}.zip", "w") as archive:
            for take, contents in zip(takes(actor), made, strict=True):
                for modality, content in zip(("01", "02"), contents, strict=True):
                    archive.writestr(zipfile.ZipInfo(f"Actor_{actor:02d}/{modality}-{take}.mp4"), content)


if __name__ == "__main__":
    main()
