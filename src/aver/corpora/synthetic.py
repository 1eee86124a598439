"""The built-in corpus as a corpus: names like `S01/S01_happy_T1.mp4`."""

from __future__ import annotations

import re
from pathlib import Path

from aver.corpora.clip import Clip, Reading, files_below, relative

LAYOUT = "the built-in corpus: files named like S01/S01_happy_T1.mp4, written by `dvc repro synthetic`"
NAME = re.compile(r"S(\d+)_([a-z]+)_T(\d+)")


def read(root: Path) -> Reading:
    """Read the folder that the synthetic stage wrote.  Odd speakers are female, even ones male."""
    reading = Reading()
    for path in files_below(root):
        match = NAME.fullmatch(path.stem)
        if path.suffix != ".mp4" or not match:
            reading.ignored.append(relative(path, root))
            continue
        speaker, label, repetition = match.groups()
        reading.add(
            Clip(
                clip_id=path.stem, path=relative(path, root), label=label, speaker=speaker,
                sex="female" if int(speaker) % 2 else "male", repetition=repetition, take=path.stem,
                modality="audiovisual", channel="speech",
            )
        )  # fmt: skip
    return reading
