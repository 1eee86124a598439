"""The built-in corpus as a corpus: names like `S01/S01_happy_T1.mp4`."""

from __future__ import annotations

import re
from pathlib import Path

from aver.corpora.clip import Clip, Reading
from aver.corpora.files import files_below, relative
from aver.corpora.published import Part

LAYOUT = "the built-in corpus: files named like S01/S01_happy_T1.mp4, written by `dvc repro synthetic`"
#: params.yaml says what it holds.
PUBLISHED: tuple[Part, ...] = ()
NAME = re.compile(r"S([0-9]+)_([a-z]+)_T([0-9]+)")


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
                modality="audiovisual", channel="speech", elicitation="acted",
            )
        )  # fmt: skip
    return reading
