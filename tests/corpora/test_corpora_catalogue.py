"""The catalogue: contents by digest, copies, findings, the summary, and errors that name what is expected."""

from __future__ import annotations

import ast
import hashlib
import os
from pathlib import Path

import pytest
from corpora_trees import touch

from aver.cache.objects import file_digest
from aver.corpora import copies, folder, ravdess
from aver.corpora.catalogue import catalogue, check_hashable, summary_of, survey, write_catalogue
from aver.corpora.clip import Clip, Reading
from aver.corpora.findings import KINDS, Finding
from aver.corpora.registry import ADAPTERS, get_adapter
from aver.errors import REASONS, ClipsError, CorpusError, ParamsError
from aver.ledger import Failure
from aver.params.blocks import Corpus
from aver.store.out import read_json, read_rows

SOURCES = Path(folder.__file__).parent


@pytest.fixture
def clips(tmp_path):
    return touch(tmp_path / "clips", "one.mp4", "sub/two.WAV", "sub/deep/three.mkv", "notes.txt")


def mine(root: Path) -> Corpus:
    return Corpus(root=str(root), adapter="folder")


def test_the_catalogue_is_sorted_and_names_contents(clips):
    found = catalogue("mine", mine(clips))
    assert [clip.clip_id for clip in found.clips] == sorted(clip.clip_id for clip in found.clips)
    for clip in found.clips:
        assert clip.sha256 == hashlib.sha256((clips / clip.path).read_bytes()).hexdigest()


def test_a_clip_that_vanishes_is_a_failure_and_has_no_findings(clips, monkeypatch):
    whole = folder.read

    def read(root: Path) -> Reading:
        reading = whole(root)
        reading.findings = [Finding(clip.clip_id, "known_defect", "x") for clip in reading.clips]
        (root / "one.mp4").unlink()
        return reading

    monkeypatch.setattr(folder, "read", read)
    found = catalogue("mine", mine(clips))
    assert [(f.clip_id, f.reason) for f in found.failures] == [("one.mp4", "unreadable")]
    assert len(found.clips) == 2
    assert [finding.clip_id for finding in found.findings] == ["sub/deep/three.mkv", "sub/two.WAV"]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda root: None, "does not exist"),
        (lambda root: root.write_text("x"), "is no folder"),
        (lambda root: root.mkdir(), "is empty"),
        (lambda root: touch(root, "a.txt", "b.mp4"), "holds 2 files but no clip, e.g. a.txt, b.mp4"),
        (lambda root: root.symlink_to("nowhere"), "does not exist"),
        (lambda root: root.symlink_to(root), "does not exist"),
    ],
    ids=["missing", "file", "empty", "other", "link to nothing", "link to itself"],
)
def test_a_wrong_root_is_named_with_the_expected_layout(tmp_path, prepare, words):
    prepare(tmp_path / "root")
    with pytest.raises(CorpusError) as error:
        catalogue("ravdess", Corpus(root=str(tmp_path / "root")))
    message = str(error.value)
    assert all(part in message for part in (words, str(tmp_path / "root"), ravdess.LAYOUT, "corpora.ravdess.root"))


def test_a_closed_root_is_named(clips, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(CorpusError, match="may not be read"):
        check_hashable("mine", mine(clips))


def test_files_that_dvc_may_not_read_are_named_beforehand(clips, monkeypatch):
    check_hashable("mine", mine(clips))
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("two.WAV"))
    with pytest.raises(CorpusError, match=r"sub/two\.WAV: a file that may not be read"):
        check_hashable("mine", mine(clips))


