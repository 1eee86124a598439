"""The walk below a corpus root: whatever lies there, nothing crashes and nothing is lost without a word."""

from __future__ import annotations

import os
import unicodedata
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner
from corpora_trees import touch

from aver.cli.failures import failures as failures_command
from aver.corpora import files
from aver.corpora.catalogue import catalogue, check_hashable, write_catalogue
from aver.corpora.files import files_below, is_media, walk
from aver.errors import CorpusError
from aver.params.blocks import Corpus
from aver.store.out import read_json, read_rows

ODD = [
    "-vf drawtext.mp4", "concat:a|b.mp4", "a b  c.mp4", "new\nline.mp4", "tab\tbell\a.mp4", "\x1b[31mred.mp4",
    "ünïcödé.mp4", "日本語/動画.mp4", "quote'\"$(rm).mp4", "back\\slash.mp4", "%s{}.mp4", "right\u202eto left.mp4",
    "x" * 250 + ".mp4",
]  # fmt: skip


def mine(root: Path) -> Corpus:
    return Corpus(root=str(root), adapter="folder")


def reasons(root: Path) -> list[tuple[str, str]]:
    return [(failure.clip_id, failure.reason) for failure in walk(root).failures]


def test_trap_unsorted_listing(tmp_path, monkeypatch):
    touch(tmp_path, "b/2.mp4", "b/10.mp4", "a.mp4", "B.mp4", "b.mp4", "c/d/e.mp4")
    expected = ["B.mp4", "a.mp4", "b.mp4", "b/10.mp4", "b/2.mp4", "c/d/e.mp4"]
    whole = os.scandir
    for order in (sorted, lambda found, key: sorted(found, key=key, reverse=True)):
        monkeypatch.setattr(os, "scandir", lambda path, order=order: nullcontext(order(whole(path), key=str)))
        assert [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)] == expected


def test_hidden_files_and_what_archives_leave_are_left_out_and_counted(tmp_path):
    touch(tmp_path, "a.mp4", ".DS_Store", "._a.mp4", ".git/x.mp4", "__MACOSX/sub/._a.mp4", "sub/.hidden.mp4")
    found = walk(tmp_path)
    assert (found.names, found.hidden, found.failures) == (["a.mp4"], 5, [])


@pytest.mark.parametrize(
    ("name", "media"),
    [("a.mp4", True), ("a.MP4", True), ("a.Wav", True), ("a.b.FLAC", True), ("mp4", False), ("a.mp4 ", False),
     ("a.mp4.part", False), ("a.swf", False), ("x.mp4/a", False), ("", False)],
)  # fmt: skip
def test_endings_in_any_case(name, media):
    assert is_media(name) == media


def test_links_to_files_and_folders_are_followed(tmp_path):
    elsewhere = touch(tmp_path / "elsewhere", "one.mp4", "deep/two.mp4")
    root = touch(tmp_path / "root", "own.mp4")
    (root / "folder").symlink_to(elsewhere)
    (root / "file.mp4").symlink_to(elsewhere / "one.mp4")
    found = walk(root)
    assert found.names == ["file.mp4", "folder/deep/two.mp4", "folder/one.mp4", "own.mp4"]
    assert (found.linked, found.ignored, found.failures) == (["folder"], [], [])
    (tmp_path / "root link").symlink_to(root)
    assert walk(tmp_path / "root link") == found


def test_every_real_folder_is_read_once_under_its_own_name(tmp_path):
    root = touch(tmp_path / "root", "real/a.mp4", "zoo/b.mp4")
    (root / "alias").symlink_to(root / "real")  # sorts before the real folder
    outside = touch(tmp_path / "outside", "sub/c.mp4")
    (root / "link 1").symlink_to(outside / "sub")
    (root / "link 2").symlink_to(outside)
    (root / "link 3").symlink_to(outside)
    found = walk(root)
    assert found.names == ["link 1/c.mp4", "real/a.mp4", "zoo/b.mp4"]
    assert found.linked == ["link 1", "link 2"]
    assert found.ignored == [
        "alias/ (a link to a folder that is read already)",
        "link 2/sub/ (a folder that is read already, through a link)",
        "link 3/ (a link to a folder that is read already)",
    ]


def test_loops_end_and_folders_around_the_root_are_not_read(tmp_path):
    root = touch(tmp_path / "root", "a/b/1.mp4")
    touch(tmp_path, "outside.mp4")
    (root / "self").symlink_to(root)
    (root / "a/b/up").symlink_to("..")
    (root / "a/parent").symlink_to(tmp_path)
    (root / "a/everything").symlink_to("/")
    (root / "ring.mp4").symlink_to("ring.mp4")
    found = walk(root)
    assert found.names == ["a/b/1.mp4"]
    assert found.ignored == [
        "a/b/up/ (a link to a folder that is read already)",
        "a/everything/ (a link to a folder that lies around the root)",
        "a/parent/ (a link to a folder that lies around the root)", "self/ (a link to a folder that is read already)",
    ]  # fmt: skip
    assert reasons(root) == [("ring.mp4", "missing")]


