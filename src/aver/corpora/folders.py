"""What the folders above a file say: `subject 3`, `s3`, `sentence 2`, an emotion.

Copies circulate with other separators and capitals (`Subject-3`, `subject_03`); they say the same.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import PurePosixPath

#: How RML and eNTERFACE'05 shorten their six emotions.
EMOTIONS = {"an": "anger", "di": "disgust", "fe": "fear", "ha": "happiness", "sa": "sadness", "su": "surprise"}
#: Folders that these corpora, and people who copy them, sort clips into.
EMOTION_FOLDERS = {
    **EMOTIONS,
    **{name: name for name in EMOTIONS.values()},
    "angry": "anger", "disgusted": "disgust", "fearful": "fear", "happy": "happiness", "sad": "sadness",
    "surprised": "surprise",
}  # fmt: skip
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def small(text: str) -> str:
    """Return a text with A … Z as a … z and nothing else changed (`str.lower` also makes a k of the Kelvin sign)."""
    return text.translate(_SMALL)


def number_of(path: str, words: str, what: str) -> str:
    """Return the number of the folder above `path` that is called `<word> <number>`; empty if none is.

    Args:
        path: relative to the corpus root, with forward slashes.
        words: accepted words, as alternatives of a regular expression, e.g. `subject|s`.
        what: what the number is, for the error.

    Raises:
        ValueError: two folders, one inside the other, say different numbers.

    Example:
        >>> number_of("enterface database/Subject_03/anger/x.avi", "subject", "subject")
        '3'
    """
    pattern = re.compile(rf"(?:{words})[ _-]?0*([1-9][0-9]*)")
    return _one([match[1] for folder in _above(path) if (match := pattern.fullmatch(folder))], what)


def meaning_of(path: str, meanings: Mapping[str, str], what: str) -> str:
    """Return what the folders above `path` mean by `meanings` (of names in lower case); empty if none means anything.

    Raises:
        ValueError: two folders, one inside the other, mean different things.

    Example:
        >>> meaning_of("subject 3/Happiness/x.avi", {"happiness": "happiness"}, "emotion")
        'happiness'
    """
    return _one([meanings[folder] for folder in _above(path) if folder in meanings], what)


def agree(what: str, folder: str, name: str) -> None:
    """Check that folder and name say the same, unless one says nothing.

    Raises:
        ValueError: they do not; says what each says.
    """
    if folder and name and folder != name:
        raise ValueError(f"the folder says {what} {folder}, the name says {what} {name}")


def _above(path: str) -> tuple[str, ...]:
    """Return the folders above a path, the outermost first, in small letters."""
    return tuple(small(folder) for folder in PurePosixPath(path).parent.parts)


def _one(values: list[str], what: str) -> str:
    if len(set(values)) > 1:
        raise ValueError(f"its folders say {what} {' and '.join(values)}")
    return values[0] if values else ""
