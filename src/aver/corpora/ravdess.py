"""RAVDESS (Livingstone & Russo 2018): 24 actors, speech and song, three modalities of each take.

A name has seven two-digit fields, `modality-channel-emotion-intensity-statement-repetition-actor`, for example
`01-01-06-01-02-01-12.mp4`: full audio-video, speech, fearful, normal intensity, statement 2, repetition 1, actor 12.
The files of a take in the three modalities differ in the first field only and carry the same sound or picture, so
`take` is the name without it.

Folders need not be there; where they are named as in the release (`Actor_05`, `Video_Speech_Actor_05`,
`Audio_Song_Actors_01-24`, in any case), they must not contradict the names.  Nothing is guessed from a renamed file
(`03-01-05-01-01-01-01 (1).wav`, `03_01_05_01_01_01_01.wav`): it is a failure, to be renamed or taken away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path, PurePosixPath

from aver.corpora.clip import Clip, Reading
from aver.corpora.files import SOUND, files_below, is_media, relative
from aver.corpora.findings import Finding
from aver.corpora.folders import agree, meaning_of, number_of, small
from aver.corpora.performances import add_clips
from aver.corpora.published import Part

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
#: The release has no song of actor 18, a woman (Zenodo record 1188976).
SILENT_IN_SONG = "18"
FIELDS = (
    ("modality", MODALITIES), ("channel", CHANNELS), ("emotion", EMOTIONS), ("intensity", INTENSITIES),
    ("statement", STATEMENTS), ("repetition", REPETITIONS), ("actor", ACTORS),
)  # fmt: skip
NAME = re.compile(r"[0-9]{2}(?:-[0-9]{2}){6}")
#: Six numbers or more in a row: meant as a RAVDESS name, or made from one.
NEARLY = re.compile(r"[0-9]+(?:[-_ .][0-9]+){5,}")
#: Folders into which people sort clips.
EMOTION_FOLDERS = {
    **{label: label for label in EMOTIONS.values()},
    "anger": "angry", "disgusted": "disgust", "fear": "fearful", "happiness": "happy", "sadness": "sad",
    "surprise": "surprised",
}  # fmt: skip
#: A folder that is named like one of the release's zip files, in small letters; people add to these names.
RELEASE_FOLDER = re.compile(r"(audio|video)_(speech|song)_actors?_([0-9]{2})(?:-([0-9]{2}))?(?![0-9])")


def _published() -> tuple[Part, ...]:
    """60 spoken takes of 24 actors and 44 sung takes of 23, each in three modalities: 7356 files."""
    parts = []
    for modality, channel in product(MODALITIES.values(), CHANNELS.values()):
        song = channel == "song"
        women, men = (11 if song else 12), 12
        actors, labels = women + men, [EMOTIONS[code] for code in EMOTIONS if not song or code in SONG_EMOTIONS]
        # Of each statement and repetition; neutral has one intensity, all others two.
        per_actor = {label: 4 if label == "neutral" else 8 for label in labels}
        takes = sum(per_actor.values())
        speakers = [actor for actor in ACTORS if not song or actor != SILENT_IN_SONG]
        parts.append(
            Part(
                name=f"{channel}, {modality}",
                source="Livingstone & Russo 2018, PLOS ONE 13(5) e0196391; Zenodo record 1188976",
                where={"channel": channel, "modality": modality},
                clips=takes * actors,
                speakers=actors,
                counts={
                    "label": {label: count * actors for label, count in per_actor.items()},
                    "sex": {"female": takes * women, "male": takes * men},
                    "speaker": dict.fromkeys(speakers, takes),
                    "intensity": {"normal": 4 * len(labels) * actors, "strong": 4 * (len(labels) - 1) * actors},
                    "sentence": dict.fromkeys(STATEMENTS.values(), takes * actors // 2),
                    "repetition": dict.fromkeys(REPETITIONS.values(), takes * actors // 2),
                },
            )
        )
    return tuple(parts)


PUBLISHED = _published()


def parse(stem: str) -> dict[str, str]:
    """Return the seven codes of a file name without its ending, by field name.

    Raises:
        ValueError: it is no RAVDESS name, or a code is not one of its field's; the message names the field.

    Example:
        >>> parse("03-01-06-01-02-01-12")["emotion"]
        '06'
    """
    if not NAME.fullmatch(stem):
        raise ValueError("not seven two-digit fields joined by '-'")
    codes = dict(zip((name for name, _ in FIELDS), stem.split("-"), strict=True))
    for name, table in FIELDS:
        if codes[name] not in table:
            raise ValueError(f"{name} {codes[name]} is not one of {', '.join(table)}")
    if codes["emotion"] == "01" and codes["intensity"] == "02":
        raise ValueError("neutral (emotion 01) has no strong intensity (02)")
    if codes["channel"] == "02" and codes["emotion"] not in SONG_EMOTIONS:
        raise ValueError(f"song (channel 02) has no emotion {codes['emotion']}")
    return codes


def name_of(codes: Mapping[str, str]) -> str:
    """Return the file name without its ending that `parse` reads as these codes."""
    return "-".join(codes[name] for name, _ in FIELDS)


def read(root: Path) -> Reading:
    """Read a RAVDESS folder: official `Actor_NN` folders, the release's zip folders, or all files in one place."""
    reading = Reading()
    clips: list[Clip] = []
    for file in files_below(root):
        path = relative(file, root)
        if not is_media(path) or not NEARLY.search(file.stem):
            reading.ignored.append(path)
            continue
        try:
            clips.append(clip_of(path))
        except ValueError as exc:
            reading.refuse(path, str(exc))
    for modality, ending in (("audiovisual", ".mp4"), ("video", ".mp4"), ("audio", ".wav")):
        add_clips(reading, (clip for clip in clips if clip.modality == modality), root, [ending])
    for clip in reading.clips:
        if clip.modality != "audio" and clip.path.lower().endswith(SOUND):
            detail = f"the name says {clip.modality}, the ending says that there is no picture"
            reading.findings.append(Finding(clip.clip_id, "irregular_name", detail))
    return reading


def clip_of(path: str) -> Clip:
    """Return the clip that a path relative to the root names (see `parse`).

    Raises:
        ValueError: an impossible field, or a folder that contradicts the name.
    """
    stem = PurePosixPath(path).stem
    codes = parse(stem)
    actor = number_of(path, "actor", "actor")
    agree("actor", actor and actor.zfill(2), codes["actor"])
    agree("emotion", meaning_of(path, EMOTION_FOLDERS, "emotion"), EMOTIONS[codes["emotion"]])
    for folder in PurePosixPath(path).parts[:-1]:
        _check_release_folder(folder, codes)
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
        elicitation="acted",
    )


def _check_release_folder(folder: str, codes: Mapping[str, str]) -> None:
    """Raise `ValueError` if a folder that is named like a zip file of the release contradicts the codes of a name."""
    if not (match := RELEASE_FOLDER.match(small(folder))):
        return
    kind, channel, first, last = match.groups()
    agree("channel", channel, CHANNELS[codes["channel"]])
    agree("kind", kind, "audio" if codes["modality"] == "03" else "video")
    if not int(first) <= int(codes["actor"]) <= int(last or first):
        raise ValueError(f"the folder {folder} does not hold actor {codes['actor']}")
