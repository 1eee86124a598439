"""`params.yaml`: what is wrong is named, with what would be right."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from aver.classifiers.registry import get_strategy
from aver.corpora.registry import get_adapter
from aver.errors import ParamsError
from aver.features.registry import get_encoder
from aver.params import file
from aver.params.file import load
from aver.params.names import ENCODERS

REPOSITORY = Path(__file__).parents[2]
GOOD = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
GONE = object()


@pytest.fixture
def changed(tmp_path):
    """Return `changed("media.keep_every", value)`: the path of the repository's params with one key changed."""

    def change(where: str, value) -> Path:
        content = copy.deepcopy(GOOD)
        *folders, last = where.split(".")
        block = content
        for folder in folders:
            block = block[folder]
        if value is GONE:
            del block[last]
        else:
            block[last] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return change


def keys(value, prefix=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_the_repositorys_file_loads():
    params = load(REPOSITORY / "params.yaml")
    assert params.fusion == GOOD["fusion"]
    assert params.synthetic.duration_s == tuple(GOOD["synthetic"]["duration_s"])
    assert set(params.features) == set(GOOD["features"])


def test_no_key_that_dvc_leaves_out_of_its_run_cache():
    assert not {"size", "nfiles"} & set(keys(GOOD))
    declared = {name for block in vars(file.blocks).values() for name in getattr(block, "__pydantic_fields__", {})}
    assert "keep_every" in declared
    assert not {"size", "nfiles"} & declared


def test_where_the_file_is_looked_for(tmp_path, monkeypatch, changed):
    path = changed("media.keep_every", 5)
    monkeypatch.setenv("AVER_PARAMS", str(path))
    assert load().media.keep_every == 5
    monkeypatch.delenv("AVER_PARAMS")
    monkeypatch.chdir(tmp_path)
    assert load().media.keep_every == 5
    path.unlink()
    with pytest.raises(ParamsError, match=r"params\.yaml does not exist"):
        load()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("media.keep_evry", ["media.keep_evry", "unknown key", "keep_every", "sample_rate_hz", "timeout_s"]),
        ("surprise", ["surprise", "unknown key", "fusion", "evaluation"]),
        ("windows.thirds.window", ["windows.thirds.window", "unknown key", "rule", "window_s"]),
        ("features.vggface.colour", ["features.vggface.colour", "unknown key", "encoder", "scaling"]),
        ("benchmarks.synthetic.k", ["benchmarks.synthetic.k", "unknown key", "folds", "protocol"]),
        (
            "classifiers.temporal.budgets.quick.epoch",
            ["temporal.budgets.quick.epoch", "unknown key", "epochs", "patience"],
        ),
        ("classifiers.mater.budgets.quick.heads", ["mater.budgets.quick.heads", "unknown key", "feed_forward, layers"]),
        ("classifiers.visual", ["classifiers.visual", "unknown key", "mater", "temporal"]),
        ("corpora.synthetic.path", ["corpora.synthetic.path", "unknown key", "root", "adapter"]),
        ("weights.vggish.url", ["weights.vggish.url", "unknown key", "release", "path", "sha256"]),
    ],
)
def test_an_unknown_key_is_named_with_the_accepted_ones(changed, where, words):
    with pytest.raises(ParamsError) as error:
        load(changed(where, 1))
    message = str(error.value)
    line = next(line for line in message.splitlines() if where in line)
    assert all(word in line for word in words), message


