"""SAVEE (Haq & Jackson 2009, 2010): four English men, seven emotions, 120 sentences each.

A file is called by its emotion and the number of the sentence within that emotion, and lies in its speaker's folder:
`AudioData/DC/sa03.wav`, `AudioVisualClip/DC/sa03.avi`, `DC/sa03.avi`.  People flatten this to `DC_sa03.wav` (the form
that circulates as `ALL`).  A performance is `DC_sa03`; its sound alone is a clip of its own with the same take.

The text material is 15 TIMIT sentences per emotion, 3 common to all emotions, 2 of the emotion and 10 generic, and 30
for neutral.  Which number is which kind is not published with the files, so `sentence` is what the name says, `sa03`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from aver.corpora.clip import Clip, Reading
from aver.corpora.files import files_below, is_media, relative
from aver.corpora.findings import Finding
from aver.corpora.folders import EMOTION_FOLDERS, agree, meaning_of, small
from aver.corpora.performances import add_clips
from aver.corpora.performances import clip_of as performed
from aver.corpora.published import Part

LAYOUT = (
    "SAVEE: files named like a01.avi or a01.wav in folders DC, JE, JK, KL (AudioData, AudioVisualClip or any folders "
    "above), or flattened to DC_a01.wav"
)
EMOTIONS = {
    "a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "n": "neutral", "sa": "sadness", "su": "surprise",
}  # fmt: skip
#: Folders into which people sort clips.
SORTED_INTO = {**EMOTION_FOLDERS, "neutral": "neutral"}
SPEAKERS = ("DC", "JE", "JK", "KL")
SPEAKER_FOLDERS = {small(speaker): speaker for speaker in SPEAKERS}
#: How many sentences each emotion has.
SENTENCES = {code: 30 if code == "n" else 15 for code in EMOTIONS}
NAME = re.compile(r"([A-Z]{2})_([a-z]{1,2})([0-9]{2})")
#: The same in small letters; in a speaker's folder the name has no speaker.
FILE = re.compile(r"(?:([a-z]{2})_)?([a-z]{1,2}([0-9]+))")
#: A SAVEE name with something before or behind it: meant as one, or made from one.
NEARLY = re.compile(r"(?<![a-z0-9])(?:a|d|f|h|n|sa|su)[0-9]{1,3}(?![a-z0-9])")


def _part(modality: str) -> Part:
    per_speaker = {EMOTIONS[code]: count for code, count in SENTENCES.items()}
    takes = sum(per_speaker.values())
    return Part(
        name=modality,
        source="Haq & Jackson 2009 (AVSP), 2010; kahlan.eps.surrey.ac.uk/savee",
        where={"modality": modality},
        clips=takes * len(SPEAKERS),
        speakers=len(SPEAKERS),
        counts={
            "label": {label: count * len(SPEAKERS) for label, count in per_speaker.items()},
            "speaker": dict.fromkeys(SPEAKERS, takes),
            "sex": {"male": takes * len(SPEAKERS)},
        },
    )


PUBLISHED = (_part("audiovisual"), _part("audio"))


def parse(name: str) -> dict[str, str]:
    """Return speaker, emotion code and sentence number of the name of a performance.

    Raises:
        ValueError: it is no SAVEE name, or a field is impossible; the message names the field.

    Example:
        >>> parse("DC_sa03")
        {'speaker': 'DC', 'emotion': 'sa', 'number': '03'}
    """
    match = NAME.fullmatch(name)
    if not match:
        raise ValueError("not speaker, '_', emotion and a two-digit sentence number, like DC_sa03")
    speaker, emotion, number = match.groups()
    if speaker not in SPEAKERS:
        raise ValueError(f"speaker {speaker} is not one of {', '.join(SPEAKERS)}")
    if emotion not in EMOTIONS:
        raise ValueError(f"emotion {emotion} is not one of {', '.join(EMOTIONS)}")
    if not 1 <= int(number) <= SENTENCES[emotion]:
        raise ValueError(f"sentence {number} is not one of 01 to {SENTENCES[emotion]} of {EMOTIONS[emotion]}")
    return {"speaker": speaker, "emotion": emotion, "number": number}


def name_of(fields: Mapping[str, str]) -> str:
    """Return the name of a performance that `parse` reads as these fields."""
    return f"{fields['speaker']}_{fields['emotion']}{fields['number']}"


def read(root: Path) -> Reading:
    """Read a SAVEE folder: speakers' folders below any others, or all files in one place."""
    reading = Reading()
    clips: list[Clip] = []
    for file in files_below(root):
        path = relative(file, root)
        stem = small(file.stem)
        if not is_media(path) or not (FILE.fullmatch(stem) or NEARLY.search(stem)):
            reading.ignored.append(path)
            continue
        try:
            clips.append(clip_of(path))
        except ValueError as exc:
            reading.refuse(path, str(exc))
    add_clips(reading, clips, root, [".avi", ".wav"])
    for clip in reading.clips:
        if (stem := PurePosixPath(clip.path).stem) not in (clip.take, clip.sentence):
            reading.findings.append(Finding(clip.clip_id, "irregular_name", f"{stem}: letters in another case"))
    return reading


def clip_of(path: str) -> Clip:
    """Return the clip that a path relative to the root names; folders and names may have any case.

    Raises:
        ValueError: an impossible field, no speaker, or a folder that contradicts another one or the name.
    """
    match = FILE.fullmatch(small(PurePosixPath(path).stem))
    if not match:
        raise ValueError("holds a name of the corpus and something else; a renamed copy is not guessed at")
    if len(match[3]) != 2:
        raise ValueError(f"sentence number {match[3]}: two digits are needed, as in a01")
    folder, named = meaning_of(path, SPEAKER_FOLDERS, "speaker"), (match[1] or "").upper()
    agree("speaker", folder, named)
    if not (speaker := folder or named):
        raise ValueError(f"no speaker: neither a folder nor the name says {', '.join(SPEAKERS[:-1])} or {SPEAKERS[-1]}")
    name = f"{speaker}_{match[2]}"
    label = EMOTIONS[parse(name)["emotion"]]
    agree("emotion", meaning_of(path, SORTED_INTO, "emotion"), label)
    return performed(path, name, label=label, speaker=speaker, sex="male", sentence=match[2], elicitation="acted")
