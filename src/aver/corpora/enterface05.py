"""eNTERFACE'05 (Martin et al. 2006): 42 to 44 people, 6 emotions, 5 sentences each.

The release lies as `subject 1/anger/sentence 1/s1_an_1.avi`.  Its folders are regular and its names are not; the list
in EmoBox (emo-box/EmoBox, data/enterface) shows all of them, and `IRREGULAR` declares each with its reason.  Where
folder and name disagree otherwise, the clip is a failure.

All of subject 11's files are named s12.  The folder is believed: subject 12's folder holds 30 other recordings (other
contents, other lengths), and no other file is in the wrong subject's folder.  In a copy without subject folders a file
s12_an_1 may therefore be either's.  It is subject 12's if an s11_an_1 lies beside it, which only a copy has whose maker
renamed subject 11's files; otherwise it is a failure.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from aver.corpora.clip import Clip, Reading
from aver.corpora.files import files_below, is_media, relative
from aver.corpora.findings import Finding
from aver.corpora.folders import EMOTION_FOLDERS, EMOTIONS, agree, meaning_of, number_of, small
from aver.corpora.performances import add_clips, clip_of
from aver.corpora.published import Part

LAYOUT = (
    "eNTERFACE'05: folders like `subject 1/anger/sentence 1` with files named like s1_an_1.avi (the unpacked "
    "project2_database.zip), or a flattened copy"
)
SUBJECTS = frozenset(str(number) for number in range(1, 45))
SENTENCES = frozenset("12345")
#: Paths that break the rule: (path in small letters without its ending, the name that is meant, the reason).
IRREGULAR = (
    (r"(?:.*/)?s16_su_3avi", r"s16_su_3", "its dot is missing"),
    (r"(?:.*/)?s_3_([a-z]+)_([0-9])", r"s3_\1_\2", "subject 3, with an underscore too many"),
    (r"(?:.*/)?s6_([a-z]+)", r"s6_\1", "subject 6 was not cut into sentences"),
    (r"(?:.*/)?(?:subject|s)[ _-]?0*11/(?:.*/)?s12_([a-z]+_[0-9])", r"s11_\1", "all files of subject 11 are named s12"),
)
_SWAPPED = "in the release it lies in the folder of the other sentence; which is right is not known"
#: Names whose sentence is not known; subject and emotion are.
SENTENCE_UNKNOWN = {"s2_an_1": _SWAPPED, "s2_an_2": _SWAPPED}
#: A recording of subject 6.
SESSION = re.compile(r"s6_[a-z]+")
SESSION_DEFECT = "a whole session of 56 to 107 s with one emotion, not one sentence"
PREFERRED = (".avi", ".wav")
PUBLISHED = (
    Part(
        "all",
        "Martin et al. 2006; enterface.net/enterface05/emotion.html; albanie/mcnDatasets; emo-box/EmoBox",
        {"modality": "audiovisual"},
        note=(
            "Sources differ. The paper has 1166 clips, 42 subjects (81 % men). The release has 44 folders with "
            "1293 files: 42 with 30, subject 23 with 27, subject 6 with 6 whole sessions. Without those it has 1287, "
            "and 1257 where subject 11's files, named s12, overwrite subject 12's."
        ),
    ),
)

NAME = re.compile(r"s([0-9]+)_([a-z]+)_([0-9]+)")
#: What is meant to be one of the corpus's names, or is made from one.
ALIKE = re.compile(rf"(?<![a-z0-9])s_?[0-9]+(?:_[a-z]|[ -](?:{'|'.join(EMOTIONS)})[ -])", re.ASCII | re.IGNORECASE)


def parse(stem: str) -> dict[str, str]:
    """Return subject, emotion and sentence of a regular file name without its ending.

    Raises:
        ValueError: it is no regular eNTERFACE name, or a field is impossible; the message names the field.

    Example:
        >>> parse("s33_ha_3")
        {'subject': '33', 'emotion': 'ha', 'sentence': '3'}
    """
    match = NAME.fullmatch(stem)
    if not match:
        raise ValueError("not s<subject>_<emotion>_<sentence>, as in s1_an_1")
    subject, emotion, sentence = match.groups()
    _check(subject, emotion)
    if sentence not in SENTENCES:
        raise ValueError(f"sentence {sentence} is not one of 1 … 5")
    return {"subject": subject, "emotion": emotion, "sentence": sentence}


def name_of(fields: dict[str, str]) -> str:
    """Return the file name without its ending that has these fields: the inverse of `parse`."""
    return f"s{fields['subject']}_{fields['emotion']}_{fields['sentence']}"


def _check(subject: str, emotion: str) -> None:
    if subject not in SUBJECTS:
        raise ValueError(f"subject {subject} is not one of 1 … 44")
    if emotion not in EMOTIONS:
        raise ValueError(f"emotion {emotion} is not one of {', '.join(EMOTIONS)}")


def read(root: Path) -> Reading:
    """Read an eNTERFACE'05 folder: the release's folders, or a copy with fewer of them."""
    reading = Reading()
    clips = []
    paths = files_below(root)
    names = {_bare(relative(path, root)) for path in paths}
    for path in paths:
        name = relative(path, root)
        # The release's s16_su_3avi circulates with and without another .avi.
        if not ALIKE.search(path.stem) or (not is_media(name) and small(path.name) != "s16_su_3avi"):
            reading.ignored.append(name)
            continue
        try:
            clips.append(clip_at(name, names))
        except ValueError as exc:
            reading.refuse(name, str(exc))
    add_clips(reading, clips, root, PREFERRED)
    reading.findings += [finding for clip in reading.clips for finding in oddities(clip)]
    return reading


def clip_at(path: str, names: Collection[str] = ()) -> Clip:
    """Return the clip that a path relative to the root names.

    Args:
        path: with forward slashes.
        names: paths without their ending, in small letters, of all files below the root.

    Raises:
        ValueError: an impossible field (see `parse`), or folder and name disagree.
    """
    stem, _ = regular(path)
    if SESSION.fullmatch(stem):
        subject, emotion = stem.removeprefix("s").split("_")
        _check(subject, emotion)
        sentence = ""
    else:
        fields = parse(stem)
        subject, emotion, sentence = fields["subject"], fields["emotion"], fields["sentence"]
    folder = number_of(path, "subject|s", "subject")
    agree("subject", folder, subject)
    if subject == "12" and not folder and _beside(path, f"s11_{emotion}_{sentence}") not in names:
        raise ValueError(
            "subject not known: subject 11's files are named s12 too, and no folder says whose this is. "
            "Copy them again with their folders"
        )
    agree("emotion", meaning_of(path, EMOTION_FOLDERS, "emotion"), EMOTIONS[emotion])
    if stem in SENTENCE_UNKNOWN:
        sentence = ""
    else:
        agree("sentence", number_of(path, "sentence", "sentence"), sentence)
    label = EMOTIONS[emotion]
    # Each subject listened to a story meant to bring the emotion about, and then reacted to it (section 2).
    return clip_of(path, stem, label=label, speaker=subject, sentence=sentence, elicitation="induced")


def regular(path: str) -> tuple[str, str]:
    """Return the name that the file at `path` is meant to have, in small letters, and why; no reason: it is regular."""
    bare = _bare(path)
    for pattern, name, reason in IRREGULAR:
        if match := re.fullmatch(pattern, bare, re.DOTALL):
            return match.expand(name), reason
    stem = bare.rsplit("/", 1)[-1]
    case = "letters in another case" if stem != PurePosixPath(path).stem else ""
    return stem, "; ".join(filter(None, (case, SENTENCE_UNKNOWN.get(stem))))


def oddities(clip: Clip) -> list[Finding]:
    """Return what is odd about a clip's name or known of its file."""
    found = []
    _, reason = regular(clip.path)
    if reason:
        stem = PurePosixPath(clip.path).stem
        read_as = f", read as {clip.take}" if stem != clip.take else ""
        found.append(Finding(clip.clip_id, "irregular_name", f"{stem}{read_as}: {reason}"))
    if SESSION.fullmatch(clip.take):
        found.append(Finding(clip.clip_id, "known_defect", SESSION_DEFECT))
    return found


def _bare(path: str) -> str:
    pure = PurePosixPath(path)
    return small((pure.parent / pure.stem).as_posix())


def _beside(path: str, stem: str) -> str:
    return _bare((PurePosixPath(path).parent / stem).as_posix())