@pytest.mark.parametrize(
    "where",
    ["fusion", "media", "media.keep_every", "faces.timeout_s", "windows.thirds.rule", "benchmarks.synthetic.seeds",
     "classifiers.temporal.budgets.paper.epochs", "corpora.synthetic.root", "evaluation.confidence"],
)  # fmt: skip
def test_a_missing_key_is_named(changed, where):
    with pytest.raises(ParamsError) as error:
        load(changed(where, GONE))
    assert f"  {where}: missing key" in str(error.value)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("media.keep_every", "2"),
        ("media.keep_every", 2.5),
        ("media.keep_every", 0),
        ("media.keep_every", True),
        ("media.timeout_s", 0),
        ("max_failed_fraction", 1.01),
        ("max_failed_fraction", -0.1),
        ("faces.detector", "hog"),
        ("faces.haar.scale_factor", 1.0),
        ("classifiers.class_weights", "yes"),
        ("classifiers.device", "gpu"),
        ("classifiers.noise_trained", "concat"),
        ("classifiers.mater.heads", 0),
        ("classifiers.mater.span_s", {"ravdess": 0}),
        ("classifiers.mater.budgets.quick.dropout", 1.0),
        ("evaluation.over_time.window_s", 0),
        ("benchmarks.synthetic.corpora", []),
        ("benchmarks.synthetic.corpora", "synthetic"),
        ("benchmarks.synthetic.protocol", "speaker"),
        ("benchmarks.synthetic.folds", 1),
        ("benchmarks.synthetic.deal", "random"),
        ("benchmarks.synthetic.beside", ["cross"]),
        ("benchmarks.synthetic.beside", "clip"),
        ("benchmarks.synthetic.seeds", []),
        ("benchmarks.synthetic.fold_seed", -1),
        ("reducers.autoencoder.seed", -1),
        ("benchmarks.synthetic.where", {"channel": "speech"}),
        ("synthetic.duration_s", [1.8, -1]),
        ("synthetic.frame_px", 32),
        ("weights.vggface.sha256", {"vgg_face_weights.pth": "abc"}),
        ("windows.thirds", None),
        ("evaluation.confidence", 95),
    ],
)
def test_a_wrong_type_or_value_is_named_and_shown(changed, where, value):
    with pytest.raises(ParamsError) as error:
        load(changed(where, value))
    shown = value if not isinstance(value, dict | list) else ""
    line = next(line for line in str(error.value).splitlines() if f"  {where}" in line)
    assert "got" in line
    assert str(shown) in line


def test_all_mistakes_are_told_at_once(tmp_path):
    content = copy.deepcopy(GOOD)
    content["media"]["keep_every"] = 0
    content["faces"]["detector"] = "none"
    del content["budget"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ParamsError) as error:
        load(tmp_path / "params.yaml")
    assert all(where in str(error.value) for where in ("media.keep_every", "faces.detector", "budget: missing"))


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("fusion", "conact", ["fusion", "'conact'", "did you mean 'concat'", "acoustic, acoustic-paper, autoencoder"]),
        ("fusion", "zzz", ["fusion", "'zzz'", "acoustic, acoustic-paper, autoencoder"]),
        ("budget", "quik", ["budget", "did you mean 'quick'", "paper, quick"]),
        ("corpora.synthetic", {"root": "x", "adapter": "fodler"}, ["corpora.synthetic.adapter", "did you mean 'folder'",
                                                                   "ravdess, rml, savee, synthetic"]),
        ("corpora.my-clips", {"root": "x"}, ["corpora.my-clips.adapter", "'my-clips'", "rml, savee, synthetic"]),
        ("features.xvector-thirds.window", "third", ["features.xvector-thirds.window", "did you mean 'thirds'"]),
        ("features.xvector-thirds.window", "frames", ["features.xvector-thirds.window", "patch, thirds"]),
        ("features.vggface.window", "third", ["features.vggface.window", "did you mean 'thirds'", "frames, half"]),
        ("weights.vggface", GONE, ["needs a block vggface under weights", "there are"]),
        ("benchmarks.synthetic.corpora", ["synthetic", "ravdes"], ["benchmarks.synthetic.corpora", "'ravdes'",
                                                                   "Known: synthetic"]),
        ("classifiers.temporal.visual", "vgface", ["classifiers.temporal.visual", "did you mean 'vggface'"]),
        ("classifiers.temporal.acoustic", "x", ["classifiers.temporal.acoustic",
                                          "vggface, vggish-half, vggish-patch, vggm-half, xvector-thirds"]),
        ("weights.xvector.source", "path", ["weights.xvector", "path"]),
        ("windows.patch", {"rule": "fixed"}, ["windows.patch", "window_s"]),
        ("windows.thirds", {"rule": "thirds", "window_s": 1.0}, ["windows.thirds", "window_s"]),
        ("windows.frames", {"rule": "thirds"}, ["windows.frames", "reserved"]),
    ],
)  # fmt: skip
def test_a_name_that_refers_to_nothing_is_named_with_the_known_ones(changed, where, value, words):
    with pytest.raises(ParamsError) as error:
        load(changed(where, value))
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("fusion", "visual"),
        ("fusion", "mater-no-attention-paper"),
        ("features.vggface.window", "thirds"),
        ("classifiers.mater.span_s", {}),
        ("classifiers.mater.span_s", {"synthetic": 0.5, "folder": 2}),
        ("classifiers.mater.heads", 1),
        ("classifiers.mater.budgets.quick.width", 16),
        ("classifiers.noise_trained", []),
        ("classifiers.noise_trained", ["mater-no-position", "embrace", "concat-paper"]),
        ("corpora.my-clips", {"root": "/x", "adapter": "folder"}),
        ("corpora.ravdess", {"root": "data/raw/ravdess"}),
        ("weights.xvector", {"source": "pretrained", "sha256": {"embedding_model.ckpt": "0" * 64}}),
        ("benchmarks.synthetic.where", {"channel": ["speech", ""], "perceived": ["sad"]}),
        ("benchmarks.synthetic.labels", "basic6"),
        ("benchmarks.synthetic.label", "perceived"),
        ("benchmarks.synthetic.deal", "consecutive"),
        ("benchmarks.synthetic.beside", []),
        ("benchmarks.synthetic.beside", ["loso", "window", "clip"]),
        ("max_failed_fraction", 1),
        ("parallel.backend", "sequential"),
    ],
)
def test_what_is_right_passes(changed, where, value):
    load(changed(where, value))


