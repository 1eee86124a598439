"""The leakage gate: every planted leak is stopped where the protocol promises it, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from folds_clips import SUBJECT, corpus, split

from aver.errors import LeakageError
from aver.folds import build
from aver.folds.leakage import RULES, check_leakage, checked_rules
from aver.folds.protocol import PROTOCOLS
from aver.folds.roles import TEST, TRAIN, VALIDATION

COLUMN = {"speaker": "speaker", "take": "take", "content": "sha256"}
STOPPED = {
    "subject": {"speaker", "take", "content"},
    "loso": {"speaker", "take", "content"},
    "cross": {"speaker", "take", "content"},
    "clip": {"take", "content"},
    "window": set(),
}


def row(clip, role, fold=0, corpus="c", people="", protocol="subject", **shared):
    return {"protocol": protocol, "fold": fold, "clip_id": clip, "corpus": corpus, "people": people or corpus,
            "role": role, "speaker": f"s-{clip}", "take": f"t-{clip}", "sha256": f"h-{clip}", **shared}  # fmt: skip


def test_every_protocol_and_every_rule_is_tried():
    assert set(STOPPED) == set(PROTOCOLS)
    assert set(COLUMN) == set(RULES)


@pytest.mark.parametrize("sides", [(TRAIN, TEST), (VALIDATION, TEST), (TRAIN, VALIDATION)])
@pytest.mark.parametrize("rule", COLUMN)
@pytest.mark.parametrize("protocol", STOPPED)
def test_every_planted_leak_is_stopped_where_the_protocol_promises_it(protocol, rule, sides):
    same = {COLUMN[rule]: "same", "protocol": protocol}
    rows = [row("a", sides[0], 1, **same), row("b", sides[1], 1, **same), row("d", TRAIN, protocol=protocol)]
    if rule not in STOPPED[protocol]:
        check_leakage(rows)
        return
    with pytest.raises(LeakageError, match="fold 1") as error:
        check_leakage(rows)
    assert "clips c/a and c/b; 1 in all" in str(error.value)
    assert all(side in str(error.value) for side in sides)
    assert ("new clips" if protocol == "clip" else "new people") in str(error.value)


def test_a_leak_in_one_protocol_is_found_beside_others_that_let_it_through():
    same = [row("a", TRAIN, speaker="x"), row("b", TEST, speaker="x")]
    beside = [planted | {"protocol": protocol} for protocol in ("window", "clip") for planted in same]
    check_leakage(beside)
    with pytest.raises(LeakageError):
        check_leakage([*beside, *(planted | {"protocol": "loso"} for planted in same)])


@pytest.mark.parametrize(
    "rows",
    [
        [row("a", TRAIN, speaker="x"), row("b", TRAIN, speaker="x"), row("d", TEST)],
        [row("a", TRAIN, 0, speaker="x"), row("b", TEST, 1, speaker="x")],
        [row("a", TRAIN, corpus="one", speaker="x", take="1"), row("b", TEST, corpus="two", speaker="x", take="1")],
        [row("a", TRAIN, take=""), row("b", TEST, take="")],
        [],
    ],
    ids=["one side", "two folds", "two peoples", "takes not known", "empty"],
)
def test_the_gate_lets_pass_what_does_not_cross(rows):
    check_leakage(rows)


@pytest.mark.parametrize("rule", COLUMN)
def test_the_gate_sees_every_leak_between_corpora_of_the_same_people(rule):
    shared = {COLUMN[rule]: "x", "people": "actors"}
    one, two = (row(k, role, corpus=k, **shared) for k, role in (("a", TRAIN), ("b", TEST)))
    with pytest.raises(LeakageError, match="clips a/a and b/b"):
        check_leakage([one, two])
    other = [one, {**two, "people": "others"}]
    if rule == "content":
        with pytest.raises(LeakageError, match="identical content"):
            check_leakage(other)
    else:
        check_leakage(other)


# ---------------------------------------------------------------- in the stage


@pytest.mark.parametrize("protocol", ["subject", "loso"])
def test_the_stage_stops_on_a_take_of_another_speaker(protocol):
    clips = corpus(5)
    clips[-1] |= {"take": "S01_angry_T0"}
    with pytest.raises(LeakageError, match=f"benchmark b, protocol {protocol}: fold 0: a take") as error:
        split(replace(SUBJECT, protocol=protocol, folds=5 if protocol == "subject" else None), clips)
    assert "S01_angry_T0" in str(error.value)
    assert clips[-1]["clip_id"] in str(error.value)


@pytest.mark.parametrize(("change", "words"), [({"take": "same"}, "a take"), ({"sha256": "same"}, "identical content")])
@pytest.mark.parametrize("beside", [False, True])
def test_the_gate_asks_not_how_a_protocol_made_its_split(monkeypatch, change, words, beside):
    """A random split that forgot to keep performances together, also where it only stands beside the headline."""
    clips = corpus()
    clips[0] |= change
    clips[1] |= change  # of the same speaker and label, so nothing contradicts anything

    def careless(clips, benchmark):
        return [[TEST if clip["clip_id"] == clips[0]["clip_id"] else TRAIN for clip in clips]]

    monkeypatch.setattr(build, "PROTOCOLS", {**PROTOCOLS, "clip": careless})
    benchmark = replace(SUBJECT, beside=("clip",)) if beside else replace(SUBJECT, protocol="clip", folds=None)
    with pytest.raises(LeakageError, match=f"protocol clip: fold 0: {words}"):
        split(benchmark, clips)
    monkeypatch.undo()
    found = {row["clip_id"]: row["role"] for row in split(benchmark, clips) if row["protocol"] == "clip"}
    assert found[clips[0]["clip_id"]] == found[clips[1]["clip_id"]]


def test_what_no_clip_says_is_not_called_checked():
    rows = [row("a", TRAIN), row("b", TEST)]
    assert checked_rules("subject", rows) == ["speaker", "take", "content"]
    assert checked_rules("clip", rows) == ["take", "content"]
    assert checked_rules("window", rows) == []
    assert checked_rules("subject", [planted | {"take": ""} for planted in rows]) == ["speaker", "content"]


def test_people_whom_nobody_names_are_taken_for_the_same():
    """The stage says earlier, and more kindly, that speakers are missing; the gate itself does not look away."""
    with pytest.raises(LeakageError, match="a speaker"):
        check_leakage([row("a", TRAIN, speaker=""), row("b", TEST, speaker="")])
