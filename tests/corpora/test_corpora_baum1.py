"""BAUM-1: names, parts, and the annotation sheets as CSV and as Excel workbooks."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest
from corpora_names import check_parser
from corpora_trees import touch
from openpyxl import Workbook

from aver.corpora import baum1, sheet
from aver.corpora.clip import Clip, Reading
from aver.errors import CorpusError

RIGHT = [f"S{subject:03d}_{clip:03d}" for subject in range(1, 32) for clip in range(1, 1000)]
HEADER = ["No", "Subject No", "Set", "Clip Name", "Emotion", "Emotion Code", "Gender"]
SPONTANEOUS = "BAUM1s_MP4_all/s001/S001_010.mp4"
ACTED = "BAUM1a_MP4_all/s001/S001_001.mp4"


def line(name: str, emotion: object, code: object = "", sex: str = "") -> list[object]:
    return [1, int(name[1:4]), 1, name, emotion, code, sex]


def write(file: Path, *lines: list[object], header: list[str] = HEADER) -> None:
    """Write a sheet as its ending says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [header, *lines]
    if file.suffix == ".xlsx":
        book = Workbook()
        for row in rows:
            book.active.append(row)
        book.save(file)
    else:
        file.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8-sig")


def only(reading: Reading) -> Clip:
    (clip,) = reading.clips
    return clip


def said(reading: Reading) -> list[tuple[str, str]]:
    return [(finding.clip_id, finding.kind) for finding in reading.findings]


def test_the_parser_reads_the_right_names_and_no_other():
    codes = (["S000", "S001", "S031", "S032", "s001", "S01"], ["000", "001", "999", "1", "1000"])
    check_parser(baum1.parse, baum1.name_of, RIGHT, codes)


@pytest.mark.parametrize(
    ("stem", "field"),
    [("S032_001", "subject 032"), ("S000_001", "subject 000"), ("S001_000", "clip 000"), ("S1_1", "three digits")],
)
def test_an_impossible_name_says_which_field(stem, field):
    with pytest.raises(ValueError, match=field):
        baum1.parse(stem)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_labels_come_from_the_sheets(tmp_path, ending):
    touch(tmp_path, ACTED, SPONTANEOUS, "BAUM1s_MP4_all/s001/S001_011.mp4", "readme.txt", "~$Annotations_BAUM1a.xlsx")
    write(tmp_path / f"Annotations_BAUM1a.{ending}", line("S001_001", "Anger", 1, "Male"))
    write(
        tmp_path / f"Annotations_BAUM1s.{ending}",
        line("S001_010", "Happiness", 8.0, "Male"), line("S001_011", "Thinking", 12, "Male"),
    )  # fmt: skip
    reading = baum1.read(tmp_path)
    assert [(clip.clip_id, clip.label, clip.speaker, clip.sex) for clip in reading.clips] == [
        ("a/S001_001", "anger", "001", "male"), ("s/S001_010", "happiness", "001", "male"),
        ("s/S001_011", "thinking", "001", "male"),
    ]  # fmt: skip
    assert (reading.findings, reading.failures) == ([], [])
    assert reading.metadata == [f"Annotations_BAUM1{part}.{ending}" for part in "as"]
    assert sorted(reading.ignored) == ["readme.txt", "~$Annotations_BAUM1a.xlsx"]


def test_mental_states_keep_their_words(tmp_path):
    states = ["Boredom", "Bothered", "Concentrating", "Contempt", "Interest", "Neutral", "Thinking", "Unsure"]
    names = [f"S001_{number:03d}" for number in range(1, 9)]
    touch(tmp_path, *(f"{name}.mp4" for name in names))
    write(tmp_path / "annotations.csv", *(line(*pair) for pair in zip(names, states, strict=True)))
    assert [clip.label for clip in baum1.read(tmp_path).clips] == [state.lower() for state in states]


def test_without_a_sheet_every_clip_is_unlabelled_and_says_so(tmp_path):
    reading = baum1.read(touch(tmp_path, ACTED, SPONTANEOUS))
    assert [clip.label for clip in reading.clips] == ["", ""]
    assert said(reading) == [("a/S001_001", "not_in_sheet"), ("s/S001_010", "not_in_sheet")]
    assert "no annotation sheet" in reading.findings[0].detail


