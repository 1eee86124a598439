"""The key of a computation: it changes with each of its parts and with nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
import pytest

from aver.cache.sealed import canonical
from aver.cache.step import Inline, Source, Step, Stored, key_of


@dataclass(frozen=True)
class Params:
    width: int = 3
    scale: float = 0.5
    names: tuple[str, ...] = ("a", "b")


def work(params, **inputs):
    return {}


def other_work(params, **inputs):
    return {}


STEP = Step("faces", work, Params(), {"opencv": "4.1", "ffmpeg": "7"})


def key(step, inputs) -> str:
    return key_of(step.parts(inputs))


@pytest.fixture
def inputs(tmp_path):
    return {"clip": Source("ab" * 32, tmp_path / "clip.mp4"), "probe": Stored("cd" * 32),
            "table": Inline({"x": np.arange(3)})}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"name": "crops"},
        {"function": other_work},
        {"params": Params(width=4)},
        {"params": Params(scale=0.25)},
        {"params": Params(names=("b", "a"))},
        {"runtime": {"opencv": "4.2", "ffmpeg": "7"}},
        {"runtime": {"opencv": "4.1"}},
    ],
    ids=["name", "function", "int", "float", "tuple", "version", "fewer-libraries"],
)
def test_each_part_of_a_step_changes_the_key(inputs, change):
    assert key(replace(STEP, **change), inputs) != key(STEP, inputs)


@pytest.mark.parametrize(
    "change",
    [
        {"clip": Source("ac" * 32, None)},
        {"probe": Stored("ce" * 32)},
        {"table": Inline({"x": np.arange(4)})},
        {"table": Inline({"y": np.arange(3)})},
        {"more": Stored("ff" * 32)},
    ],
    ids=["source", "stored", "inline", "inline-name", "one-more"],
)
def test_each_input_changes_the_key(inputs, change):
    assert key(STEP, {**inputs, **change}) != key(STEP, inputs)


def test_inputs_that_change_places_change_the_key():
    one, two = Stored("ab" * 32), Stored("cd" * 32)
    assert key(STEP, {"a": one, "b": two}) != key(STEP, {"a": two, "b": one})


def test_nothing_else_changes_the_key(inputs, tmp_path):
    before = key(STEP, inputs)
    file = tmp_path / "elsewhere.mkv"
    file.write_bytes(b"x")
    os.utime(file, (1, 1))
    again = Step("faces", work, Params(), {"ffmpeg": "7", "opencv": "4.1"}, evictable=True, note=lambda arrays: {})
    moved = {
        "table": Inline({"x": np.arange(3)}),
        "probe": inputs["probe"],
        "clip": Source(inputs["clip"].digest, file),
    }
    assert key(again, moved) == before


def test_a_stored_object_and_a_source_of_the_same_content_are_the_same_input(tmp_path):
    assert key(STEP, {"x": Stored("ab" * 32)}) == key(STEP, {"x": Source("ab" * 32, tmp_path)})


def test_parts_are_plain_values_that_explain_the_key(inputs):
    parts = STEP.parts(inputs)
    assert parts["params"] == {"width": 3, "scale": 0.5, "names": ("a", "b")}
    assert parts["inputs"]["clip"] == "ab" * 32
    assert sorted(parts) == ["code", "format", "function", "inputs", "params", "runtime", "step"]


@pytest.mark.parametrize(
    ("one", "other"), [({"a": 1, "b": 2}, {"b": 2, "a": 1}), ({"a": (1, 2)}, {"a": [1, 2]})], ids=["order", "tuple"]
)
def test_canonical_text_is_one_for_equal_values(one, other):
    assert canonical(one) == canonical(other)


def test_a_value_without_one_text_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})
