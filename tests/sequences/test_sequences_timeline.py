"""The rows of clips in time, through real stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aver.errors import BenchmarkError
from aver.params.blocks import Benchmark, Corpus
from aver.params.file import load
from aver.sequences.layout import Layout
from aver.sequences.plan import ALL, Plan, plan_of
from aver.sequences.roles import TEST, TRAIN, VALIDATION
from aver.sequences.split import split
from aver.sequences.timeline import build_timeline
from aver.store.reader import Store
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

STREAMS = {"visual": "v", "acoustic": "a"}
PLAN = Plan(STREAMS, frames=8, stride=4, most=8)
PARTIAL = replace(PLAN, partial=True)
WINDOWS = Plan(STREAMS, frames=64, stride=None, most=ALL, windows=True)
WANTED = [("c", name) for name in ("one", "two", "mute", "faceless", "lost")]


def store(folder, stream, clips, absent):
    """Write a store; the value of a row is its clip's number and its own."""
    entries = [ClipEntry(name, "absent", why) for name, why in absent.items()]
    for number, (name, times) in enumerate(sorted(clips.items())):
        times_s = np.array(times, float)
        values = np.stack([np.full(len(times), number), np.arange(len(times))], axis=1).astype(np.float32)
        rows = Rows(values, times_s, ["complete"] * len(times))
        entries.append(ClipEntry(name, "ok", "", f"{stream}-{name}", lambda rows=rows: rows))
    write_store(folder, Header(stream, "x", (2,), "p", "w", "seeded"), entries, 2, "hdf5")
    return {"c": Store(folder)}


@pytest.fixture
def stores(tmp_path):
    tenths = [(k / 10, (k + 1) / 10) for k in range(10)]
    halves = [(0.25, 0.5), (0.5, 1.0)]
    seen = {"one": tenths, "two": tenths[:3], "mute": tenths}
    heard = {"one": halves, "two": halves, "faceless": halves}
    return {
        "visual": store(tmp_path / "v", "v", seen, {"faceless": "no_face"}),
        "acoustic": store(tmp_path / "a", "a", heard, {"mute": "no_sound"}),
    }


def only(stores, role):
    return {role: stores[role]}


def test_acoustic_rows_join_by_time(stores):
    line = build_timeline(stores, WANTED, PLAN)
    assert line.clips == [("c", "one"), ("c", "two")]
    # Middles of the faces: 0.05 … 0.95 s; the second acoustic window starts at 0.5 s; earlier faces go to the first.
    assert line.links["acoustic"].tolist() == [0] * 5 + [1] * 5 + [2] * 3
    assert line.links["visual"].tolist() == list(range(13))
    assert line.owner.tolist() == [0, 0, 1]
    assert line.number.tolist() == [0, 1, 0]
    assert line.lengths.tolist() == [8, 8, 3]
    assert line.steps[1].tolist() == list(range(2, 10))
    assert line.steps[2].tolist() == [10, 11, 12, 12, 12, 12, 12, 12]
    np.testing.assert_allclose(line.times[10], [0, 0.1])


def test_clips_that_lack_a_role_say_why(stores):
    line = build_timeline(stores, WANTED, PLAN)
    assert line.unscored == {("c", "mute"): "acoustic: no_sound", ("c", "faceless"): "visual: no_face",
                             ("c", "lost"): "visual: failed; acoustic: failed"}  # fmt: skip
    alone = build_timeline(only(stores, "acoustic"), WANTED, PLAN)
    assert [clip for _, clip in alone.clips] == ["faceless", "one", "two"]
    with pytest.raises(BenchmarkError, match=r"none of 1 clips has visual and acoustic.*no_sound"):
        build_timeline(stores, [("c", "mute")], PLAN)


def test_partial_clips_stay_and_their_missing_role_is_marked(stores):
    """A clip without a face has the rows of its sound as steps, one without sound only faces."""
    line = build_timeline(stores, WANTED, PARTIAL)
    assert [clip for _, clip in line.clips] == ["faceless", "mute", "one", "two"]
    assert line.unscored == {("c", "lost"): "visual: failed; acoustic: failed"}
    # faceless: 2 steps; mute: 10; one: 10; two: 3.
    assert line.links["visual"].tolist() == [-1, -1, *range(10), *range(10, 20), 20, 21, 22]
    assert line.links["acoustic"].tolist() == [0, 1, *[-1] * 10, *[2] * 5, *[3] * 5, 4, 4, 4]
    np.testing.assert_allclose(line.times[:2], [(0.25, 0.5), (0.5, 1.0)])


