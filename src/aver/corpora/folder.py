"""Any folder of clips, with an optional `labels.csv`.

`labels.csv` has a header line with `path` (relative to the folder) and any of `label`, `speaker`, `sex`, `take`.
Clips that it does not name, and all clips where there is none, are unlabelled: they can be extracted, not trained on.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from aver.corpora.clip import MEDIA_SUFFIXES, Clip, Reading, files_below, relative
from aver.errors import CorpusError

LAYOUT = (
    "a folder (with subfolders) of video or sound files, and optionally labels.csv with the columns path,label,speaker"
)
LABELS = "labels.csv"
COLUMNS = ("path", "label", "speaker", "sex", "take")


def read(root: Path) -> Reading:
    """Read a folder of clips.

    Raises:
        CorpusError: `labels.csv` is not usable: unknown column, no `path`, a path twice, a path without a file.
    """
    reading = Reading()
    labels = _labels(root / LABELS)
    for path in files_below(root):
        name = relative(path, root)
        if path.suffix.lower() not in MEDIA_SUFFIXES:
            if name != LABELS:
                reading.ignored.append(name)
            continue
        clip = Clip(clip_id=name, path=name, take=name)
        known = {key: value for key, value in labels.pop(name, {}).items() if value}
        reading.clips.append(replace(clip, **known))
    if labels:
        raise CorpusError(
            f"{root / LABELS} names {len(labels)} file(s) that are not there, e.g. {', '.join(sorted(labels)[:3])}. "
            "Paths are relative to the folder of labels.csv, with forward slashes."
        )
    return reading


def _labels(file: Path) -> dict[str, dict[str, str]]:
    if not file.exists():
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
    except (UnicodeDecodeError, csv.Error) as exc:
        raise CorpusError(f"{file} cannot be read as UTF-8 CSV: {exc}") from exc
    labels: dict[str, dict[str, str]] = {}
    for row in (row for row in rows if any(row.values())):
        row.pop("", None)
        name = row.pop("path").replace("\\", "/").removeprefix("./")
        if name in labels:
            raise CorpusError(f"{file} names {name} twice; one row per clip")
        labels[name] = row
    return labels
