"""`aver export` on small stores: which store it takes, and what it says when it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from aver.cli.export import export
from aver.errors import StoreError
from aver.store.export import FORMATS
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

SOURCE = Path(__file__).parents[2] / "src"


def rows() -> Rows:
    return Rows(np.ones((2, 4), np.float32), np.array([[0.0, 0.5], [0.5, 1.0]]), ["detected"] * 2)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A project with faces in two corpora and sound in one of them."""
    for corpus, stream in (("one", "faces"), ("two", "faces"), ("two", "sound")):
        header = Header(stream, "vggface", (4,), "p" * 64, "w" * 64, "seeded")
        entries = [ClipEntry(name, "ok", "", "d", rows) for name in ("a", "b", "c,d")]
        absent = ClipEntry("e", "absent", "no_face")
        write_store(tmp_path / "data" / "features" / corpus / stream, header, [*entries, absent], 2, "hdf5")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(export, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def clips_of(folder) -> list[str]:
    return pq.read_table(folder / "features.parquet")["clip_id"].unique().to_pylist()


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_of_the_library_can_be_asked_for(project, kind):
    said = run("faces", "--corpus", "one", "--format", kind, "--out", "exports/faces")
    assert "6 rows of faces" in said
    assert (project / "exports" / "faces" / "clips.csv").read_text().count("\n") == 5


def test_the_only_corpus_with_the_stream_need_not_be_named(project):
    assert "sound" in run("sound", "--format", "parquet", "--out", "x")
    assert clips_of(project / "x") == ["a", "b", "c,d"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["faces"], "choose one with --corpus: one, two"),
        (["faces", "--corpus", "three"], "no corpus 'three' in data/features; there is: one, two"),
        (["sound", "--corpus", "one"], "no stream 'sound' in data/features/one; there is: faces"),
        (["smell"], "no stream 'smell' in data/features; there is: faces, sound"),
        (["sound", "--features", "elsewhere"], "no feature store below elsewhere yet.*dvc repro"),
        (["sound", "--clips", "a,zz"], "no clip 'zz'"),
        (["sound", "--out", "data"], "exists and is no earlier export"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(project, arguments, words):
    with pytest.raises(StoreError, match=words):
        run("--format", "npz", "--out", "x", *arguments)
    assert not (project / "x").exists()


def test_clips_are_named_with_commas_and_may_hold_some(project):
    for number, (given, expected) in enumerate(
        [(["--clips", "a, b"], ["a", "b"]), (["--clips", "c,d", "--clips", "a"], ["a", "c,d"])]
    ):
        run("sound", "--format", "parquet", "--out", f"x{number}", *given)
        assert clips_of(project / f"x{number}") == expected


def test_force_replaces_an_export(project):
    run("sound", "--format", "npz", "--out", "x")
    with pytest.raises(StoreError, match="--force"):
        run("sound", "--format", "parquet", "--out", "x")
    run("sound", "--format", "parquet", "--out", "x", "--force")
    assert not (project / "x" / "clips").exists()


def test_an_unknown_format_is_answered_with_the_known_ones():
    said = run("sound", "--format", "mp3", "--out", "x")
    assert all(kind in said for kind in FORMATS)


def test_help_explains_and_needs_no_heavy_library():
    code = (
        "import sys; from click.testing import CliRunner; from aver.cli.export import export\n"
        "print(CliRunner().invoke(export, ['--help']).output)\n"
        "print([name for name in ('pyarrow', 'h5py', 'zarr', 'webdataset', 'torch', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SOURCE)
    assert done.stdout.strip().endswith("[]")
    for words in (*FORMATS, "clips.csv", "Example", "--corpus", "--force"):
        assert words in done.stdout
    assert all(f"\n  {kind} " in done.stdout for kind in FORMATS)
