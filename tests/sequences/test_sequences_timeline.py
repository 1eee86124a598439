"""The rows of clips in time, through real stores."""

from __future__ import annotations

import numpy as np
import pytest

from aver.errors import BenchmarkError
from aver.params.blocks import Benchmark, Budget
from aver.sequences.layout import Layout
from aver.sequences.roles import TEST, TRAIN, VALIDATION
from aver.sequences.split import split
from aver.sequences.timeline import build_timeline
from aver.store.reader import Store
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

BUDGET = Budget(
    epochs=1, patience=1, weight_decay=0.0, autoencoder_epochs=1, sequence_frames=8, sequence_stride=4, max_sequences=8
)
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
    line = build_timeline(stores, WANTED, 8, BUDGET)
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
    line = build_timeline(stores, WANTED, 8, BUDGET)
    assert line.unscored == {("c", "mute"): "acoustic: no_sound", ("c", "faceless"): "visual: no_face",
                             ("c", "lost"): "visual: failed; acoustic: failed"}  # fmt: skip
    alone = build_timeline(only(stores, "acoustic"), WANTED, 8, BUDGET)
    assert [clip for _, clip in alone.clips] == ["faceless", "one", "two"]
    with pytest.raises(BenchmarkError, match=r"none of 1 clips has visual and acoustic.*no_sound"):
        build_timeline(stores, [("c", "mute")], 8, BUDGET)


def test_partial_clips_stay_and_their_missing_role_is_marked(stores):
    """A clip without a face has the rows of its sound as steps, one without sound only faces."""
    line = build_timeline(stores, WANTED, 8, BUDGET, partial=True)
    assert [clip for _, clip in line.clips] == ["faceless", "mute", "one", "two"]
    assert line.unscored == {("c", "lost"): "visual: failed; acoustic: failed"}
    # faceless: 2 steps; mute: 10; one: 10; two: 3.
    assert line.links["visual"].tolist() == [-1, -1, *range(10), *range(10, 20), 20, 21, 22]
    assert line.links["acoustic"].tolist() == [0, 1, *[-1] * 10, *[2] * 5, *[3] * 5, 4, 4, 4]
    np.testing.assert_allclose(line.times[:2], [(0.25, 0.5), (0.5, 1.0)])


def test_sequences_are_no_longer_than_the_longest_clip(stores):
    assert build_timeline(only(stores, "visual"), WANTED, 32, BUDGET).steps.shape[1] == 10


def test_steps_that_are_used_are_counted_once(stores):
    line = build_timeline(stores, WANTED, 8, BUDGET)
    assert line.used(np.array([True, True, False])).tolist() == list(range(10))
    assert line.used(np.array([False, False, True])).tolist() == [10, 11, 12]


def test_the_digest_names_the_rows_of_the_clips_in_use(stores, tmp_path):
    def digest(stores, wanted=WANTED):
        return build_timeline(only(stores, "visual"), wanted, 8, BUDGET).digests["visual"]

    assert digest(stores) == digest(stores, WANTED[::-1])
    assert digest(stores) != digest(stores, WANTED[:1])
    again = store(tmp_path / "again", "other", {"one": [(0, 1)], "two": [(0, 1)], "mute": [(0, 1)]}, {"faceless": "x"})
    assert digest(stores) != digest({"visual": again})


def test_rows_are_written_in_the_order_of_the_clips(stores, tmp_path):
    line = build_timeline(stores, WANTED, 8, BUDGET, partial=True)
    Layout([], stores, line, []).write(tmp_path)
    rows = np.load(tmp_path / "acoustic.npy", mmap_mode="r")
    names = sorted(["one", "two", "faceless"])
    assert rows.tolist() == [[names.index(name), k] for name in ("faceless", "one", "two") for k in (0, 1)]
    assert len(np.load(tmp_path / "visual.npy")) == 23


# ---------------------------------------------------------------- roles

BENCHMARK = Benchmark(
    corpora=("c",), protocol="subject", folds=2, validation_fraction=0.25, fold_seed=0, seeds=(0,)
)  # fmt: skip


@pytest.fixture
def long(tmp_path):
    """Twelve clips of ten sequences each."""
    times = [(k / 10, (k + 1) / 10) for k in range(44)]
    clips = {f"clip{k:02}": times for k in range(12)}
    return build_timeline({"visual": store(tmp_path, "v", clips, {})}, [("c", name) for name in clips], 8, BUDGET)


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
    line = build_timeline(stores, [("c", name) for name in clips], 8, BUDGET, partial=True)
    rows = rows_of(line, "subject", lambda k: ("train", "validation", "test")[k // 4])
    with pytest.raises(BenchmarkError, match="no acoustic features left to train"):
        split(line, rows, ["a", "b"], BENCHMARK)
    heard = rows_of(line, "subject", lambda k: ("test", "validation", "train")[k // 4])
    assert len(split(line, heard, ["a", "b"], BENCHMARK)[0]) == 1