def test_identical_contents_are_findings_that_name_the_first_twin(tmp_path):
    root = touch(tmp_path, "a.mp4", "d.mp4")
    for name in ("b.mp4", "c.mp4"):
        (root / name).write_bytes(b"a.mp4")
    (root / "labels.csv").write_text("path,label,speaker\na.mp4,happy,1\nb.mp4,happy,1\nc.mp4,sad,2\n")
    found = catalogue("mine", mine(root))
    assert [(f.clip_id, f.kind, f.detail) for f in found.findings] == [
        ("a.mp4", "identical_content", "the same bytes as b.mp4"),
        ("b.mp4", "identical_content", "the same bytes as a.mp4"),
        ("c.mp4", "identical_content", "the same bytes as a.mp4; their names differ in label, speaker"),
    ]


def test_a_copy_is_a_finding_and_other_content_under_the_name_a_failure(tmp_path):
    name = "03-01-05-01-01-01-01.wav"
    root = touch(tmp_path, f"a/{name}", f"b/{name}", f"c/{name}", f"d/{name}")
    (root / f"c/{name}").write_bytes((root / f"a/{name}").read_bytes())
    (root / f"d/{name}").unlink()
    (root / f"d/{name}").symlink_to(root / f"a/{name}")
    found = catalogue("ravdess", Corpus(root=str(root)))
    assert [clip.path for clip in found.clips] == [f"a/{name}"]
    assert [(f.reason, f.clip_id) for f in found.failures] == [("duplicate", f"03-01-05-01-01-01-01 (b/{name})")]
    assert [(f.kind, f.detail) for f in found.findings] == [
        ("copied", f"c/{name} is the same file; a/{name} is used"),
        ("copied", f"d/{name} is the same file; a/{name} is used"),
    ]


def test_a_double_of_what_cannot_be_read_is_not_said_to_differ(tmp_path, monkeypatch):
    name = "03-01-05-01-01-01-01.wav"
    root = touch(tmp_path, f"a/{name}", f"b/{name}")
    monkeypatch.setattr(copies, "file_digest", lambda file: missing())
    found = catalogue("ravdess", Corpus(root=str(root)))
    assert [failure.detail for failure in found.failures] == [f"b/{name} has the name of a/{name}"]
    monkeypatch.undo()
    found = catalogue("ravdess", Corpus(root=str(root)))
    assert [failure.detail for failure in found.failures] == [f"b/{name} has the name of a/{name}, and other content"]


def missing() -> str:
    raise OSError


def test_before_any_digest_only_doubles_are_compared(tmp_path, monkeypatch):
    name = "03-01-05-01-01-01-01.wav"
    root = touch(tmp_path, f"a/{name}", "a/03-01-05-01-01-01-02.wav", "other.txt")
    for twin in ("b", "c"):
        (root / twin).mkdir()
        (root / twin / name).write_bytes((root / f"a/{name}").read_bytes())
    asked = []
    monkeypatch.setattr(copies, "file_digest", lambda file: asked.append(file.parent.name) or file_digest(file))
    reading = survey("ravdess", Corpus(root=str(root)))
    copies.settle_doubles(reading, root)
    assert (sorted(asked), len(reading.clips), reading.failures) == (["a", "b", "c"], 2, [])
    assert [finding.kind for finding in reading.findings] == ["copied", "copied"]


def test_no_file_is_both_used_and_failed(tmp_path):
    take = "01-05-01-01-01-01"
    root = touch(
        tmp_path, f"Actor_01/03-{take}.wav", f"Actor_02/03-{take}.wav", f"03-{take} (1).wav", f"x/03-{take}.wav"
    )
    found = catalogue("ravdess", Corpus(root=str(root)))
    assert len(found.clips) == 1
    assert not {clip.clip_id for clip in found.clips} & {failure.clip_id for failure in found.failures}


