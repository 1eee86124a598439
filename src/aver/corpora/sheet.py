"""The lists that come with a corpus, as CSV or as Excel workbooks (`.xlsx`): rows of texts under named columns.

Column names are compared in lower case, with everything but letters and digits left out: `Clip Name` is `clipname`.
What stands above the header line (a title) is skipped, and so are blank lines and the blank cells behind a line's last.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aver.errors import CorpusError

SUFFIXES = (".csv", ".tsv", ".xlsx")
#: The header line is looked for in so many lines that are not blank.
HEADER_WITHIN = 20
#: A corpus's list takes some hundred kilobytes; a workbook that unpacks to more than this is refused.
MAX_BYTES = 64 * 2**20
#: The largest list of a corpus that AVER reads has 7442 rows and some ten columns.
MAX_ROWS, MAX_COLUMNS = 100_000, 256

Row = dict[str, str]


def rows(file: Path, columns: Sequence[str]) -> list[Row] | None:
    """Return the rows of every table in `file` that has all `columns`, by normalised column name; no blank rows.

    Returns None if it holds no such table.

    Raises:
        CorpusError: the file cannot be read as what its ending says, or is far too large for a list.
    """
    wanted = {normalised(column) for column in columns}
    found: list[Row] | None = None
    for lines in _tables(file):
        for number, line in enumerate(lines[:HEADER_WITHIN]):
            header = [normalised(cell) for cell in line]
            if wanted <= set(header):
                found = [*(found or []), *_under(header, lines[number + 1 :])]
                break
    return found


def required(file: Path, columns: Sequence[str]) -> list[Row]:
    """Return the rows of `file` as `rows` does.

    Raises:
        CorpusError: also if no table in it has all `columns`; names them.
    """
    found = rows(file, columns)
    if found is None:
        raise CorpusError(
            f"{file} has no header line with the columns {', '.join(columns)} within its first {HEADER_WITHIN} lines. "
            "Restore the corpus's own file, or take this one out of the corpus folder."
        )
    return found


def normalised(column: str) -> str:
    """Return a column's name in lower case, letters and digits only.

    Example:
        >>> normalised(" Clip_Name ")
        'clipname'
    """
    return "".join(letter for letter in column.lower() if letter.isalnum())


def _under(header: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[Row]:
    for line in lines:
        # strict=False: spreadsheets leave out trailing blank cells, and write some behind the last column.
        row = {name: cell for name, cell in zip(header, line, strict=False) if name}
        if any(row.values()):
            yield row


def _text(cell: object) -> str:
    """Return a cell as text; Excel stores 7 as 7.0."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()


def _bounded(file: Path, table: Iterable[Sequence[object]]) -> list[list[str]]:
    """Return the lines of a table that are not blank, without blank cells at their ends.

    Raises:
        CorpusError: there are too many of them, or one is too long.
    """
    lines: list[list[str]] = []
    for line in table:
        last = next((place for place in range(len(line), 0, -1) if line[place - 1] not in (None, "")), 0)
        cells = [_text(cell) for cell in line[:last]]
        if not any(cells):
            continue
        if len(cells) > MAX_COLUMNS or len(lines) == MAX_ROWS:
            raise CorpusError(
                f"{file} has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns: it cannot be a corpus's list. "
                "Remove it."
            )
        lines.append(cells)
    return lines


def _tables(file: Path) -> Iterator[list[list[str]]]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise CorpusError(f"{file} has more than {MAX_BYTES >> 20} MiB: it cannot be a corpus's list. Remove it.")
        if file.suffix.lower() == ".xlsx":
            yield from _workbook(file)
        else:
            yield _csv(file)
    except (OSError, csv.Error, zipfile.BadZipFile) as exc:
        raise CorpusError(f"{file} cannot be read: {exc}. Restore the corpus's own file.") from exc


def _csv(file: Path) -> list[list[str]]:
    content = file.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Older Excel writes the machine's code page.  What is compared (names, labels) is ASCII in all of them.
        text = content.decode("latin-1")
    top = "\n".join(text.splitlines()[:HEADER_WITHIN])
    delimiter = max(",;\t", key=top.count)
    return _bounded(file, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _workbook(file: Path) -> Iterator[list[list[str]]]:
    from openpyxl import load_workbook  # here: only a corpus with a workbook needs it

    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            raise CorpusError(f"{file} unpacks to more than {MAX_BYTES >> 20} MiB: it cannot be a corpus's list.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which carry no text
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            tables = []
            for sheet in book.worksheets:
                # What a sheet says of its own size makes openpyxl fill it with blank cells.
                sheet.reset_dimensions()
                tables.append(_bounded(file, sheet.iter_rows(values_only=True)))
            book.close()
        except CorpusError:
            raise
        except Exception as exc:  # what a damaged workbook makes the parser raise is not documented
            raise CorpusError(f"{file} cannot be read as an Excel workbook: {exc!r}. Restore it.") from exc
    yield from tables
