"""RAVDESS (Livingstone & Russo 2018): 24 actors, speech and song, three modalities of each take.

A name has seven two-digit fields, `modality-channel-emotion-intensity-statement-repetition-actor`, for example
`01-01-06-01-02-01-12.mp4`: full audio-video, speech, fearful, normal intensity, statement 2, repetition 1, actor 12.
The files of a take in the three modalities differ in the first field only and carry the same sound or picture, so
`take` is the name without it.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from aver.corpora.clip import MEDIA_SUFFIXES, Clip, Reading, files_below, relative
from aver.ledger import Failure

LAYOUT = (
    "RAVDESS: files named like 01-01-06-01-02-01-12.mp4 or 03-01-06-01-02-01-12.wav, in folders Actor_01 … Actor_24 "
    "or all in one folder (the unpacked Video_Speech_Actor_*.zip and Audio_Speech_Actors_01-24.zip of the release)"
)
MODALITIES = {"01": "audiovisual", "02": "video", "03": "audio"}
CHANNELS = {"01": "speech", "02": "song"}
EMOTIONS = {
    "01": "neutral", "02": "calm", "03": "happy", "04": "sad",
    "05": "angry", "06": "fearful", "07": "disgust", "08": "surprised",
}  # fmt: skip
#: Song has no disgust and no surprise (Livingstone & Russo 2018, table 1).
SONG_EMOTIONS = frozenset({"01", "02", "03", "04", "05", "06"})
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
REPETITIONS = {"01": "1", "02": "2"}
ACTORS = {f"{number:02d}": "female" if number % 2 == 0 else "male" for number in range(1, 25)}
FIELDS = (
    ("modality", MODALITIES), ("channel", CHANNELS), ("emotion", EMOTIONS), ("intensity", INTENSITIES),
    ("statement", STATEMENTS), ("repetition", REPETITIONS), ("actor", ACTORS),
)  # fmt: skip
NAME = re.compile(r"\d\d(?:-\d\d){6}")


def parse(stem: str) -> dict[str, str]:
    """Return the seven codes of a file name without its ending, by field name.

    Raises:
        ValueError: it is no RAVDESS name, or a code is not one of its field's; the message names the field.

    Example:
        >>> parse("03-01-06-01-02-01-12")["emotion"]
        '06'
    """
    if not NAME.fullmatch(stem):
        raise ValueError("not seven two-digit fields")
    codes = dict(zip((name for name, _ in FIELDS), stem.split("-"), strict=True))
    for name, table in FIELDS:
        if codes[name] not in table:
            raise ValueError(f"{name} {codes[name]} is not one of {', '.join(table)}")
    if codes["emotion"] == "01" and codes["intensity"] == "02":
        raise ValueError("neutral (emotion 01) has no strong intensity (02)")
    if codes["channel"] == "02" and codes["emotion"] not in SONG_EMOTIONS:
        raise ValueError(f"song (channel 02) has no emotion {codes['emotion']}")
    return codes


def read(root: Path) -> Reading:
    """Read a RAVDESS folder: official `Actor_NN` folders, the release's zip folders, or all files in one place."""
    reading = Reading()
    for path in files_below(root):
        name = relative(path, root)
        if path.suffix.lower() not in MEDIA_SUFFIXES or not NAME.fullmatch(path.stem):
            reading.ignored.append(name)
            continue
        try:
            clip = clip_of(name)
        except ValueError as exc:
            reading.failures.append(Failure(path.stem, "corpora", "bad_name", f"{name}: {exc}"))
            continue
        reading.add(clip)
    return reading


def clip_of(path: str) -> Clip:
    """Return the clip that a path relative to the root names (see `parse`).

    Raises:
        ValueError: an impossible field, or a folder `Actor_NN` that contradicts the name.
    """
    stem = PurePosixPath(path).stem
    codes = parse(stem)
    folder = re.search(r"Actor_(\d\d)/", path)
    if folder and folder[1] != codes["actor"]:
        raise ValueError(f"the folder says actor {folder[1]}, the name says actor {codes['actor']}")
    return Clip(
        clip_id=stem,
        path=path,
        label=EMOTIONS[codes["emotion"]],
        speaker=codes["actor"],
        sex=ACTORS[codes["actor"]],
        sentence=STATEMENTS[codes["statement"]],
        intensity=INTENSITIES[codes["intensity"]],
        repetition=REPETITIONS[codes["repetition"]],
        take=stem[3:],
        modality=MODALITIES[codes["modality"]],
        channel=CHANNELS[codes["channel"]],
    )
