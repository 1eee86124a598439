"""The failure ledger and the closed list of reasons."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from aver.errors import REASONS, AverError, ClipsError, main_of, remedy
from aver.ledger import Failure, gate, write_ledger
from aver.store.out import read_json, read_rows

SOURCE = Path(__file__).parents[1] / "src" / "aver"


def failures(number: int, reason: str = "truncated") -> list[Failure]:
    return [Failure(f"clip {k:02d}", "media", reason, f"detail {k}") for k in range(number)]


@pytest.mark.parametrize(
    ("failed", "clips", "fraction", "stops"),
    [(0, 100, 0.0, False), (5, 100, 0.05, False), (6, 100, 0.05, True), (1, 100, 0.0, True), (100, 100, 1.0, False),
     (0, 0, 0.05, False), (1, 1, 0.99, True)],
)  # fmt: skip
def test_the_gate(failed, clips, fraction, stops):
    if stops:
        with pytest.raises(ClipsError, match=f"{failed} of {clips} clips failed"):
            gate(failures(failed), clips, fraction)
    else:
        gate(failures(failed), clips, fraction)


def test_the_gates_message_names_reasons_clips_remedies_and_the_parameter():
    with pytest.raises(ClipsError) as error:
        gate([*failures(9), *failures(1, "empty")], 10, 0.05)
    message = str(error.value)
    assert message.index("9 x truncated") < message.index("1 x empty")
    assert all(word in message for word in ("clip 04: detail 4", remedy("truncated"), remedy("empty"),
                                            "max_failed_fraction"))  # fmt: skip
    assert "clip 05" not in message  # the first five of each reason are enough


def test_the_ledger_is_sorted_complete_and_stable(tmp_path):
    found = [*failures(2), Failure("a", "faces", "inconsistent", "2 and 3")]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_ledger(tmp_path / name, found if name == "one" else found[::-1], {"clips": 9})
    rows = read_rows(tmp_path / "one" / "failures.parquet")
    assert [row["clip_id"] for row in rows] == ["a", "clip 00", "clip 01"]
    assert rows[0] == {"clip_id": "a", "stage": "faces", "reason": "inconsistent", "detail": "2 and 3",
                       "remedy": REASONS["inconsistent"].remedy}  # fmt: skip
    summary = {"clips": 9, "failed": 3, "failed_by_reason": {"inconsistent": 1, "truncated": 2}}
    assert read_json(tmp_path / "one" / "summary.json") == summary
    for name in ("failures.parquet", "summary.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_empty_ledger_is_a_table_without_rows(tmp_path):
    write_ledger(tmp_path, [], {})
    assert read_rows(tmp_path / "failures.parquet") == []
    assert read_json(tmp_path / "summary.json") == {"failed": 0, "failed_by_reason": {}}


def test_every_reason_that_the_code_gives_is_in_the_list():
    given = {
        node.args[0].value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Unusable"
        and node.args and isinstance(node.args[0], ast.Constant)
    }  # fmt: skip
    assert {"empty", "truncated", "too_long"} <= given
    assert given <= set(REASONS)


def test_an_unknown_reason_cannot_enter():
    with pytest.raises(KeyError):
        Failure("a", "media", "because", "").row()


@pytest.mark.parametrize(("error", "status"), [(AverError("say what"), 1), (KeyboardInterrupt(), 130)])
def test_a_stage_ends_in_words_and_with_a_status(capsys, error, status):
    def run():
        raise error

    with pytest.raises(SystemExit) as end:
        main_of(run)
    assert end.value.code == status
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert ("say what" if status == 1 else "Interrupted") in told


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        main_of(lambda: 1 / 0)
