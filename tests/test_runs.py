"""Records of runs: one folder per repository, never in the way of the run itself."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from aver.runs import Record, read_records, runs_folder, write_record

FIRST = Record("faces ravdess", computed=4, from_cache=6, failed=1, seconds=3.0, computing_s=2.0, bytes_each=100.0)


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    return tmp_path / "repository"


def test_a_record_is_read_back_with_the_seconds_per_computed_clip(tmp_path):
    write_record(tmp_path, FIRST)
    assert read_records(tmp_path) == [replace(FIRST, rate_s=0.5)]
    assert (runs_folder(tmp_path) / "faces-ravdess.json").is_file()


def test_a_run_that_computes_nothing_keeps_the_rate_of_the_one_before(tmp_path):
    write_record(tmp_path, FIRST)
    nothing = Record("faces ravdess", 0, 10, 1, 0.1, 0.0, 100.0)
    write_record(tmp_path, nothing)
    write_record(tmp_path, nothing)
    assert read_records(tmp_path) == [replace(nothing, rate_s=0.5)]
    write_record(tmp_path, replace(FIRST, computed=1, computing_s=9.0))
    assert read_records(tmp_path)[0].rate_s == 9.0


def test_a_first_run_that_computes_nothing_has_no_rate(tmp_path):
    write_record(tmp_path, replace(FIRST, computed=0))
    assert read_records(tmp_path)[0].rate_s == 0.0


def test_records_are_sorted_and_one_per_label(tmp_path):
    for label in ("media x sound", "faces x", "features x vggface", "faces x"):
        write_record(tmp_path, replace(FIRST, label=label))
    assert [record.label for record in read_records(tmp_path)] == ["faces x", "features x vggface", "media x sound"]


def test_repositories_that_share_a_cache_keep_their_own_records(tmp_path, monkeypatch):
    write_record(tmp_path, FIRST)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert read_records(tmp_path) == []
    write_record(tmp_path, replace(FIRST, computed=1))
    monkeypatch.chdir(tmp_path / "repository")
    assert read_records(tmp_path)[0].computed == 4


def test_an_experiment_in_a_temporary_folder_keeps_the_records_of_its_repository(tmp_path, monkeypatch, repository):
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path / "temporary")
    monkeypatch.setenv("DVC_ROOT", str(repository))
    write_record(tmp_path, FIRST)
    monkeypatch.delenv("DVC_ROOT")
    monkeypatch.chdir(repository)
    assert read_records(tmp_path) == [replace(FIRST, rate_s=0.5)]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"label": "x"}'], ids=lambda content: str(content))
def test_what_is_no_record_is_left_out_and_written_over(tmp_path, content):
    write_record(tmp_path, FIRST)
    write_record(tmp_path, replace(FIRST, label="media"))
    path = runs_folder(tmp_path) / "faces-ravdess.json"
    path.write_bytes(content)
    assert [record.label for record in read_records(tmp_path)] == ["media"]
    write_record(tmp_path, replace(FIRST, computed=0))
    assert [record.label for record in read_records(tmp_path)] == ["faces ravdess", "media"]


def test_no_folder_is_no_record(tmp_path):
    assert read_records(tmp_path / "nowhere") == []


def test_a_record_of_an_earlier_version_with_more_fields_is_read(tmp_path):
    write_record(tmp_path, FIRST)
    path = runs_folder(tmp_path) / "faces-ravdess.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"host": "x"}))
    assert read_records(tmp_path) == [replace(FIRST, rate_s=0.5)]


def test_a_cache_that_cannot_be_written_keeps_no_record_and_says_so(tmp_path, caplog, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    write_record(tmp_path, FIRST)
    assert "the run of faces ravdess is not recorded" in caplog.text
    assert read_records(tmp_path) == []
    assert not list(tmp_path.rglob("*.partial"))


def test_the_folder_does_not_spell_out_where_a_repository_lies(tmp_path, repository):
    assert runs_folder(tmp_path).parent == tmp_path / "runs"
    assert repository.name not in str(runs_folder(tmp_path).relative_to(tmp_path))
