"""What `aver plan` says of work that cannot be looked up yet is what there will be, and no work is left out."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from predicthome import build, settings, write_params

from aver.cache.cache import Cache
from aver.cache.step import key_of
from aver.classifiers.grid import Loaded
from aver.cli.explain import explain
from aver.cli.survey.survey import survey
from aver.corpora.catalogue import catalogue
from aver.evaluation.over_time.analyse import over_time
from aver.media.index import index_media
from aver.params.file import load

CLIP = "S01_happy_T1"
#: Twelve clips; two folds with two seeds, and one of each protocol beside it with the first seed.
CLIPS = 12
POOLED = ("features synthetic vggm-half", "features synthetic vggm-half windows")
WAITS = "waits for the step before it"


def params_here():
    """Write and return params of a repository whose corpus lies outside it: nothing is to be rendered for it."""
    content = settings()
    content["corpora"] = {"synthetic": {"root": "clips"}}
    write_params(content)
    return load()


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """Stand in a folder as `dvc repro` leaves it, but for the evaluation."""
    folder = tmp_path_factory.mktemp("survey")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        patch.setattr("aver.cli.dvc.changed_stages", dict)
        build()
        Path("data/synthetic").rename("clips")
        yield folder


@pytest.fixture
def params():
    return params_here()


def works(params, changed=(), only=""):
    return {work.label: work for work in survey(params, {stage: [{}] for stage in changed}, only).works}


def open_(work):
    """Return how many are cached, to compute, and waiting."""
    return work.cached, work.pending, work.waiting


@contextmanager
def without(*paths):
    """Take files or folders away for a while."""
    for path in paths:
        Path(path).rename(f"{path}.away")
    try:
        yield
    finally:
        for path in paths:
            Path(f"{path}.away").rename(path)


def entry(work, name):
    """Return the entry of a task in the clip cache."""
    (task,) = (task for task in work.tasks if task.name == name)
    return Cache().entry_path(task.step.name, key_of(task.step.parts(task.inputs)))


def noisy(params, *strategies):
    return replace(params, classifiers=replace(params.classifiers, noise_trained=strategies))


def analysing(params, *strategies, clip=""):
    own = replace(params.evaluation.over_time, strategies=strategies, clip=clip)
    return replace(params, evaluation=replace(params.evaluation, over_time=own))


def rescaled(params):
    """Return params by which the network of the pooled stream has to run again."""
    stream = replace(params.features["vggm-half"], scaling="rgb01")
    return replace(params, features={**params.features, "vggm-half": stream})


def explained(clip=CLIP):
    done = CliRunner().invoke(explain, [clip])
    assert done.exit_code == 0, repr(done.exception)
    return done.output


# ---------------------------------------------------------------- steps of a stage


def test_here_every_clip_is_in_the_cache(params):
    """Else no test below shows anything."""
    found = works(params)
    for label in ("media synthetic probe", "media synthetic sound", "faces synthetic", *POOLED):
        assert open_(found[label]) == (CLIPS, 0, 0)


def test_what_the_network_leaves_pending_waits_to_be_pooled(params):
    found = works(rescaled(params))
    assert [open_(found[label]) for label in POOLED] == [(0, CLIPS, 0), (0, 0, CLIPS)]
    with without(entry(works(params)[POOLED[0]], CLIP)):
        found = works(params)
        assert [open_(found[label]) for label in POOLED] == [(CLIPS - 1, 1, 0), (CLIPS - 1, 0, 1)]


def test_a_clip_waits_once_for_all_steps_before(params):
    with without(entry(works(params)["media synthetic probe"], CLIP)):
        found = works(params)
    assert open_(found["media synthetic probe"]) == (CLIPS - 1, 1, 0)
    for label in ("media synthetic sound", "faces synthetic", "features synthetic vggface", *POOLED):
        assert open_(found[label]) == (CLIPS - 1, 0, 1)
    with without(entry(works(params)["faces synthetic"], CLIP)):
        found = works(params)
    assert open_(found["media synthetic sound"]) == open_(found["features synthetic vggish-half"]) == (CLIPS, 0, 0)
    assert open_(found["faces synthetic"]) == (CLIPS - 1, 1, 0)
    assert [open_(found[label]) for label in POOLED] == [(CLIPS - 1, 0, 1)] * 2


def test_what_is_missing_its_weights_waits_in_every_step(params):
    with without("data/weights/vggm"):
        found = works(params)
        assert [open_(found[label]) for label in POOLED] == [(0, 0, CLIPS)] * 2
        told = explained()
    assert [f"{label}: waits for the stages before it" in told for label in POOLED] == [True, True]
    with without("data/weights/vggish"):
        found = works(params)
    assert open_(found["features synthetic vggish-half"]) == (0, 0, CLIPS)
    assert "features synthetic vggish-half windows" not in found


def test_explain_says_for_what_a_step_waits(params):
    with without(entry(works(params)[POOLED[0]], CLIP)):
        told = explained()
    assert f"{POOLED[0]}: to compute" in told
    assert f"{POOLED[1]}: {WAITS}, {POOLED[0]}\n" in told
    with without(entry(works(params)["media synthetic probe"], CLIP)):
        told = explained()
    assert f"media synthetic sound: {WAITS}, media synthetic probe\n" in told
    for label in ("faces synthetic", *POOLED):
        assert f"{label}: waits for the stages before it\n" in told


def test_explain_says_when_there_is_nothing_to_wait_for(params, monkeypatch):
    """The first step has failed: the second will never be."""
    monkeypatch.setattr("aver.cli.dvc.changed_stages", lambda: {"corpora@synthetic": [{}]})
    path = Path("clips/S01/S01_happy_T2.mp4")
    path.write_text("no media at all")
    rows = [clip.row() for clip in catalogue("synthetic", params.corpora["synthetic"]).clips]
    assert f"media synthetic sound: {WAITS}, media synthetic probe\n" in explained(path.stem)
    index_media("synthetic", [row for row in rows if row["clip_id"] == path.stem], Path("clips"), params)
    told = explained(path.stem)
    path.unlink()
    assert "media synthetic probe: stored failure: not_media" in told
    for label in ("media synthetic sound", "faces synthetic", *POOLED):
        assert f"{label}: nothing to do: absent, or failed\n" in told


# ---------------------------------------------------------------- training runs and questions that are not known yet


def todo(found):
    """Return of each list of reducers, runs and questions how many there are or will be."""
    kinds = ("reducers", "classifiers", "evaluation")
    return {label: len(work.tasks) + work.waiting for label, work in found.items() if label.split()[0] in kinds}


def test_what_waits_is_as_much_as_there_will_be(params):
    """Noise in training: both modalities and each alone, one model per fold; reduced rows have no modality."""
    params = analysing(noisy(params, "concat", "pca", "visual"), "mater", "visual", "concat-paper")
    known, waiting = todo(works(params)), todo(works(rescaled(params)))
    assert {label: waiting[label] for label in ("classifiers small concat", "classifiers small visual")} == {
        "classifiers small concat": 2 * (2 + 3) + 2, "classifiers small visual": 2 * (2 + 1) + 2}  # fmt: skip
    assert {label: number for label, number in waiting.items() if label.startswith("evaluation")} == {
        "evaluation small concat over time": 2 * (2 + 3),
        "evaluation small visual over time": 2 * (2 + 1),
        "evaluation small mater over time": 2 * 2,
    }
    # The reducers stage fits those of `pca` first, so they are in the cache when its runs are looked up.
    fitted = {f"classifiers small {name} {name}": 4 for name in ("pca", "autoencoder")}
    assert not fitted.keys() & waiting.keys()
    assert waiting | fitted == known


def test_a_strategy_as_published_fits_reducers_of_its_own(params):
    params = replace(params, fusion="pca-paper")
    known, waiting = todo(works(params)), todo(works(rescaled(params)))
    assert waiting["classifiers small pca-paper pca"] == known["classifiers small pca-paper pca"] == 4
    assert waiting["classifiers small pca-paper"] == known["classifiers small pca-paper"] == 6
    assert waiting["evaluation small pca-paper over time"] == known["evaluation small pca-paper over time"] == 4


@pytest.mark.parametrize("change", [lambda params: params, rescaled])
def test_the_strategies_that_are_asked_are_those_that_evaluation_asks(change, params):
    """With any other, the one named by `fusion`; without any, none."""

    def asked(*strategies):
        found = works(change(replace(analysing(params, *strategies), fusion="embrace")))
        return {label.removeprefix("evaluation small ") for label in found if label.startswith("evaluation")}

    assert asked("mater") == {"embrace over time", "mater over time"}
    assert asked() == set()


def test_runs_wait_for_reducers_that_are_not_fitted(params):
    other = replace(params.reducers, pca=replace(params.reducers.pca, variance=0.5))
    found = works(replace(params, fusion="pca", reducers=other))
    assert open_(found["classifiers small pca pca"]) == (0, 4, 0)
    assert open_(found["classifiers small pca"]) == (0, 0, 6)
    assert open_(found["evaluation small pca over time"]) == (0, 0, 4)


def test_of_clips_that_nobody_has_seen_the_runs_are_foreseen(params):
    """The built-in corpus is to be rendered first; what benchmark it is for says how many folds there will be."""
    params = noisy(params, "concat")
    Path("data/synthetic").mkdir()
    found = works(replace(params, corpora={"synthetic": replace(params.corpora["synthetic"], root="data/synthetic")}))
    Path("data/synthetic").rmdir()
    clips = found["synthetic"].pending
    assert clips == 16 * 3 * 6
    assert [open_(found[label]) for label in ("media synthetic probe", "media synthetic sound", *POOLED)] == [
        (0, 0, clips)
    ] * 4
    assert todo(found) == todo(works(rescaled(params)))


# ---------------------------------------------------------------- questions to models


@pytest.fixture(scope="module")
def asked(home):
    """`mater` has been asked, about the attention in one clip; return the params."""
    params = analysing(params_here(), "mater", clip="S02/S02_sad_T1.mp4")
    (row,) = over_time("small", ["mater"], Path("data"), params)
    assert row["attention"]["clip_id"] == "S02_sad_T1"
    return params


QUESTIONS = "evaluation small mater over time"


def test_what_was_asked_is_not_asked_again(asked):
    assert open_(works(asked)[QUESTIONS]) == (4, 0, 0)
    # Both clips are tested by the same fold: its two models are asked about the other one.
    assert open_(works(analysing(asked, "mater", clip=CLIP))[QUESTIONS]) == (2, 2, 0)


def test_the_clips_are_those_that_lie_there_now(asked):
    """The corpora stage has not run, or its out is that of other clips."""
    table = Path("data/corpora/synthetic/clips.parquet")
    with without(table):
        assert open_(works(asked)[QUESTIONS]) == (4, 0, 0)
        stale = pd.read_parquet(f"{table}.away")
        stale.assign(path=[f"old/{path}" for path in stale["path"][::-1]]).to_parquet(table)
        found = works(asked, changed=["corpora@synthetic"])
        table.unlink()
    assert open_(found[QUESTIONS]) == (4, 0, 0)


def test_models_that_do_not_lie_there_wait(asked):
    model = Path("data/classifiers/small/mater/models/subject-fold-1-seed-0.npz")
    with without(model):
        assert open_(works(asked)[QUESTIONS]) == (0, 0, 4)
        model.write_bytes(b"another")
        assert open_(works(asked)[QUESTIONS]) == (0, 0, 4)
        model.unlink()
    other = replace(asked, fusion="pca")
    questions = "evaluation small pca over time"
    assert open_(works(other)[questions]) == (0, 4, 0)
    with without("data/classifiers/small/pca/reducers/subject-fold-0.npz"):
        assert open_(works(other)[questions]) == (0, 0, 4)


def test_one_model_is_held_at_a_time(asked, monkeypatch):
    """Models together can be larger than memory; and nothing of a strategy stays for the next."""
    own, arrays, grids, read = Loaded.__getitem__, [], [], []

    def watched(self, key):
        assert not any(array() is not None for array in arrays)
        if not read or grids[-1]() is not self:
            assert not any(grid() is not None for grid in grids)
            grids.append(weakref.ref(self))
        found = own(self, key)
        arrays[:] = [weakref.ref(array) for array in found.values()]
        read.append(key)
        return found

    monkeypatch.setattr(Loaded, "__getitem__", watched)
    works(asked)
    assert len(read) == 6 + 6
    assert len(grids) == 2
