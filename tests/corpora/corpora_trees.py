"""Folders of corpora for tests: names as the releases have them, each file with bytes of its own."""

from __future__ import annotations

from itertools import product
from pathlib import Path

SAVEE_SPEAKERS = ("DC", "JE", "JK", "KL")
SAVEE_CODES = [
    f"{emotion}{number:02d}"
    for emotion in ("a", "d", "f", "h", "n", "sa", "su")
    for number in range(1, 31 if emotion == "n" else 16)
]


def touch(root: Path, *names: str) -> Path:
    """Make files whose content is their name."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))
    return root


def ravdess_names() -> list[str]:
    """The release: 60 speech takes and 44 song takes per actor (actor 18 sang none), three modalities of each."""
    names = []
    for actor, (channel, emotions) in product(range(1, 25), {"01": range(1, 9), "02": range(1, 7)}.items()):
        if actor == 18 and channel == "02":
            continue
        for emotion, strength, statement, repetition in product(emotions, (1, 2), (1, 2), (1, 2)):
            if emotion == 1 and strength == 2:
                continue
            take = f"{channel}-{emotion:02d}-{strength:02d}-{statement:02d}-{repetition:02d}-{actor:02d}"
            names += [f"{modality}-{take}" for modality in ("01", "02", "03")]
    return names


def in_release(name: str) -> str:
    """Return where a RAVDESS file lies when the release's zip files are unpacked side by side, each in its folder."""
    channel, actor = {"01": "Speech", "02": "Song"}[name[3:5]], name[-2:]
    if name.startswith("03"):
        return f"Audio_{channel}_Actors_01-24/Actor_{actor}/{name}.wav"
    return f"Video_{channel}_Actor_{actor}/Actor_{actor}/{name}.mp4"