def test_a_sheet_of_the_other_part_names_no_clip(tmp_path):
    touch(tmp_path, SPONTANEOUS)
    write(tmp_path / "Annotations_BAUM1a.csv", line("S001_010", "Anger", 1))
    reading = baum1.read(tmp_path)
    assert (only(reading).label, said(reading)) == ("", [("s/S001_010", "not_in_sheet")])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line("S001_010", "Joyful", 8)], "'Joyful'"),
        ([line("S001_010", "")], "''"),
        ([line("S001_010", "Happiness", 9)], "code 9, which is neutral"),
        ([line("S001_010", "Happiness", 99)], "none of its codes"),
        ([line("S001_010", "Happiness", 8), line("S001_010", "Neutral", 9)], "happiness and neutral"),
    ],
    ids=["unknown", "blank", "other code", "no code", "two rows"],
)
def test_trap_baum1_ambiguous_rows_give_no_label(tmp_path, lines, words):
    touch(tmp_path, SPONTANEOUS)
    write(tmp_path / "Annotations_BAUM1s.xlsx", *lines)
    reading = baum1.read(tmp_path)
    assert (only(reading).label, said(reading)) == ("", [("s/S001_010", "unknown_label")])
    assert words in reading.findings[0].detail


def test_the_same_row_twice_does_no_harm(tmp_path):
    touch(tmp_path, SPONTANEOUS)
    for name in ("Annotations_BAUM1s.xlsx", "Annotations_BAUM1s.csv"):
        write(tmp_path / name, line("S001_010", "Happiness", 8, "F"))
    reading = baum1.read(tmp_path)
    assert (only(reading).label, only(reading).sex, said(reading)) == ("happiness", "female", [])


def test_folders_and_names(tmp_path):
    touch(
        tmp_path,
        "s002/S001_001.mp4",
        "S032_001.mp4",
        "S001_002 copy.mp4",
        "S001-004.mp4",
        "x.mp4",
        "a/s001/s001_003.mp4",
    )
    write(tmp_path / "annotations.csv", line("S001_003", "Fear"))
    reading = baum1.read(tmp_path)
    assert (only(reading).clip_id, only(reading).label) == ("S001_003", "fear")
    assert said(reading) == [("S001_003", "irregular_name")]
    assert {failure.clip_id: failure.reason for failure in reading.failures} == dict.fromkeys(
        ["S001-004.mp4", "S001_002 copy.mp4", "S032_001.mp4", "s002/S001_001.mp4"], "bad_name")  # fmt: skip
    assert any("folder says subject 002" in failure.detail for failure in reading.failures)
    assert reading.ignored == ["x.mp4"]


# ---------------------------------------------------------------- what sheets look like


