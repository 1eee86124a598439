"""Training through real files: it learns, it repeats, and nothing of the test side reaches the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from aver.cache.objects import pack
from aver.classifiers import acoustic, concat, visual
from aver.classifiers.fit import TEST, TRAIN, VALIDATION, FitParams, predict
from aver.classifiers.head import TemporalClassifier
from aver.classifiers.only import Only
from aver.classifiers.registry import STRATEGIES, get_strategy
from aver.classifiers.sequences import sequences, starts
from aver.classifiers.timeline import build_timeline, write_rows
from aver.errors import BenchmarkError, ParamsError
from aver.params import file
from aver.params.blocks import Budget
from aver.store.reader import Store
from aver.store.schema import Header
from aver.store.writer import ClipEntry, Rows, write_store

PARAMS = FitParams(
    classes=2, seed=0, epochs=12, patience=12, batch=16, learning_rate=0.01, learning_rate_min=1e-5,
    learning_rate_patience=3, weight_decay=0.0, dropout=0.1, lstm_units=8, dense_units=8, class_weights=False,
    device="cpu",
)  # fmt: skip
CLIPS, STEPS = 60, 6
MODEL = ("model.", "scaler.", "history", "best_epoch")


@pytest.fixture(scope="session")
def problem(tmp_path_factory):
    """Sixty clips of 4–6 rows; the label shifts the first two of five visual dimensions, and the acoustic rows."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("rows")
    labels = np.arange(CLIPS) % 2
    lengths = 4 + np.arange(CLIPS) % 3
    picture, links, steps, sound = [], [], [], []
    for clip in range(CLIPS):
        steps.append(len(picture) + np.minimum(np.arange(STEPS), lengths[clip] - 1))
        links += [2 * clip + k * 2 // lengths[clip] for k in range(lengths[clip])]
        picture += list(rng.normal([6 * labels[clip] + 50, 3 * labels[clip], 0, 0, 0], 1, (lengths[clip], 5)))
        sound += list(rng.normal(4 * labels[clip], 1, (2, 3)))
    np.save(folder / "visual.npy", np.array(picture, np.float32))
    np.save(folder / "acoustic.npy", np.array(sound, np.float32))
    roles = np.array([TRAIN, TRAIN, TRAIN, TRAIN, VALIDATION, TEST], np.int32)[np.arange(CLIPS) // 2 % 6]
    table = {"steps": np.array(steps, np.int32), "lengths": lengths.astype(np.int32),
             "labels": labels.astype(np.int32), "roles": roles}  # fmt: skip
    return {"table": table, "link": np.array(links, np.int32), "folder": folder}


def train(strategy, problem, params=PARAMS, **changes):
    files = {role: problem["folder"] / f"{role}.npy" for role in strategy.roles}
    table = {**problem["table"], **changes}
    if strategy.name == "concat":
        table["link_acoustic"] = problem["link"]
    if strategy.name == "acoustic":  # its own rows are the time line: two per clip
        table["steps"] = (2 * np.arange(CLIPS)[:, None] + np.array([0, 1, 1, 1, 1, 1])).astype(np.int32)
        table["lengths"] = np.full(CLIPS, 2, np.int32)
    return strategy.train(params, table, **files)


@pytest.fixture(scope="session")
def trained(problem):
    return train(visual.STRATEGY, problem)


def model_of(result):
    return {name: value for name, value in result.items() if name.startswith(MODEL)}


@pytest.mark.parametrize("module", [visual, acoustic, concat], ids=lambda module: module.STRATEGY.name)
def test_a_separable_problem_is_learned(problem, module):
    result = train(module.STRATEGY, problem)
    labels = problem["table"]["labels"][result["test"]]
    assert sorted(result["test"]) == np.flatnonzero(problem["table"]["roles"] == TEST).tolist()
    assert result["probabilities"].shape == (len(labels), 2)
    np.testing.assert_allclose(result["probabilities"].sum(axis=1), 1, atol=1e-5)
    assert (result["probabilities"].argmax(axis=1) == labels).mean() >= 0.9
    history = result["history"]
    assert history.shape == (12, 4)
    assert history[-1, 0] < history[0, 0]
    assert history[:, 1].argmin() == int(result["best_epoch"])


def test_shuffled_labels_cannot_be_learned(problem):
    """The same training on labels that mean nothing stays near chance: the test above speaks of the rows."""
    labels = np.random.default_rng(5).permutation(problem["table"]["labels"])
    result = train(visual.STRATEGY, problem, labels=labels)
    assert (result["probabilities"].argmax(axis=1) == problem["table"]["labels"][result["test"]]).mean() < 0.9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(problem, trained):
    torch.manual_seed(1234)
    assert pack(train(visual.STRATEGY, problem)) == pack(trained)
    other = train(visual.STRATEGY, problem, replace(PARAMS, seed=1))
    assert pack(model_of(other)) != pack(model_of(trained))


def test_test_labels_have_no_influence(problem, trained):
    labels = problem["table"]["labels"].copy()
    test = problem["table"]["roles"] == TEST
    labels[test] = 1 - labels[test]
    assert pack(train(visual.STRATEGY, problem, labels=labels)) == pack(trained)


def test_test_rows_have_no_influence_on_the_model(problem, trained, tmp_path):
    rows = np.load(problem["folder"] / "visual.npy")
    rows[np.unique(problem["table"]["steps"][problem["table"]["roles"] == TEST])] = 1e3
    np.save(tmp_path / "visual.npy", rows)
    other = train(visual.STRATEGY, {**problem, "folder": tmp_path})
    assert pack(model_of(other)) == pack(model_of(trained))
    assert not np.array_equal(other["probabilities"], trained["probabilities"])


@pytest.mark.parametrize(("role", "changes"), [(TRAIN, True), (VALIDATION, True)])
def test_training_and_validation_labels_do_have_influence(problem, trained, role, changes):
    labels = problem["table"]["labels"].copy()
    labels[np.flatnonzero(problem["table"]["roles"] == role)[:4]] ^= 1
    assert (pack(train(visual.STRATEGY, problem, labels=labels)) != pack(trained)) is changes


def test_padding_has_no_influence(problem, trained, tmp_path):
    """Steps behind a sequence's true length may point anywhere, even at rows that are not numbers."""
    rows = np.vstack([np.load(problem["folder"] / "visual.npy"), np.full((1, 5), 1e6, np.float32)])
    np.save(tmp_path / "visual.npy", rows)
    steps = problem["table"]["steps"].copy()
    behind = np.arange(STEPS) >= problem["table"]["lengths"][:, None]
    assert behind.any()
    steps[behind] = len(rows) - 1
    other = train(visual.STRATEGY, {**problem, "folder": tmp_path}, steps=steps)
    assert pack(model_of(other)) == pack(model_of(trained))
    np.testing.assert_array_equal(other["probabilities"], trained["probabilities"])


def test_the_scaler_is_that_of_the_training_rows(problem, trained):
    rows = np.load(problem["folder"] / "visual.npy").astype(np.float64)
    table = problem["table"]
    used = np.unique(np.concatenate([s[:n] for s, n, r in zip(table["steps"], table["lengths"], table["roles"],
                                                            strict=True) if r == TRAIN]))  # fmt: skip
    np.testing.assert_allclose(trained["scaler.visual.mean"], rows[used].mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trained["scaler.visual.deviation"], rows[used].std(axis=0), rtol=1e-5)


def test_training_stops_when_validation_gets_no_better(problem):
    result = train(visual.STRATEGY, problem, replace(PARAMS, epochs=60, patience=2, learning_rate=0.5))
    assert len(result["history"]) == int(result["best_epoch"]) + 3 < 60


def test_class_weights_change_training_of_uneven_classes(problem):
    roles = problem["table"]["roles"].copy()
    train_happy = np.flatnonzero((roles == TRAIN) & (problem["table"]["labels"] == 1))
    roles[train_happy[4:]] = 9
    plain, weighted = (train(visual.STRATEGY, problem, replace(PARAMS, class_weights=on, epochs=3), roles=roles)
                       for on in (False, True))  # fmt: skip
    assert pack(model_of(plain)) != pack(model_of(weighted))


def test_the_head_reads_the_last_true_step():
    torch.manual_seed(0)
    model = TemporalClassifier(Only("visual", 4), 4, 5, 6, 0.5, 3).eval()
    rows = torch.randn(2, 7, 4)
    long = model({"visual": rows}, torch.tensor([3, 7]))
    short = model({"visual": rows[:1, :3]}, torch.tensor([3]))
    torch.testing.assert_close(long[:1], short)
    assert not torch.allclose(long[0], model({"visual": rows}, torch.tensor([4, 7]))[0])


def test_prediction_scores_every_sequence_whatever_the_batch():
    class Table:
        def batch(self, chosen):
            return torch.from_numpy(chosen).float()[:, None], None, None

    class Identity(torch.nn.Module):
        def forward(self, x, lengths):
            return x

    for batch in (1, 3, 7, 100):
        assert predict(Identity(), Table(), np.arange(7), batch).ravel().tolist() == list(range(7))


# ---------------------------------------------------------------- sequences


@pytest.mark.parametrize(
    ("rows", "frames", "stride", "most", "expected"),
    [
        (20, 32, 16, 4, [0]),
        (32, 32, 16, 4, [0]),
        (33, 32, 16, 4, [0, 1]),
        (55, 32, 16, 4, [0, 16, 23]),
        (64, 32, 16, 4, [0, 16, 32]),
        (200, 32, 16, 4, [0, 56, 112, 168]),
        (200, 32, 16, 1, [84]),
        (40, 32, 1, 32, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (1, 32, 16, 4, [0]),
    ],
)
def test_starts(rows, frames, stride, most, expected):
    assert starts(rows, frames, stride, most) == expected


@pytest.mark.parametrize(("rows", "frames", "stride"), [(33, 32, 16), (100, 32, 16), (57, 8, 5), (7, 3, 3)])
def test_no_row_goes_unseen(rows, frames, stride):
    steps, lengths = sequences(10, rows, frames, stride, 1000)
    assert set(steps.ravel().tolist()) == set(range(10, 10 + rows))
    assert set(lengths.tolist()) == {frames}


def test_a_short_clip_is_padded_with_its_last_row():
    steps, lengths = sequences(100, 3, 5, 2, 4)
    assert steps.tolist() == [[100, 101, 102, 102, 102]]
    assert lengths.tolist() == [3]


# ---------------------------------------------------------------- timeline

BUDGET = Budget(epochs=1, patience=1, weight_decay=0.0, sequence_stride=4, max_sequences=8)
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


def test_acoustic_rows_join_by_time(stores):
    line = build_timeline(get_strategy("concat"), stores, WANTED, 8, BUDGET)
    assert line.clips == [("c", "one"), ("c", "two")]
    # Middles of the faces: 0.05 … 0.95 s; the second acoustic window starts at 0.5 s; earlier faces go to the first.
    assert line.table["link_acoustic"].tolist() == [0] * 5 + [1] * 5 + [2] * 3
    assert line.owner.tolist() == [0, 0, 1]
    assert line.table["lengths"].tolist() == [8, 8, 3]
    assert line.table["steps"][1].tolist() == list(range(2, 10))
    assert line.table["steps"][2].tolist() == [10, 11, 12, 12, 12, 12, 12, 12]


def test_clips_that_lack_a_role_say_why(stores):
    line = build_timeline(get_strategy("concat"), stores, WANTED, 8, BUDGET)
    assert line.unscored == {("c", "mute"): "acoustic: no_sound", ("c", "faceless"): "visual: no_face",
                             ("c", "lost"): "visual: failed"}  # fmt: skip
    alone = build_timeline(get_strategy("acoustic"), stores, WANTED, 8, BUDGET)
    assert [clip for _, clip in alone.clips] == ["faceless", "one", "two"]
    with pytest.raises(BenchmarkError, match=r"none of 1 clips.*no_sound"):
        build_timeline(get_strategy("concat"), stores, [("c", "mute")], 8, BUDGET)


def test_sequences_are_no_longer_than_the_longest_clip(stores):
    assert build_timeline(get_strategy("visual"), stores, WANTED, 32, BUDGET).table["steps"].shape[1] == 10


def test_the_digest_names_the_rows_of_the_clips_in_use(stores, tmp_path):
    def digest(stores, wanted=WANTED):
        return build_timeline(get_strategy("visual"), stores, wanted, 8, BUDGET).digests["visual"]

    assert digest(stores) == digest(stores, WANTED[::-1])
    assert digest(stores) != digest(stores, WANTED[:1])
    again = store(tmp_path / "again", "other", {"one": [(0, 1)], "two": [(0, 1)], "mute": [(0, 1)]}, {"faceless": "x"})
    assert digest(stores) != digest({"visual": again})


def test_rows_are_written_in_the_order_of_the_clips(stores, tmp_path):
    line = build_timeline(get_strategy("concat"), stores, WANTED, 8, BUDGET)
    write_rows(tmp_path / "rows.npy", stores["acoustic"], line.clips)
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    names = sorted(["one", "two", "faceless"])
    assert rows.tolist() == [[names.index("one"), 0], [names.index("one"), 1], [names.index("two"), 0],
                             [names.index("two"), 1]]  # fmt: skip


def test_the_registered_strategies_are_the_known_names():
    assert sorted(STRATEGIES) == sorted(file.STRATEGIES)
    for name in STRATEGIES:
        strategy = get_strategy(name)
        assert strategy.name == name
        assert strategy.timeline in strategy.roles
        assert strategy.train.__module__ == f"aver.classifiers.{name}"
    with pytest.raises(ParamsError, match="did you mean 'visual'"):
        get_strategy("visuals")
