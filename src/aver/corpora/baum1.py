"""BAUM-1 (Zhalehpour et al. 2016): 31 Turkish speakers, 273 acted (BAUM-1a) and 1184 spontaneous (BAUM-1s) clips.

A name has two fields, subject and clip, for example `BAUM1s_MP4_all/s007/S007_029.mp4`.  That one numbering runs
through both parts is nowhere promised, so where a folder names the part, the id does too: `s/S007_029`.

A name says no emotion: labels come from the sheets beside the clips, `Annotations_BAUM1a.xlsx` and
`Annotations_BAUM1s.xlsx` or CSV files made from them (`aver.corpora.baum1_sheets`).  A clip that no sheet names has no
label and a finding that says so.

Sources: the sheets' columns, codes and the folders' names are those that published readers of the corpus use
(michen00/multilingual_speech_valence_classification_datasets, datasets/BAUM-1, and others that read `Clip Name` and
`Emotion`); numbers: Zhalehpour et al. 2016.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from aver.corpora.baum1_sheets import Sheets, part_of, read_sheets
from aver.corpora.clip import Clip, Reading
from aver.corpora.files import files_below, is_media, relative
from aver.corpora.findings import Finding
from aver.corpora.folders import agree, number_of
from aver.corpora.performances import add_clips, clip_of
from aver.corpora.published import Part
from aver.corpora.sheet import SUFFIXES

LAYOUT = (
    "BAUM-1: files named like S007_029.mp4, in folders like BAUM1a_MP4_all/s007 and BAUM1s_MP4_all/s007 or in one "
    "place, and somewhere beside them Annotations_BAUM1a.xlsx and Annotations_BAUM1s.xlsx (or .csv), which hold the "
    "labels"
)
SUBJECTS = frozenset(f"{number:03d}" for number in range(1, 32))
PARTS = {"a": "acted", "s": "spontaneous"}
PREFERRED = (".mp4", ".wav")
PUBLISHED = (
    Part("BAUM-1a, acted", "Zhalehpour et al. 2016", {"modality": "audiovisual", "elicitation": "acted"}, 273),
    Part(
        "BAUM-1s, spontaneous",
        "Zhalehpour et al. 2016",
        {"modality": "audiovisual", "elicitation": "spontaneous"},
        1184,
        note="31 speakers in both parts together, of whom 17 are men by one source and 17 are women by another",
    ),
)

NAME = re.compile(r"S([0-9]{3})_([0-9]{3})")
#: What is meant to be one of the corpus's names, or is made from one.
ALIKE = re.compile(r"(?<![a-z0-9])s[0-9]{2,4}[ _-][0-9]", re.ASCII | re.IGNORECASE)


def parse(stem: str) -> dict[str, str]:
    """Return subject and clip of a file name without its ending.

    Raises:
        ValueError: it is no BAUM-1 name, or a field is impossible; the message names the field.

    Example:
        >>> parse("S007_029")
        {'subject': '007', 'clip': '029'}
    """
    match = NAME.fullmatch(stem)
    if not match:
        raise ValueError("not S<subject>_<clip>, three digits each, as in S007_029")
    subject, clip = match.groups()
    if subject not in SUBJECTS:
        raise ValueError(f"subject {subject} is not one of 001 … 031")
    if clip == "000":
        raise ValueError("clip 000: clips are counted from 001")
    return {"subject": subject, "clip": clip}


def name_of(fields: dict[str, str]) -> str:
    """Return the file name without its ending that has these fields: the inverse of `parse`."""
    return f"S{fields['subject']}_{fields['clip']}"


def read(root: Path) -> Reading:
    """Read a BAUM-1 folder: one part or both, with the release's folders or without.

    Raises:
        CorpusError: an annotation sheet cannot be read or has not the columns `Clip Name` and `Emotion`.
    """
    reading = Reading()
    clips, lists = [], []
    for path in files_below(root):
        name = relative(path, root)
        if path.suffix.lower() in (*SUFFIXES, ".xls"):
            lists.append(path)
        elif not is_media(name) or not ALIKE.search(path.stem):
            reading.ignored.append(name)
        else:
            try:
                clips.append(clip_at(name))
            except ValueError as exc:
                reading.refuse(name, str(exc))
    add_clips(reading, clips, root, PREFERRED)
    sheets = read_sheets(lists, root, reading)
    reading.clips = [described(clip, sheets, reading) for clip in reading.clips]
    return reading


def clip_at(path: str) -> Clip:
    """Return the clip that a path relative to the root names; its label stands in the sheets.

    Raises:
        ValueError: an impossible field (see `parse`), or a folder `s007` that contradicts the name.
    """
    stem = PurePosixPath(path).stem
    fields = parse(_regular(stem))
    folder = number_of(path, "s", "subject")
    agree("subject", folder and f"{int(folder):03d}", fields["subject"])
    part = part_of(path)
    return clip_of(path, f"{part}/{name_of(fields)}" if part else name_of(fields), speaker=fields["subject"])


def described(clip: Clip, sheets: Sheets, reading: Reading) -> Clip:
    """Return the clip with what the sheets say of it; what is odd about it goes to the reading's findings."""
    stem, name = PurePosixPath(clip.path).stem, PurePosixPath(clip.take).name
    if stem != name:
        reading.findings.append(Finding(clip.clip_id, "irregular_name", f"{stem}: letters in another case"))
    part = part_of(clip.path) or sheets.part_of(name)
    label, sex, oddities = sheets.of(name, part)
    reading.findings += [Finding(clip.clip_id, kind, detail) for kind, detail in oddities]
    return replace(clip, label=label, sex=sex, elicitation=PARTS.get(part, ""))


def _regular(stem: str) -> str:
    return f"S{stem[1:]}" if stem.startswith("s") else stem