@pytest.mark.parametrize(
    "text",
    [
        "Clip Name,Emotion\nS001_010,Sadness\n",
        "clip_name;EMOTION;\r\nS001_010.mp4;sad;\r\n;;\r\n",
        "\nBahçeşehir,,\n\nNo\tClip Name\tEmotion\n1\tS001_010\tSadness\n",
    ],
    ids=["commas", "semicolons", "tabs below a title"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1254"])
def test_csv_files_as_spreadsheets_write_them(tmp_path, text, encoding):
    touch(tmp_path, SPONTANEOUS)
    (tmp_path / "Annotations_BAUM1s.csv").write_bytes(text.encode(encoding))
    assert only(baum1.read(tmp_path)).label == "sadness"


def damaged(file: Path) -> None:
    file.write_bytes(b"PK\x03\x04 no workbook")


def hollow(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")


def blown(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 100_000)


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("Annotations_BAUM1s.xlsx", damaged, "cannot be read"),
        ("Annotations_BAUM1s.xlsx", hollow, "Excel workbook"),
        ("Annotations_BAUM1s.xlsx", blown, "unpacks to more"),
        ("Annotations_BAUM1s.xls", damaged, "save it as .xlsx or .csv"),
        ("BAUM1a.xlsx", damaged, "cannot be read"),
        ("annotation.csv", lambda file: file.write_text("Clip,Label\n"), "Clip Name, Emotion"),
    ],
    ids=["damaged", "hollow", "blown up", "old", "damaged, of the corpus", "columns"],
)
def test_an_unusable_sheet_stops_the_stage_and_is_named(tmp_path, monkeypatch, name, make, words):
    monkeypatch.setattr(sheet, "MAX_BYTES", 50_000)
    make(tmp_path / name)
    with pytest.raises(CorpusError) as error:
        baum1.read(tmp_path)
    assert words in str(error.value)
    assert name in str(error.value)


def test_other_tables_are_ignored(tmp_path):
    touch(tmp_path, SPONTANEOUS)
    damaged(tmp_path / "budget.xlsx")
    for name in ("people.csv", "BAUM1_readme.csv"):
        (tmp_path / name).write_text("name,age\nx,1\n")
    damaged(tmp_path / "BAUM1_readme.xls")
    reading = baum1.read(tmp_path)
    assert sorted(reading.ignored) == ["BAUM1_readme.csv", "BAUM1_readme.xls", "budget.xlsx", "people.csv"]
    assert reading.metadata == []


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
@pytest.mark.parametrize("cell", [(3, 300), (40, 3)], ids=["columns", "rows"])
def test_a_table_of_too_many_rows_or_columns_is_refused(tmp_path, monkeypatch, ending, cell):
    monkeypatch.setattr(sheet, "MAX_ROWS", 30)
    row, column = cell
    lines = [[*[""] * (column - 1), "x"]] * (row - 1)
    write(tmp_path / f"annotations.{ending}", *lines)
    with pytest.raises(CorpusError, match="more than 30 rows or 256 columns"):
        baum1.read(tmp_path)


def test_a_cell_far_below_costs_nothing(tmp_path):
    book = Workbook()
    for place, text in {(1, 1): "Clip Name", (1, 2): "Emotion", (2, 1): "S001_010", (2, 2): "Fear"}.items():
        book.active.cell(*place, text)
    book.active.cell(1_048_576, 200, " ")
    book.save(tmp_path / "annotations.xlsx")
    start = time.monotonic()
    assert sheet.rows(tmp_path / "annotations.xlsx", ("Clip Name",)) == [{"clipname": "S001_010", "emotion": "Fear"}]
    assert time.monotonic() - start < 3


def test_the_same_name_in_both_parts_is_two_clips_each_with_its_sheet(tmp_path):
    touch(tmp_path, "BAUM1a_MP4_all/s001/S001_010.mp4", SPONTANEOUS, "S001_010.mp4", "BAUM1s/S001_010.wav")
    write(tmp_path / "Annotations_BAUM1a.csv", line("S001_010", "Anger", 1))
    write(tmp_path / "Annotations_BAUM1s.csv", line("S001_010", "Fear", 7))
    assert {clip.clip_id: (clip.label, clip.take) for clip in baum1.read(tmp_path).clips} == {
        "a/S001_010": ("anger", "a/S001_010"), "s/S001_010": ("fear", "s/S001_010"),
        "audio/s/S001_010": ("fear", "s/S001_010"), "S001_010": ("", "S001_010"),
    }  # fmt: skip


def test_what_is_published():
    assert [(part.where["elicitation"], part.clips) for part in baum1.PUBLISHED] == [
        ("acted", 273), ("spontaneous", 1184)]  # fmt: skip


def test_the_part_comes_from_the_folder_or_else_from_the_only_sheet_that_names_the_clip(tmp_path):
    touch(tmp_path, "BAUM1a_MP4_all/s007/S007_001.mp4", "all/s007/S007_029.mp4", "all/s007/S007_030.mp4")
    header = "Subject,Clip Name,Emotion\n"
    (tmp_path / "Annotations_BAUM1s.csv").write_text(header + "7,S007_029,Anger\n")
    (tmp_path / "Annotations_BAUM1a.csv").write_text(header + "7,S007_001,Fear\n")
    found = {clip.clip_id: clip.elicitation for clip in baum1.read(tmp_path).clips}
    assert found == {"a/S007_001": "acted", "S007_029": "spontaneous", "S007_030": ""}