def test_sequences_are_no_longer_than_the_longest_clip(stores):
    assert build_timeline(only(stores, "visual"), WANTED, replace(PLAN, frames=32)).steps.shape[1] == 10


def test_steps_that_are_used_are_counted_once(stores):
    line = build_timeline(stores, WANTED, PLAN)
    assert line.used(np.array([True, True, False])).tolist() == list(range(10))
    assert line.used(np.array([False, False, True])).tolist() == [10, 11, 12]


def test_the_digest_names_the_rows_of_the_clips_in_use(stores, tmp_path):
    def digest(stores, wanted=WANTED):
        return build_timeline(only(stores, "visual"), wanted, PLAN).digests["visual"]

    assert digest(stores) == digest(stores, WANTED[::-1])
    assert digest(stores) != digest(stores, WANTED[:1])
    again = store(tmp_path / "again", "other", {"one": [(0, 1)], "two": [(0, 1)], "mute": [(0, 1)]}, {"faceless": "x"})
    assert digest(stores) != digest({"visual": again})


def test_rows_are_written_in_the_order_of_the_clips(stores, tmp_path):
    line = build_timeline(stores, WANTED, PARTIAL)
    Layout([], stores, line, [], PARTIAL).write(tmp_path)
    rows = np.load(tmp_path / "acoustic.npy", mmap_mode="r")
    names = sorted(["one", "two", "faceless"])
    assert rows.tolist() == [[names.index(name), k] for name in ("faceless", "one", "two") for k in (0, 1)]
    assert len(np.load(tmp_path / "visual.npy")) == 23


def test_a_step_is_known_when_the_last_of_its_rows_has_ended(stores):
    """A face at the start of a window of sound joins a row that ends with the window."""
    line = build_timeline(stores, WANTED, PLAN)
    np.testing.assert_allclose(line.known_s[:10], [0.5] * 5 + [1.0] * 5)
    np.testing.assert_allclose(line.known_s[10:], [0.5] * 3)
    alone = build_timeline(only(stores, "visual"), WANTED, PLAN)
    np.testing.assert_allclose(alone.known_s, alone.times[:, 1])
    partial = build_timeline(stores, WANTED, PARTIAL)
    mute = partial.known_s[2:12]  # behind the two steps of `faceless`: it has nobody to wait for
    np.testing.assert_allclose(mute, [(k + 1) / 10 for k in range(10)])


def test_a_step_is_never_known_before_it_has_ended(tmp_path):
    """The last faces lie behind the end of the sound, whose last row is theirs all the same."""
    stores = {
        "visual": store(tmp_path / "v", "v", {"one": [(0.0, 0.5), (0.5, 1.2), (1.2, 1.5)]}, {}),
        "acoustic": store(tmp_path / "a", "a", {"one": [(0.0, 0.4), (0.4, 1.0)]}, {}),
    }
    line = build_timeline(stores, [("c", "one")], PLAN)
    assert line.links["acoustic"].tolist() == [0, 1, 1]
    assert line.known_s.tolist() == [0.5, 1.2, 1.5]


# ---------------------------------------------------------------- windows

HALVES = [(0.25 + k / 2, 0.75 + k / 2) for k in range(6)]


@pytest.fixture
def windowed(tmp_path):
    """Six windows of sound from 0.25 s on; a face is seen in some of them."""
    seen = {"both": [HALVES[k] for k in (0, 1, 4)], "short": HALVES[:1], "mute": HALVES[2:4]}
    heard = {"both": HALVES, "short": HALVES[:2], "faceless": HALVES[:3]}
    return {
        "visual": store(tmp_path / "v", "v", seen, {"faceless": "no_face"}),
        "acoustic": store(tmp_path / "a", "a", heard, {"mute": "no_sound"}),
    }


NAMES = [("c", name) for name in ("both", "short", "faceless", "mute", "lost")]


