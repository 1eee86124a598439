"""RML (Wang & Guan 2004): 8 people speaking 6 languages, 6 emotions, 720 clips.

A name is an emotion's first two letters and a number, for example `s3/an7.avi`; who speaks is known from the folder
alone.  Somebody who speaks two languages has a folder for each inside the own one (`s3/<language>/an7.avi`), in which
the same names come again; so a clip's id is its path from the speaker's folder on.  Flattened copies put the speaker's
folder before the name (`s3_an7.avi`); a copy without it cannot say who speaks, and is a failure.

Sources: the database's page (rml.ryerson.ca/rml-emotion-database.html); the folders and the numbers per emotion are
those that the reader albanie/mcnDatasets was written for (`rml-1/s1 … s5`, `rml-2/s6 … s8`).
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from aver.corpora.clip import Clip, Reading
from aver.corpora.files import files_below, is_media, relative
from aver.corpora.findings import Finding
from aver.corpora.folders import EMOTION_FOLDERS, EMOTIONS, agree, meaning_of, number_of, small
from aver.corpora.performances import add_clips, clip_of
from aver.corpora.published import Part

LAYOUT = (
    "RML: folders s1 … s8, one per speaker (perhaps inside rml-1 and rml-2, perhaps with folders per language inside), "
    "with files named like an7.avi; or a flattened copy with names like s3_an7.avi"
)
SPEAKERS = frozenset("12345678")
SPEAKER_FOLDERS = "s|speaker|subject"
PREFERRED = (".avi", ".wav")
PUBLISHED = (
    Part(
        "all",
        "rml.ryerson.ca/rml-emotion-database.html; per emotion: albanie/mcnDatasets",
        {"modality": "audiovisual"},
        720,
        8,
        {"label": dict.fromkeys(EMOTIONS.values(), 120)},
        "six languages: English, Mandarin, Urdu, Punjabi, Persian, Italian",
    ),
)

NAME = re.compile(r"(?:s([0-9]+)_)?([a-z]+)([0-9]{1,3})")
#: What is meant to be one of the corpus's names, or is made from one: an emotion's two letters and a number.
ALIKE = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(EMOTIONS)})[ _-]?[0-9]", re.ASCII | re.IGNORECASE)


def parse(stem: str) -> dict[str, str]:
    """Return speaker (empty, unless the name is that of a flattened copy), emotion and number of a name.

    Raises:
        ValueError: it is no RML name, or a field is impossible; the message names the field.

    Example:
        >>> parse("an7")
        {'speaker': '', 'emotion': 'an', 'number': '7'}
    """
    match = NAME.fullmatch(stem)
    if not match:
        raise ValueError("not an emotion's two letters and a number, as in an7")
    speaker, emotion, number = match[1] or "", match[2], match[3]
    if speaker and speaker not in SPEAKERS:
        raise ValueError(f"speaker {speaker} is not one of 1 … 8")
    if emotion not in EMOTIONS:
        raise ValueError(f"emotion {emotion} is not one of {', '.join(EMOTIONS)}")
    return {"speaker": speaker, "emotion": emotion, "number": number}


def name_of(fields: dict[str, str]) -> str:
    """Return the file name without its ending that has these fields: the inverse of `parse`."""
    prefix = f"s{fields['speaker']}_" if fields["speaker"] else ""
    return f"{prefix}{fields['emotion']}{fields['number']}"


def read(root: Path) -> Reading:
    """Read an RML folder: the release's folders, or a flattened copy whose names say the speaker."""
    reading = Reading()
    clips = []
    for path in files_below(root):
        name = relative(path, root)
        if not is_media(name) or not ALIKE.search(path.stem):
            reading.ignored.append(name)
            continue
        try:
            clips.append(clip_at(name))
        except ValueError as exc:
            reading.refuse(name, str(exc))
    add_clips(reading, clips, root, PREFERRED)
    for clip in reading.clips:
        stem = PurePosixPath(clip.path).stem
        if stem != regular(stem):
            detail = f"{stem}: read as {regular(stem)}"
            reading.findings.append(Finding(clip.clip_id, "irregular_name", detail))
    return reading


def regular(stem: str) -> str:
    """Return a name in small letters, with nothing between emotion and number (`AN_7`, `an 7`, `an07` → `an7`)."""
    return re.sub(r"(?<=[a-z])[ _-]?0*(?=[0-9]+\Z)", "", small(stem))


def clip_at(path: str) -> Clip:
    """Return the clip that a path relative to the root names.

    Raises:
        ValueError: an impossible field (see `parse`), no speaker, or a folder that contradicts the name.
    """
    fields = parse(regular(PurePosixPath(path).stem))
    folder = number_of(path, SPEAKER_FOLDERS, "speaker")
    agree("speaker", folder, fields["speaker"])
    speaker = folder or fields["speaker"]
    if not speaker:
        raise ValueError("speaker not known: there is no folder s1 … s8 above it, and no s1_ … s8_ before its name")
    if speaker not in SPEAKERS:
        raise ValueError(f"speaker {speaker} is not one of 1 … 8")
    label = EMOTIONS[fields["emotion"]]
    agree("emotion", meaning_of(path, EMOTION_FOLDERS, "emotion"), label)
    within = "/".join(_below_speaker(path)) if folder else ""
    name = f"s{speaker}/{within}{fields['emotion']}{fields['number']}"
    return clip_of(path, name, label=label, speaker=speaker, elicitation="acted")


def _below_speaker(path: str) -> list[str]:
    """Return the folders between the speaker's and the file that tell performances apart, each with an empty text."""
    folders = PurePosixPath(path).parent.parts
    last = max(place for place, folder in enumerate(folders) if number_of(f"{folder}/x", SPEAKER_FOLDERS, ""))
    telling = [folder for folder in folders[last + 1 :] if small(folder) not in EMOTION_FOLDERS]
    return [*telling, ""] if telling else []