@pytest.mark.parametrize("text", ["fusion: [", "a: b: c", "", "- 1\n- 2\n", "just text"])
def test_a_file_that_is_no_mapping_is_an_error_in_words(tmp_path, text):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"params\.yaml"):
        load(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("names", "get"),
    [(file.STRATEGIES, get_strategy), (file.ADAPTERS, get_adapter), (ENCODERS, get_encoder)],
    ids=["strategies", "adapters", "encoders"],
)
def test_every_accepted_name_can_be_had(names, get):
    assert len(names) >= 3
    for name in names:
        assert get(name)


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("media.sample_rate_hz", 44100, ["reads 16000", "media.sample_rate_hz is 44100"]),
        ("synthetic.duration_s", [2.0, 1.0], ["synthetic.duration_s"]),
        ("benchmarks.synthetic.where", {"chanel": ["speech"]}, ["benchmarks.synthetic.where", "chanel"]),
        ("parallel.backend", "threading", ["parallel.backend", "loky"]),
    ],
)
def test_values_that_would_give_wrong_results_are_refused(changed, where, value, words):
    with pytest.raises(ParamsError) as error:
        load(changed(where, value))
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": "basic5"}, ["benchmarks.synthetic.labels", "did you mean 'basic6'", "basic6, five, native, seven"]),
        ({"folds": GONE}, ["benchmarks.synthetic.folds: missing key", "protocol 'subject'"]),
        ({"test_corpora": ["other"]}, ["benchmarks.synthetic.test_corpora", "use protocol 'cross'"]),
        ({"corpora": ["synthetic", "synthetic"]}, ["benchmarks.synthetic", "synthetic stands twice"]),
        ({"protocol": "cross", "folds": GONE}, ["benchmarks.synthetic.test_corpora: missing key", "'cross'"]),
        ({"protocol": "cross", "test_corpora": ["other"]}, ["benchmarks.synthetic.folds", "only protocol 'subject'"]),
        ({"protocol": "loso"}, ["benchmarks.synthetic.folds", "only protocol 'subject'", "take the key out"]),
        ({"protocol": "loso", "beside": ["subject"], "folds": GONE}, ["benchmarks.synthetic.folds: missing key"]),
        ({"beside": ["clip", "subject"]}, ["benchmarks.synthetic: subject, clip, subject", "each protocol once"]),
        ({"protocol": "cross", "folds": GONE, "test_corpora": ["other"]}, ["synthetic.beside", "leave it out"]),
        ({"protocol": "cross", "folds": GONE, "test_corpora": ["synthetic"]}, ["synthetic stands twice"]),
        ({"protocol": "cross", "folds": GONE, "test_corpora": ["othr"]}, ["test_corpora", "did you mean 'other'"]),
        ({"protocol": "cross", "folds": GONE, "test_corpora": ["other"], "beside": GONE}, []),
        ({"corpora": ["synthetic", "other"], "labels": "seven"}, []),
    ],
)
def test_a_benchmark_has_what_its_protocol_needs_and_no_more(tmp_path, change, words):
    content = copy.deepcopy(GOOD)
    content["corpora"]["other"] = {"root": "x", "adapter": "folder"}
    block = {**content["benchmarks"]["synthetic"], **change}
    content["benchmarks"]["synthetic"] = {key: value for key, value in block.items() if value is not GONE}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    if not words:
        assert load(tmp_path / "params.yaml").benchmarks["synthetic"].all_corpora == ("synthetic", "other")
        return
    with pytest.raises(ParamsError) as error:
        load(tmp_path / "params.yaml")
    assert all(word in str(error.value) for word in words), str(error.value)