def test_a_link_to_nothing_is_a_failure_and_blocks_dvc(tmp_path):
    root = touch(tmp_path / "root", "a.mp4")
    (root / "gone.mp4").symlink_to("nowhere.mp4")
    (root / "folder").symlink_to("/nowhere/at/all")
    assert reasons(root) == [("folder", "missing"), ("gone.mp4", "missing")]
    with pytest.raises(CorpusError, match=r"gone\.mp4: a link to nothing"):
        check_hashable("mine", mine(root))
    assert [failure.clip_id for failure in catalogue("mine", mine(root)).failures] == ["folder", "gone.mp4"]


def test_a_folder_that_cannot_be_read_is_a_failure(tmp_path, monkeypatch):
    """Tests may run as root, to whom no folder is closed."""
    root = touch(tmp_path / "root", "a.mp4", "closed/b.mp4")
    whole = os.scandir

    def scandir(path: Path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(files.os, "scandir", scandir)
    found = walk(root)
    assert found.names == ["a.mp4"]
    assert [(f.clip_id, f.reason) for f in found.failures] == [("closed/", "unreadable")]
    assert "Permission denied" in found.failures[0].detail
    assert list(found.blockers) == ["closed"]


def test_pipes_are_not_opened(tmp_path):
    root = touch(tmp_path / "root", "a.mp4")
    os.mkfifo(root / "pipe.mp4")
    os.mkfifo(root / "pipe")
    found = walk(root)
    assert reasons(root) == [("pipe.mp4", "not_media")]
    assert found.ignored == ["pipe (no regular file, but a pipe or a device)"]
    assert sorted(found.blockers) == ["pipe", "pipe.mp4"]
    assert len(catalogue("mine", mine(root)).clips) == 1


def test_a_name_that_is_no_utf8_is_a_failure_that_tables_can_hold(tmp_path):
    root = touch(
        tmp_path / "root", *(f"{n}.mp4" for n in range(40)), os.fsdecode(b"bad\xff.mp4"), os.fsdecode(b"\xe9.txt")
    )
    touch(root, os.fsdecode(b"caf\xe9/ok.mp4"))
    reading = catalogue("mine", mine(root))
    assert len(reading.clips) == 40
    assert [(f.clip_id, f.reason) for f in reading.failures] == [
        ("bad\\xff.mp4", "not_utf8"),
        ("caf\\xe9/ok.mp4", "not_utf8"),
    ]
    assert reading.ignored == ["\\xe9.txt (a name that is no UTF-8)"]
    (tmp_path / "out").mkdir()
    write_catalogue(tmp_path / "out", reading, 0.5)
    assert [row["clip_id"] for row in read_rows(tmp_path / "out/failures.parquet")] == [
        f.clip_id for f in reading.failures
    ]
    assert read_json(tmp_path / "out/summary.json")["ignored"] == reading.ignored
    with pytest.raises(CorpusError, match=r"bad\\xff[.]mp4: a name that is no UTF-8"):
        check_hashable("mine", mine(root))


def test_odd_names_survive_the_tables_and_the_ledger(tmp_path, monkeypatch):
    root = touch(tmp_path / "root", *ODD)
    twins = [unicodedata.normalize(form, "é.mp4") for form in ("NFC", "NFD")]
    touch(root, *twins)
    reading = catalogue("mine", mine(root))
    assert {clip.clip_id for clip in reading.clips} == {*ODD, *twins}
    check_hashable("mine", mine(root))
    whole = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: broken(self) if self.is_relative_to(root) else whole(self, *a, **k)
    )

    def broken(path: Path):
        raise PermissionError(13, "Permission denied", str(path))

    failed = catalogue("mine", mine(root))
    monkeypatch.undo()
    assert {failure.clip_id for failure in failed.failures} == {*ODD, *twins}
    for name, found in (("whole", reading), ("failed", failed)):
        (tmp_path / "data" / name).mkdir(parents=True)
        write_catalogue(tmp_path / "data" / name, found, 1.0)
    assert [row["clip_id"] for row in read_rows(tmp_path / "data/whole/clips.parquet")] == sorted([*ODD, *twins])
    assert {row["clip_id"] for row in read_rows(tmp_path / "data/failed/failures.parquet")} == {*ODD, *twins}
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(failures_command, ["--all"], catch_exceptions=False)
    assert shown.exit_code == 0
    lines = [line for line in shown.output.splitlines() if "Permission denied" in line]
    assert len(lines) == len(ODD) + 2
    assert all(line.isprintable() for line in lines)


def test_a_deep_tree_is_read_and_a_too_long_path_is_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(25):
        Path("d" * 200).mkdir()
        touch(Path(), "a.mp4")
        monkeypatch.chdir("d" * 200)
    found = walk(tmp_path)
    assert len(found.names) + len(found.failures) > 15
    assert {failure.reason for failure in found.failures} <= {"unreadable", "missing"}
    assert found.failures


def test_a_linked_folder_is_named_because_dvc_does_not_see_it(tmp_path, caplog):
    root = touch(tmp_path / "root", "a.mp4")
    (root / "more").symlink_to(touch(tmp_path / "more", "b.mp4"))
    with caplog.at_level("WARNING"):
        reading = catalogue("mine", mine(root))
    assert (reading.linked, [clip.clip_id for clip in reading.clips]) == (["more"], ["a.mp4", "more/b.mp4"])
    assert "dvc repro --force --single-item corpora@mine" in caplog.text