def test_steps_are_the_windows_of_any_role_and_a_window_may_lack_one(windowed):
    line = build_timeline(windowed, NAMES, WINDOWS)
    assert line.clips == [("c", "both"), ("c", "short")]
    assert line.unscored == {("c", "mute"): "acoustic: no_sound", ("c", "faceless"): "visual: no_face",
                             ("c", "lost"): "visual: failed; acoustic: failed"}  # fmt: skip
    np.testing.assert_array_equal(line.times, [*HALVES, *HALVES[:2]])
    assert line.links["visual"].tolist() == [0, 1, -1, -1, 2, -1, 3, -1]
    assert line.links["acoustic"].tolist() == list(range(8))
    assert line.began_s.tolist() == [0.25, 0.25]
    # Counted from there: a sound that begins later than the clip is no slower to be known.
    np.testing.assert_array_equal(line.known_s, line.times[:, 1] - 0.25)
    # One sequence per clip, as long as the longest.
    assert (line.owner.tolist(), line.number.tolist(), line.lengths.tolist()) == ([0, 1], [0, 0], [6, 2])
    assert line.steps.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 7, 7, 7, 7]]


def test_windows_without_sound_are_steps_too(windowed):
    """Which role is named first makes no difference: the steps are those of all of them."""
    turned = {role: windowed[role] for role in ("acoustic", "visual")}
    heard_less = {"visual": turned["acoustic"], "acoustic": turned["visual"]}
    line = build_timeline(heard_less, [("c", "both")], WINDOWS)
    np.testing.assert_array_equal(line.times, HALVES)
    assert line.links["acoustic"].tolist() == [0, 1, -1, -1, 2, -1]


def test_clips_that_lack_a_role_have_the_windows_of_the_other_one(windowed):
    line = build_timeline(windowed, NAMES, replace(WINDOWS, partial=True))
    assert [name for _, name in line.clips] == ["both", "faceless", "mute", "short"]
    assert line.unscored == {("c", "lost"): "visual: failed; acoustic: failed"}
    assert line.lengths.tolist() == [6, 3, 2, 2]
    np.testing.assert_array_equal(line.times[6:11], [*HALVES[:3], *HALVES[2:4]])
    assert line.links["visual"].tolist() == [0, 1, -1, -1, 2, -1, *[-1] * 3, 3, 4, 5, -1]
    assert line.links["acoustic"].tolist() == [*range(6), *range(6, 9), *[-1] * 2, 9, 10]


@pytest.mark.parametrize(("span_s", "kept"), [(3.0, 6), (1.75, 3), (1.76, 4), (0.3, 1), (0.1, 1)])
def test_a_span_keeps_the_windows_that_start_within_it_and_always_the_first(windowed, span_s, kept):
    line = build_timeline(windowed, NAMES[:2], replace(WINDOWS, span_s={"c": span_s, "other": 0.1}))
    short = min(kept, 2)
    assert line.lengths.tolist() == [kept, short]
    np.testing.assert_array_equal(line.times, [*HALVES[:kept], *HALVES[:short]])
    # Rows behind the span are in the file all the same: the rows of the next clip are counted from there.
    assert line.links["acoustic"].tolist() == [*range(kept), *range(6, 6 + short)]
    assert line.links["visual"].tolist() == [0, 1, -1, -1, 2, -1][:kept] + [3, -1][:short]


def test_a_span_of_another_corpus_changes_nothing(windowed):
    other = build_timeline(windowed, NAMES[:2], replace(WINDOWS, span_s={"other": 0.1}))
    assert other.lengths.tolist() == [6, 2]


# ---------------------------------------------------------------- plans


@pytest.fixture
def params():
    found = load(Path(__file__).parents[2] / "params.yaml")
    return replace(found, budget="quick", corpora={"mine": Corpus("x", "ravdess"), "cremad": Corpus("y"),
                                                   "savee": Corpus("z")})  # fmt: skip


def test_a_system_says_how_its_sequences_are_made(params):
    block = params.classifiers.temporal
    budget = block.budgets["quick"]
    assert plan_of("temporal", ("visual", "acoustic"), params, partial=True) == Plan(
        {"visual": block.visual, "acoustic": block.acoustic}, budget.sequence_frames, budget.sequence_stride,
        budget.max_sequences, partial=True,
    )  # fmt: skip
    assert list(plan_of("temporal", ("acoustic",), params).streams) == ["acoustic"]
    assert plan_of("temporal", ("visual",), params).span_s == {}


def test_the_span_is_that_of_a_corpuss_adapter(params):
    block = replace(params.classifiers.mater, span_s={"ravdess": 4.0, "cremad": 3.0})
    params = replace(params, classifiers=replace(params.classifiers, mater=block))
    plan = plan_of("mater", ("visual", "acoustic"), params)
    assert plan == Plan({"visual": block.visual, "acoustic": block.acoustic}, 64, None, ALL, windows=True,
                        span_s={"mine": 4.0, "cremad": 3.0})  # fmt: skip
    assert plan_of("mater", ("visual", "acoustic"), params, partial=True) == replace(plan, partial=True)