def test_the_written_catalogue(tmp_path, clips):
    (clips / "copy.mp4").write_bytes((clips / "one.mp4").read_bytes())
    (clips / ".hidden").write_text("x")
    (clips / "labels.csv").write_text(
        "path,label,perceived,speaker,sex\none.mp4,happy,sad,10,female\ncopy.mp4,happy,,2,male\nsub/two.WAV,sad,sad,2,male\n"
    )
    found = catalogue("mine", mine(clips))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_catalogue(tmp_path / name, found, 0.05)
    for table in ("clips", "findings", "failures"):
        first, second = (tmp_path / name / f"{table}.parquet" for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
    assert read_rows(tmp_path / "one/clips.parquet") == [clip.row() for clip in found.clips]
    assert read_rows(tmp_path / "one/findings.parquet") == [finding.row() for finding in found.findings]
    assert read_json(tmp_path / "one/summary.json") == {
        "clips": 4,
        "labels": {"(unknown)": 1, "happy": 2, "sad": 1},
        "perceived": {"(unknown)": 2, "sad": 2},
        "speakers": {"(unknown)": 1, "10": 1, "2": 2},
        "sexes": {"female": 1, "male": 1},
        "modalities": {"(unknown)": 4},
        "takes": 4,
        "findings": {"identical_content": 2},
        "metadata": ["labels.csv"],
        "ignored": ["notes.txt"],
        "linked": [],
        "hidden": 1,
        "failed": 0,
        "failed_by_reason": {},
    }


def test_trap_speakers_are_sorted_as_text_everywhere():
    """'10' < '2' as text; RAVDESS pads its actors with zeros, so text and numbers agree there."""
    reading = Reading(clips=[Clip(f"{n}.mp4", f"{n}.mp4", speaker=n) for n in ("2", "10", "1")])
    assert list(summary_of(reading)["speakers"]) == ["1", "10", "2"]
    assert sorted(ravdess.ACTORS) == sorted(ravdess.ACTORS, key=int)


def test_trap_tables_are_not_appended_to(tmp_path, clips):
    found = catalogue("mine", mine(clips))
    (tmp_path / "out").mkdir()
    for _ in range(2):
        write_catalogue(tmp_path / "out", found, 0.05)
    assert len(read_rows(tmp_path / "out/clips.parquet")) == 3


def test_too_many_bad_names_stop_the_stage(tmp_path):
    root = touch(tmp_path / "r", "01-01-06-01-02-01-12.mp4", "01-01-09-01-02-01-12.mp4")
    found = catalogue("ravdess", Corpus(root=str(root)))
    with pytest.raises(ClipsError, match="bad_name"):
        write_catalogue(tmp_path, found, 0.4)
    write_catalogue(tmp_path, found, 0.5)
    assert read_json(tmp_path / "summary.json")["failed_by_reason"] == {"bad_name": 1}


@pytest.mark.parametrize("name", ADAPTERS)
def test_every_adapter_describes_itself(name, tmp_path):
    adapter = get_adapter(name)
    assert len(adapter.LAYOUT) > 20
    assert adapter.read(tmp_path).clips == []
    for part in adapter.PUBLISHED:
        assert part.source
        assert set(part.where) | set(part.counts) <= set(Clip.__dataclass_fields__)
        for counts in part.counts.values():
            assert part.clips is None or sum(counts.values()) <= part.clips


def kinds_in(path: Path) -> set[str]:
    """Return the kinds that a module gives to `Finding(…)` in so many words."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "Finding"]
    return {call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)}


def test_findings_have_kinds_of_the_closed_list():
    kinds = set().union(*(kinds_in(path) for path in SOURCES.rglob("*.py")))
    assert {"copied", "identical_content", "irregular_name"} <= kinds <= set(KINDS)


def test_a_finding_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="weird"):
        Finding("a", "weird", "")


def hollow(root: Path, *names: str) -> Path:
    """Make git-lfs pointers."""
    for name in names:
        touch(root, name)
        (root / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:9269ed\nsize 414429\n")
    return root


def test_files_without_content_are_failures_and_no_twins(tmp_path):
    root = hollow(touch(tmp_path, "a.mp4"), "b.mp4", "c.mp4")
    (root / "d.mp4").touch()
    (root / "e.mp4").touch()
    found = catalogue("mine", mine(root))
    assert [(f.clip_id, f.reason) for f in found.failures] == [
        ("b.mp4", "git_lfs_pointer"), ("c.mp4", "git_lfs_pointer"), ("d.mp4", "empty"), ("e.mp4", "empty"),
    ]  # fmt: skip
    assert ([clip.clip_id for clip in found.clips], found.findings) == (["a.mp4"], [])
    assert {REASONS[failure.reason].meaning for failure in found.failures} == {
        "the file has no bytes", "the file is a git-lfs pointer, not the media itself"}  # fmt: skip


def test_only_the_sound_was_pulled(tmp_path):
    one, two, three = "1001_DFA_ANG_XX", "1002_DFA_ANG_XX", "1003_DFA_ANG_XX"
    root = touch(tmp_path, f"AudioWAV/{one}.wav", f"AudioWAV/{two}.wav", f"VideoFlash/{two}.flv")
    hollow(root, f"VideoFlash/{one}.flv", f"AudioMP3/{one}.mp3", f"VideoFlash/{three}.flv", f"AudioWAV/{three}.wav")
    (root / f"VideoFlash/{two}.flv").write_bytes(b"")
    found = catalogue("cremad", Corpus(root=str(root)))
    assert [clip.clip_id for clip in found.clips] == [f"audio/{one}", f"audio/{two}"]
    assert found.ignored == [f"{path} (git-lfs pointer, not pulled)" for path in
                             (f"AudioMP3/{one}.mp3", f"VideoFlash/{one}.flv")]  # fmt: skip
    assert sorted((f.clip_id, f.reason) for f in found.failures) == [
        (two, "empty"), (three, "git_lfs_pointer"), (f"audio/{three}", "git_lfs_pointer")]  # fmt: skip


def test_a_pointer_beside_the_file_itself_is_ignored(tmp_path):
    name = "1001_DFA_ANG_XX.flv"
    root = hollow(touch(tmp_path, f"b/{name}"), f"a/{name}", f"c/{name}")
    found = catalogue("cremad", Corpus(root=str(root)))
    assert ([clip.path for clip in found.clips], found.failures) == ([f"b/{name}"], [])
    assert found.ignored == [f"{folder}/{name} (git-lfs pointer, not pulled)" for folder in "ac"]


def test_an_empty_file_does_not_push_a_whole_one_aside(tmp_path):
    one, two = (f"03-01-05-01-01-01-0{actor}" for actor in (1, 2))
    root = touch(tmp_path, *(f"{folder}/{name}.wav" for folder in "ab" for name in (one, two)))
    for file in (f"a/{one}.wav", f"a/{two}.wav", f"b/{two}.wav"):
        (root / file).write_bytes(b"")
    found = catalogue("ravdess", Corpus(root=str(root)))
    assert [clip.path for clip in found.clips] == [f"b/{one}.wav"]
    assert sorted((f.reason, f.detail) for f in found.failures) == [
        ("duplicate", f"a/{one}.wav has the name of b/{one}.wav, and other content"),
        ("duplicate", f"b/{two}.wav has the name of a/{two}.wav"), ("empty", f"a/{two}.wav"),
    ]  # fmt: skip


def test_failures_of_the_walk_count(tmp_path):
    root = touch(tmp_path, "a.mp4")
    (root / "b.mp4").symlink_to("nowhere")
    found = catalogue("mine", mine(root))
    assert found.failures == [Failure("b.mp4", "corpora", "missing", "a link to nothing")]


def test_an_unknown_adapter_is_named():
    with pytest.raises(ParamsError, match="did you mean 'ravdess'"):
        get_adapter("ravdes")


def test_a_home_folder_is_expanded(tmp_path, monkeypatch, clips):
    monkeypatch.setitem(os.environ, "HOME", str(tmp_path))
    assert len(catalogue("mine", Corpus(root="~/clips", adapter="folder")).clips) == 3
