"""Any folder of clips, with an optional `labels.csv`.

`labels.csv` has a header line with `path` (relative to the folder) and any of `label`, `perceived`, `speaker`, `sex`
(`female` or `male`), `take`.  Clips that it does not name, and all clips where there is none, are unlabelled: they can
be extracted, not trained on.  A name with an accent may be written composed or decomposed (Unicode NFC, NFD): macOS and
spreadsheets differ there.  Where two files differ in nothing else, the exact name counts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

from aver.corpora.clip import Clip, Reading
from aver.corpora.files import files_below, is_media, relative
from aver.corpora.published import Part
from aver.errors import CorpusError

LAYOUT = (
    "a folder (with subfolders) of video or sound files, and optionally labels.csv with the columns "
    "path,label,perceived,speaker,sex,take"
)
LABELS = "labels.csv"
COLUMNS = ("path", "label", "perceived", "speaker", "sex", "take")
SEXES = ("", "female", "male")
#: Nobody says what a folder should hold.
PUBLISHED: tuple[Part, ...] = ()


def read(root: Path) -> Reading:
    """Read a folder of clips.

    Raises:
        CorpusError: `labels.csv` is not usable: unknown column, no `path`, a path twice, a path without a file, a sex
            that is none of `female`, `male`.
    """
    reading = Reading()
    names = [relative(path, root) for path in files_below(root)]
    media = [name for name in names if is_media(name)]
    labels = _by_file(root / LABELS, _labels(root / LABELS), media)
    reading.metadata = [name for name in names if name == LABELS]
    reading.ignored = [name for name in names if not is_media(name) and name != LABELS]
    for name in media:
        reading.add(replace(Clip(clip_id=name, path=name, take=name), **labels.get(name, {})))
    return reading


def _by_file(file: Path, labels: dict[str, dict[str, str]], names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the rows of `labels.csv` by the names of the files that they name, without empty fields."""
    exact = set(names)
    forms: dict[str, list[str]] = {}
    for name in sorted(exact):
        forms.setdefault(normalize("NFC", name), []).append(name)
    found: dict[str, dict[str, str]] = {}
    lost = []
    for path, row in labels.items():
        written = path.replace("\\", "/").removeprefix("./")
        same = [name for name in (path, written) if name in exact] or forms.get(normalize("NFC", written), [])
        if not same:
            lost.append(path)
        elif same[0] in found:
            raise CorpusError(f"{file} names {same[0]} twice; one row per clip")
        elif same[0] != path and same[0] != written and len(same) > 1:
            raise CorpusError(f"{file} names {path}, and {len(same)} files differ from it in nothing but accents' form")
        else:
            found[same[0]] = {key: value for key, value in row.items() if value}
    if lost:
        raise CorpusError(
            f"{file} names {len(lost)} file(s) that are not there, e.g. {', '.join(sorted(lost)[:3])}. "
            "Paths are relative to the folder of labels.csv, with forward slashes."
        )
    return found


def _labels(file: Path) -> dict[str, dict[str, str]]:
    if not file.is_file():
        return {}
    try:
        # utf-8-sig: spreadsheets write a byte order mark
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            # Spreadsheets write commas behind the last column and blank rows behind the last clip.
            columns = [column.strip() for column in table.fieldnames or [] if column.strip()]
            unknown = sorted(set(columns) - set(COLUMNS))
            if "path" not in columns or unknown:
                raise CorpusError(
                    f"{file}: columns are {', '.join(columns) or '(none)'}; expected path and any of "
                    f"{', '.join(COLUMNS[1:])}" + (f"; unknown: {', '.join(unknown)}" if unknown else "")
                )
            rows = [{(k or "").strip(): (v or "").strip() for k, v in row.items() if k is not None} for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise CorpusError(f"{file} cannot be read as UTF-8 CSV: {exc}") from exc
    labels: dict[str, dict[str, str]] = {}
    for row in (row for row in rows if any(row.values())):
        row.pop("", None)
        name = row.pop("path")
        if name in labels:
            raise CorpusError(f"{file} names {name} twice; one row per clip")
        if row.get("sex", "") not in SEXES:
            raise CorpusError(f"{file}: the sex of {name} is {row['sex']!r}; accepted: female, male, or nothing")
        labels[name] = row
    return labels