# ---------------------------------------------------------------- roles

BENCHMARK = Benchmark(
    corpora=("c",), protocol="subject", folds=2, validation_fraction=0.25, fold_seed=0, seeds=(0,)
)  # fmt: skip


@pytest.fixture
def long(tmp_path):
    """Twelve clips of ten sequences each."""
    times = [(k / 10, (k + 1) / 10) for k in range(44)]
    clips = {f"clip{k:02}": times for k in range(12)}
    return build_timeline({"visual": store(tmp_path, "v", clips, {})}, [("c", name) for name in clips], PLAN)


def rows_of(line, protocol, role_of):
    return [
        {"protocol": protocol, "fold": 0, "corpus": corpus, "clip_id": clip, "role": role_of(k), "label": "ab"[k % 2]}
        for k, (corpus, clip) in enumerate(line.clips)
    ]


def test_sequences_get_the_role_of_their_clip(long):
    rows = rows_of(long, "subject", lambda k: ("train", "validation", "test")[k // 4])
    (fold,), _ = split(long, rows, ["a", "b"], BENCHMARK)
    assert fold.name == "subject-fold-0"
    assert fold.roles.tolist() == np.array([TRAIN, VALIDATION, TEST])[long.owner // 4].tolist()
    assert fold.labels.tolist() == (long.owner % 2).tolist()


def test_under_protocol_window_sequences_are_dealt_one_by_one(long):
    rows = rows_of(long, "window", lambda k: "windows")
    (fold,), _ = split(long, rows, ["a", "b"], BENCHMARK)
    assert len(fold.roles) == 96
    # 20 % of 96 is 19.2; a quarter of the other 76 validates.
    assert [(fold.roles == role).sum() for role in (TRAIN, VALIDATION, TEST)] == [57, 19, 20]
    tested = set(long.owner[fold.roles == TEST])
    assert tested & set(long.owner[fold.roles == TRAIN]), "the same clips train and test: that is the leak it shows"
    (again,), _ = split(long, rows[::-1], ["a", "b"], BENCHMARK)
    assert again.roles.tolist() == fold.roles.tolist()


def test_a_fold_that_loses_a_side_or_a_label_says_so(long):
    rows = rows_of(long, "subject", lambda k: "train" if k else "test")
    with pytest.raises(BenchmarkError, match="protocol subject, fold 0 has no sequence left for validation"):
        split(long, rows, ["a", "b"], BENCHMARK)
    rows = rows_of(long, "subject", lambda k: ("train", "validation", "test")[k % 2 + (k > 5)])
    with pytest.raises(BenchmarkError, match="has no clip of b left to train"):
        split(long, rows, ["a", "b"], BENCHMARK)


def test_a_protocol_beside_the_headline_that_cannot_be_served_is_a_gap_of_its_own(long):
    rows = rows_of(long, "subject", lambda k: ("train", "validation", "test")[k // 4])
    folds, gaps = split(long, rows + rows_of(long, "clip", lambda k: "train" if k else "test"), ["a", "b"], BENCHMARK)
    assert [fold.protocol for fold in folds] == ["subject"]
    assert list(gaps) == ["clip"]
    assert gaps["clip"].startswith("protocol clip, fold 0 has no sequence left for validation")


def test_a_modality_that_no_training_clip_has_cannot_be_trained(tmp_path):
    times = [(k / 10, (k + 1) / 10) for k in range(8)]
    clips = [f"clip{k:02}" for k in range(12)]
    stores = {
        "visual": store(tmp_path / "v", "v", dict.fromkeys(clips, times), {}),
        "acoustic": store(tmp_path / "a", "a", dict.fromkeys(clips[8:], times), dict.fromkeys(clips[:8], "no_sound")),
    }
    line = build_timeline(stores, [("c", name) for name in clips], PARTIAL)
    rows = rows_of(line, "subject", lambda k: ("train", "validation", "test")[k // 4])
    with pytest.raises(BenchmarkError, match="no acoustic features left to train"):
        split(line, rows, ["a", "b"], BENCHMARK)
    heard = rows_of(line, "subject", lambda k: ("test", "validation", "train")[k // 4])
    assert len(split(line, heard, ["a", "b"], BENCHMARK)[0]) == 1
