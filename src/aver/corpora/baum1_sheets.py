"""BAUM-1's annotation sheets: a clip's emotion or mental state, and the speaker's sex where a column says it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from aver.corpora.clip import Reading
from aver.corpora.files import is_media, relative
from aver.corpora.folders import small
from aver.corpora.sheet import SUFFIXES, Row, normalised, required, rows
from aver.errors import CorpusError

COLUMNS = ("Clip Name", "Emotion")
CODE_COLUMNS = ("emotioncode", "code")
SEX_COLUMNS = ("gender", "sex")
SEXES = {"male": "male", "m": "male", "female": "female", "f": "female"}
#: What the numbers of the sheets' code column mean, from 1 on, in the acted (a) and the spontaneous (s) part.
CODES = {
    "a": ("anger", "boredom", "disgust", "fear", "happiness", "interest", "sadness", "surprise", "unsure"),
    "s": (
        "anger", "boredom", "bothered", "concentrating", "contempt", "disgust", "fear", "happiness", "neutral",
        "sadness", "surprise", "thinking", "unsure",
    ),
}  # fmt: skip
#: The sheets' words, and other forms of the same ones, by label.
WORDS = {word: word for words in CODES.values() for word in words} | {
    "angry": "anger", "bored": "boredom", "concentration": "concentrating", "disgusted": "disgust", "fearful": "fear",
    "happy": "happiness", "interested": "interest", "sad": "sadness", "surprised": "surprise",
}  # fmt: skip

Oddity = tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """One row of a sheet: the part (`a` | `s` | empty) that the sheet speaks of, label, sex, and what is wrong."""

    part: str
    label: str
    sex: str
    oddities: tuple[Oddity, ...] = ()


@dataclass
class Sheets:
    """All rows of all sheets, by clip name."""

    files: list[str] = field(default_factory=list)
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def part_of(self, name: str) -> str:
        """Return the part (`a` | `s`) whose sheet names a clip; empty if none does, or both do."""
        parts = {entry.part for entry in self.entries.get(name, ())}
        return parts.pop() if len(parts) == 1 else ""

    def of(self, name: str, part: str) -> tuple[str, str, tuple[Oddity, ...]]:
        """Return label and sex (empty: not known) of a clip of a part (empty: any), and (kind, detail) of findings."""
        found = [entry for entry in self.entries.get(name, ()) if not (part and entry.part) or entry.part == part]
        if not found:
            where = f"none of {', '.join(self.files)} names it" if self.files else "no annotation sheet lies here"
            return "", "", (("not_in_sheet", f"{where}: it has no label"),)
        labels, sexes = sorted({entry.label for entry in found}), sorted({entry.sex for entry in found if entry.sex})
        oddities = dict.fromkeys(oddity for entry in found for oddity in entry.oddities)
        if len(labels) > 1:
            said = " and ".join(label or "(no label)" for label in labels)
            oddities[("unknown_label", f"its rows say {said}: it has no label")] = None
        if len(sexes) > 1:
            oddities[("unknown_label", f"its rows say {' and '.join(sexes)}: the sex is not known")] = None
        return labels[0] if len(labels) == 1 else "", sexes[0] if len(sexes) == 1 else "", tuple(oddities)


def part_of(path: str) -> str:
    """Return the part that a path names: `a` (acted), `s` (spontaneous), or empty if it names none or both.

    Example:
        >>> part_of("BAUM1s_MP4 - All/s007/S007_029.mp4"), part_of("mp4/S007_029.mp4")
        ('s', '')
    """
    parts = {match[1] for match in re.finditer(r"baum[ _-]?1[ _-]?([as])(?![a-z])", small(path))}
    return parts.pop() if len(parts) == 1 else ""


def read_sheets(files: Sequence[Path], root: Path, reading: Reading) -> Sheets:
    """Read the annotation sheets among `files`; the others are ignored.

    Raises:
        CorpusError: a file whose name speaks of annotations or of BAUM cannot be read, or one that speaks of
            annotations lacks a column.
    """
    sheets = Sheets()
    for file in files:
        name = relative(file, root)
        lines = _rows(file)
        if lines is None:
            reading.ignored.append(name)
            continue
        reading.metadata.append(name)
        sheets.files.append(name)
        for line in lines:
            sheets.entries[_clip_name(line["clipname"])].append(_entry(line, part_of(name)))
    return sheets


def _rows(file: Path) -> list[Row] | None:
    """Return a sheet's rows, or None if the file is no annotation sheet."""
    if file.name.startswith("~$"):  # what Excel leaves beside an open workbook
        return None
    meant = "annotation" in small(file.name)
    if file.suffix.lower() not in SUFFIXES:
        if meant:
            raise CorpusError(f"{file} is an old Excel workbook: save it as .xlsx or .csv.")
        return None
    if meant:
        return required(file, COLUMNS)
    try:
        return rows(file, COLUMNS)
    except CorpusError:
        if "baum" in small(file.name):
            raise
        return None


def _clip_name(cell: str) -> str:
    pure = PurePosixPath(cell.replace("\\", "/"))
    stem = pure.stem if is_media(pure.name) else pure.name
    return f"S{stem[1:]}" if stem.startswith("s") else stem


def _entry(line: Row, part: str) -> Entry:
    word = line.get("emotion", "")
    label = WORDS.get(normalised(word), "")
    oddities: list[Oddity] = []
    if not label:
        oddities.append(("unknown_label", f"the sheet says {word!r}: it has no label"))
    code = next((line[column] for column in CODE_COLUMNS if line.get(column)), "")
    if label and code and part:
        meant = _meaning(code, part)
        if meant != label:
            says = f"code {code}, which is {meant}" if meant else f"code {code}, which is none of its codes"
            oddities.append(("unknown_label", f"the sheet says {word} and {says}: it has no label"))
            label = ""
    said = next((line[column] for column in SEX_COLUMNS if line.get(column)), "")
    sex = SEXES.get(small(said), "")
    if said and not sex:
        oddities.append(("unknown_label", f"the sheet says the sex {said!r}"))
    return Entry(part, label, sex, tuple(oddities))


def _meaning(code: str, part: str) -> str:
    known = dict(enumerate(CODES[part], 1))
    number = re.fullmatch(r"([0-9]{1,2})(?:\.0)?", code)  # 7.0: what is written by way of floating-point numbers
    return known.get(int(number[1]), "") if number else ""
