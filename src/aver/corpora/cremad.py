"""CREMA-D (Cao et al. 2014): 91 actors, 12 sentences, 6 emotions, 7442 clips as `.flv`, `.mp3` and `.wav`.

A name has four fields, `actor_sentence_emotion_level`, for example `1001_IEO_ANG_HI.flv`.  Only the sentence IEO was
acted at three levels; all else, and neutral, is unspecified (XX).  That this holds without exception, and the number of
clips per emotion, follow from the release's own list `SentenceFilenames.csv`.

The release's own tables are used where they lie below the root, under their own names, in any folder:
`VideoDemographics.csv` (sex of the actors) and `summaryTable.csv`, whose `MultiModalVote` (what viewers of sound and
picture together chose most) becomes the perceived emotion.  Sources: the README of the release's repository
(CheyneyComputerScience/CREMA-D); its defects are those that users report.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from aver.corpora.clip import Clip, Reading
from aver.corpora.cremad_lists import DEMOGRAPHICS, VOTES, read_sexes, read_votes
from aver.corpora.files import files_below, is_media, relative
from aver.corpora.findings import Finding
from aver.corpora.performances import add_clips, clip_of
from aver.corpora.published import Part

LAYOUT = (
    "CREMA-D: files named like 1001_DFA_ANG_XX.flv (VideoFlash), .wav (AudioWAV) or .mp3 (AudioMP3), in any folders, "
    "as in a clone of its repository after `git lfs pull`; with its summaryTable.csv and VideoDemographics.csv, if you "
    "have them"
)
SENTENCES = {
    "IEO": "It's eleven o'clock",
    "TIE": "That is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "The airplane is almost full",
    "MTI": "Maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "Don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "The surface is slick",
    "WSI": "We'll stop in a couple of minutes",
}
EMOTIONS = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
#: The only sentence that was acted at several levels.
LEVELLED = "IEO"
ACTORS = frozenset(str(number) for number in range(1001, 1092))
#: Names that break the rule: the name that is meant, and why it is clear.
IRREGULAR = {
    "1040_ITH_SAD_X": ("1040_ITH_SAD_XX", "one X too few; the release's lists name it 1040_ITH_SAD_XX"),
}
#: Clips that the release holds in a bad state.  They stay clips: what of them can be used is seen by the media stage.
DEFECTS = {
    "1064_IEO_DIS_MD": "61 s with several emotions: it has no label",
    "1064_TIE_SAD_XX": "its duration is zero",
    "1076_MTI_NEU_XX": "it cannot be played and has no sound",
    "1076_MTI_SAD_XX": "it is silent and shows no face",
}
#: Among `DEFECTS`: no single emotion holds for the whole clip.
UNLABELLED = frozenset({"1064_IEO_DIS_MD"})
#: The release's own formats first.
PREFERRED = (".flv", ".wav", ".mp3")

_SOURCE = "Cao et al. 2014; per emotion: SentenceFilenames.csv of the release"
#: As read: the release's list has 1271 of disgust, one of them in `UNLABELLED`.
_COUNTS = {"label": dict.fromkeys(("anger", "fear", "happy", "sad"), 1271) | {"disgust": 1270, "neutral": 1087, "": 1}}
_NOTE = (
    "48 male and 43 female actors; of the 1271 clips named disgust one (1064_IEO_DIS_MD) holds several emotions and is "
    "read without a label"
)
PUBLISHED = (
    Part("audio-video (VideoFlash)", _SOURCE, {"modality": "audiovisual"}, 7442, 91, _COUNTS, _NOTE),
    Part("audio-only (AudioWAV, AudioMP3)", _SOURCE, {"modality": "audio"}, 7442, 91, _COUNTS, _NOTE),
)

NAME = re.compile(r"[0-9]{4}_[A-Z]{3}_[A-Z]{3}_[A-Z]{2}")
#: What is meant to be one of the corpus's names, or is made from one.
ALIKE = re.compile(r"(?<![a-z0-9])[0-9]{3,5}[ _-][a-z]{2,4}[ _-][a-z]{2,}", re.ASCII | re.IGNORECASE)


def parse(stem: str) -> dict[str, str]:
    """Return the four codes of a file name without its ending, by field name.

    Raises:
        ValueError: it is no CREMA-D name, or a code is not one of its field's; the message names the field.

    Example:
        >>> parse("1001_DFA_ANG_XX")["sentence"]
        'DFA'
    """
    if not NAME.fullmatch(stem):
        raise ValueError("not actor_sentence_emotion_level, as in 1001_DFA_ANG_XX")
    actor, sentence, emotion, level = stem.split("_")
    if actor not in ACTORS:
        raise ValueError(f"actor {actor} is not one of 1001 … 1091")
    for field, code, table in (
        ("sentence", sentence, SENTENCES),
        ("emotion", emotion, EMOTIONS),
        ("level", level, LEVELS),
    ):
        if code not in table:
            raise ValueError(f"{field} {code} is not one of {', '.join(table)}")
    levelled = sentence == LEVELLED and emotion != "NEU"
    if levelled != (level != "XX"):
        raise ValueError(f"level {level}: only {LEVELLED}, and not its neutral, was acted at the levels LO, MD and HI")
    return {"actor": actor, "sentence": sentence, "emotion": emotion, "level": level}


def name_of(fields: dict[str, str]) -> str:
    """Return the file name without its ending that has these codes: the inverse of `parse`."""
    return "_".join(fields[field] for field in ("actor", "sentence", "emotion", "level"))


def read(root: Path) -> Reading:
    """Read a CREMA-D folder: a clone of its repository, one of its folders, or files anywhere.

    Raises:
        CorpusError: a list of the release is not usable, or lies there twice with different contents.
    """
    reading = Reading()
    clips, lists = [], []
    for path in files_below(root):
        name = relative(path, root)
        if path.name.lower() in (DEMOGRAPHICS.lower(), VOTES.lower()):
            lists.append(path)
            reading.metadata.append(name)
        elif not is_media(name) or not ALIKE.search(path.stem):
            reading.ignored.append(name)
        else:
            try:
                clips.append(clip_at(name))
            except ValueError as exc:
                reading.refuse(name, str(exc))
    add_clips(reading, clips, root, PREFERRED)
    reading.findings += [finding for clip in reading.clips for finding in oddities(clip)]
    read_sexes([path for path in lists if path.name.lower() == DEMOGRAPHICS.lower()], reading)
    read_votes([path for path in lists if path.name.lower() == VOTES.lower()], reading)
    reading.clips = [replace(clip, perceived="") if clip.take in UNLABELLED else clip for clip in reading.clips]
    return reading


def clip_at(path: str) -> Clip:
    """Return the clip that a path relative to the root names.

    Raises:
        ValueError: an impossible field (see `parse`).
    """
    stem = PurePosixPath(path).stem
    name, _ = IRREGULAR.get(_capital(stem), (_capital(stem), ""))
    codes = parse(name)
    clip = clip_of(
        path,
        name,
        label=EMOTIONS[codes["emotion"]],
        speaker=codes["actor"],
        sentence=SENTENCES[codes["sentence"]],
        intensity=LEVELS[codes["level"]],
        elicitation="acted",
    )
    return replace(clip, label="") if name in UNLABELLED else clip


def oddities(clip: Clip) -> list[Finding]:
    """Return what is odd about a clip's name or known of its file."""
    found = []
    stem = PurePosixPath(clip.path).stem
    if _capital(stem) in IRREGULAR:
        found.append(Finding(clip.clip_id, "irregular_name", f"{stem}: {IRREGULAR[_capital(stem)][1]}"))
    elif stem != clip.take:
        found.append(Finding(clip.clip_id, "irregular_name", f"{stem}: letters in another case"))
    if clip.take in DEFECTS:
        found.append(Finding(clip.clip_id, "known_defect", DEFECTS[clip.take]))
    return found


def _capital(stem: str) -> str:
    # Letters outside ASCII stay: the capital of a long s is S.
    return stem.upper() if stem.isascii() else stem
