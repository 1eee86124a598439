"""The ceilings follow from the tables, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from aver.synthetic.displays import EMOTIONS, LOOKS, TABLES, VOICES, Tables, ceilings, joint


def small(misacted: float) -> Tables:
    # a and b look alike; b and c sound alike in half of b's takes.
    return Tables(
        look={"a": {"x": 1.0}, "b": {"x": 1.0}, "c": {"y": 1.0}},
        voice={"a": {"p": 1.0}, "b": {"q": 0.5, "r": 0.5}, "c": {"r": 1.0}},
        misacted=misacted,
    )


def test_ceilings_of_a_small_table_by_hand():
    got = ceilings(small(0.0))
    assert got.visual == pytest.approx(2 / 3)  # x: a or b, y: c
    assert got.acoustic == pytest.approx((1 + 0.5 + 1) / 3)  # p: a, q: b, r: c
    assert got.both == pytest.approx(1.0)


def test_ceilings_with_misacted_takes_by_hand():
    # A fifth of the takes shows one of the two other emotions, a tenth each.
    got = ceilings(small(0.2))
    # P(x | a) = P(x | b) = 0.8 + 0.1 = 0.9, P(y | c) = 0.8.
    assert got.visual == pytest.approx((0.9 + 0.8) / 3)
    # P(p | a) = 0.8, P(q | b) = 0.4, P(r | c) = 0.8 + 0.1 * 0.5.
    assert got.acoustic == pytest.approx((0.8 + 0.4 + 0.85) / 3)
    # (x,p): a 0.8; (x,q): b 0.4; (x,r): b 0.4; (y,r): c 0.8.
    assert got.both == pytest.approx((0.8 + 0.4 + 0.4 + 0.8) / 3)


def test_ceilings_agree_with_simulated_guessing():
    rng, n = np.random.default_rng(3), 200_000
    label = rng.integers(len(EMOTIONS), size=n)
    others = (label + rng.integers(1, len(EMOTIONS), size=n)) % len(EMOTIONS)
    shown = np.where(rng.random(n) < TABLES.misacted, others, label)
    displays = []
    for table in (TABLES.look, TABLES.voice):
        names = sorted({name for row in table.values() for name in row})
        edges = np.cumsum([[table[e].get(name, 0.0) for name in names] for e in EMOTIONS], axis=1)
        displays.append((rng.random(n)[:, None] > edges[shown]).sum(axis=1).clip(max=len(names) - 1))
    look, voice = displays

    def best(seen: np.ndarray) -> float:
        counts = np.zeros((seen.max() + 1, len(EMOTIONS)))
        np.add.at(counts, (seen, label), 1)
        return counts.max(axis=1).sum() / n

    want = ceilings()
    assert best(look) == pytest.approx(want.visual, abs=0.005)
    assert best(voice) == pytest.approx(want.acoustic, abs=0.005)
    assert best(look * 100 + voice) == pytest.approx(want.both, abs=0.005)


def test_ceilings_of_the_corpus_leave_room_for_fusion():
    got = ceilings()
    assert 0.72 < got.visual < 0.78
    assert 0.65 < got.acoustic < 0.70
    assert got.both > 0.96


def test_joint_is_a_distribution_for_every_emotion():
    assert np.allclose(joint().sum(axis=(1, 2)), 1.0)


def test_tables_name_known_displays_and_all_emotions():
    assert tuple(TABLES.look) == tuple(TABLES.voice) == EMOTIONS
    assert {name for row in TABLES.look.values() for name in row} == set(LOOKS)
    assert {name for row in TABLES.voice.values() for name in row} == set(VOICES)


def test_rows_that_are_no_distribution_are_refused():
    with pytest.raises(ValueError, match="sum to 1"):
        ceilings(Tables(look={"a": {"x": 0.9}}, voice={"a": {"p": 1.0}}, misacted=0.0))


def test_tables_over_different_emotions_are_refused():
    with pytest.raises(ValueError, match="same emotions"):
        ceilings(Tables(look={"a": {"x": 1.0}}, voice={"b": {"p": 1.0}}, misacted=0.0))
