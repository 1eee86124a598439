"""Numbers for people, and the expectations of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from aver.cli.explain import flat
from aver.cli.plan import expect
from aver.cli.survey.notes import Work
from aver.cli.text import amount, duration, number, table
from aver.runs import Record


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3.2e9, "3.2 GB"), (4e15, "4000.0 TB")]
)
def test_amounts(count: float, words: str) -> None:
    assert amount(count) == words


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (89, "89 s"), (120, "2 min"), (9000, "2.5 h")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(("text", "count"), [("20GB", 20 * 10**9), ("1.5 mb", 1_500_000), ("7", 7), ("2B", 2)])
def test_sizes_that_people_write(text: str, count: int) -> None:
    assert number(text) == count


@pytest.mark.parametrize("text", ["", "GB", "ten", "5XB", "-"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        number(text)


def test_numbers_stand_to_the_right() -> None:
    lines = table([["a", 7], ["b", 1234]], ["", "n"]).splitlines()
    assert lines[2].endswith("   7") and lines[3].endswith("1234")
    assert table([], ["", "n"])


def test_a_plan_takes_rates_from_the_same_work_or_from_another_corpus() -> None:
    def work(label: str, waiting: int) -> Work:
        return Work("s", Path("o"), label, "clip", [], [], waiting)

    def record(label: str, rate_s: float) -> Record:
        return Record(label, 10, 0, 0, 1.0, 1.0, 100.0, rate_s)

    records = [record("faces one", 2.0), record("faces two", 3.0), record("media one probe", 1.0)]
    lines = expect(
        [work("faces two", 4), work("faces three", 4), work("media three sound", 4), work("faces one", 0)], records
    )
    assert [line.seconds for line in lines] == [12.0, 8.0, None, 0.0]
    assert [line.bytes for line in lines] == [400.0, 400.0, None, 0.0]


def test_key_parts_are_named_by_their_path() -> None:
    parts = {"code": {"aver.clock": "x"}, "params": {"faces": {"margin": 0.0}, "none": {}}, "sizes": (1, 2)}
    assert flat(parts) == {"code.aver.clock": "x", "params.faces.margin": 0.0, "params.none": {}, "sizes": [1, 2]}
