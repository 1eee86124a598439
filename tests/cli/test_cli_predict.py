"""`aver predict`: an answer is what evaluation scores, only fair models are asked, and bad input is told apart."""

from __future__ import annotations

import csv
import io
import json
import logging
import shutil
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from predicthome import LABELS, NEW, OWN, TRAINED, build, ffmpeg, settings, write_params

from aver.cli.predict import predict
from aver.cli.prediction import spoken
from aver.cli.prediction.answer import PredictError
from aver.cli.sheet import canvas
from aver.errors import BenchmarkError, ParamsError, WeightsError
from aver.store.out import read_json, write_json

PNG = b"\x89PNG\r\n"


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """Stand in a folder as `dvc repro` leaves it, with some clips that it does not know."""
    folder = tmp_path_factory.mktemp("predict")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        build()
        ffmpeg("-i", NEW, "-an", "-c", "copy", "mute.mp4")
        ffmpeg("-i", NEW, "-vn", "heard.wav")
        ffmpeg("-f", "lavfi", "-i", "testsrc=size=112x112:rate=10:duration=1", "nobody.mp4")
        Path("text.mp4").write_text("no media at all")
        yield folder


@pytest.fixture(autouse=True)
def as_it_was(home):
    """Put back what a test changed."""
    yield
    write_params(settings())
    Path("dvc.lock").unlink(missing_ok=True)


def run(*arguments: str | Path, code: int = 0):
    done = CliRunner().invoke(predict, [str(word) for word in arguments])
    assert done.exit_code == code, f"{done.output}\n{done.exception!r}"
    return done


def answered(*arguments: str | Path, code: int = 0) -> dict:
    return json.loads(run("--json", "-", *arguments, code=code).stdout)


def refused(kind: type[Exception], *arguments: str | Path) -> str:
    error = run(*arguments, code=1).exception
    assert isinstance(error, kind), repr(error)
    return str(error)


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("protocol", ["subject", "clip"])
@pytest.mark.parametrize("strategy", TRAINED)
def test_a_clip_of_the_benchmark_gets_what_evaluation_scores(strategy, protocol):
    table = pd.read_parquet(f"data/classifiers/small/{strategy}/predictions.parquet")
    table = table[table["protocol"] == protocol]
    clip = sorted(set(table["clip_id"]))[0]
    own = table[table["clip_id"] == clip]
    found = answered(f"data/synthetic/{clip[:3]}/{clip}.mp4", "--strategy", strategy, "--protocol", protocol)
    (answer,) = found["clips"]
    expected = own.groupby("seed")[[f"p_{label}" for label in LABELS]].mean().mean()
    np.testing.assert_allclose(list(answer["probabilities"].values()), expected, atol=2e-6)
    assert answer["sequences"] == (own["seed"] == 0).sum()
    # Only models of the one fold that tests it, and it is said.
    assert answer["models"] == [
        f"{protocol}-fold-{own['fold'].iloc[0]}-seed-{seed}" for seed in sorted(set(own["seed"]))
    ]
    assert f"the {len(answer['models'])} of {len(found['models'])} models" in answer["notes"][0]
    spans = [note for note in answer["notes"] if note == "As in training, only its first 0.6 s are looked at."]
    assert len(spans) == (strategy == "mater") and (not spans or len(answer["steps"]) == 2)


def test_a_new_clip_is_answered_by_all_models_at_every_step():
    found = answered(NEW, "--strategy", "concat")
    assert found["models"] == [f"subject-fold-{fold}-seed-{seed}" for fold in (0, 1) for seed in (0, 1)]
    (answer,) = found["clips"]
    assert answer["models"] == found["models"] and not answer["notes"]
    assert answer["answer"] == max(answer["probabilities"], key=answer["probabilities"].get)
    steps = answer["steps"]
    assert len(steps) > found["frames"] == 4
    assert all(sum(step["probabilities"].values()) == pytest.approx(1, abs=1e-5) for step in steps)
    assert all(a["t1_s"] <= b["t0_s"] + 1e-6 for a, b in pairwise(steps))
    # A step rests on four steps at most: itself and three before it.
    for number, step in enumerate(steps):
        assert step["since_s"] == steps[max(0, number - 3)]["t0_s"]
    # The last step's sequence is also the clip's last one: with one sequence both are the same.
    assert answer["sequences"] == len(steps) - 3
    assert "seeded (random) weights of vggface and xvector: no statement" in found["notices"][0]


def test_mater_answers_at_every_window_of_the_sound():
    (answer,) = answered(NEW, "--strategy", "mater")["clips"]
    assert (answer["sequences"], len(answer["models"])) == (1, 4)
    steps = answer["steps"]
    assert [round(step["t1_s"] - step["t0_s"], 3) for step in steps[:2]] == [0.5, 0.5]
    # Each answer rests on all that was known by then; the last one is the clip's.
    assert {step["since_s"] for step in steps} == {steps[0]["t0_s"]}
    last = list(steps[-1]["probabilities"].values())
    np.testing.assert_allclose(last, list(answer["probabilities"].values()), atol=2e-6)


def test_a_long_clip_says_on_how_much_its_answer_rests():
    ffmpeg("-stream_loop", "3", "-i", NEW, "-c", "copy", "long.mp4")
    (answer,) = answered("long.mp4", "--strategy", "concat")["clips"]
    assert answer["sequences"] == 3
    assert f"rests on 3 sequences of 4 steps: 12 of its {len(answer['steps'])}." in answer["notes"][-1]


def test_protocol_window_knows_parts_of_every_clip_of_the_benchmark():
    found = answered(OWN, NEW, "--strategy", "concat", "--protocol", "window", code=1)
    assert [one["clip"] for one in found["clips"]] == [NEW]
    (why,) = (one["why"] for one in found["failed"])
    assert "S01_happy_T1 of corpus synthetic" in why and "all its models know parts of this one" in why


def test_a_clip_that_every_model_trained_on_is_refused():
    folds = pd.read_parquet("data/folds/small/folds.parquet")
    trained = folds[(folds["protocol"] == "clip") & (folds["role"] != "test")]["clip_id"].iloc[0]
    found = answered(f"data/synthetic/{trained[:3]}/{trained}.mp4", "--protocol", "clip", code=1)
    assert "every model of protocol clip trained or validated on it" in found["failed"][0]["why"]


def test_the_table_on_the_terminal():
    done = run(NEW, "--strategy", "concat", "--steps", "2")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("concat on benchmark small, protocol subject: the mean of 4 models (2 folds × 2 seeds")
    assert "trained on other speakers" in lines[0] and "no statement" in lines[1]
    answer = answered(NEW, "--strategy", "concat")["clips"][0]["answer"]
    assert [line.split()[:2] for line in lines if line.startswith(NEW)] == [[NEW, answer]]
    at = next(number for number, line in enumerate(lines) if line.startswith("since s"))
    assert len(lines[at + 2 :]) == 2
    several = run(NEW, OWN, "--strategy", "concat").stdout
    assert "since s" not in several and f"{OWN}: Its content is that of" in several


# ---------------------------------------------------------------- what a clip lacks


def test_embrace_goes_on_without_a_modality_and_says_so():
    found = answered("mute.mp4", "heard.wav", "nobody.mp4", "--strategy", "embrace", code=1)
    assert {one["clip"]: one["notes"] for one in found["clips"]} == {
        "mute.mp4": ["The file holds no sound: answered from the picture alone."],
        "heard.wav": ["The file holds no picture: answered from the sound alone."],
    }
    assert len(found["clips"][0]["steps"]) > 3 and len(found["clips"][1]["steps"]) == 3
    assert "no strategy can say anything" in found["failed"][0]["why"]


def test_mater_goes_on_without_a_picture():
    """Not without sound, whose windows its faces are counted in: another strategy can."""
    found = answered("heard.wav", "mute.mp4", "--strategy", "mater", code=1)
    (heard,) = found["clips"]
    assert heard["notes"] == ["The file holds no picture: answered from the sound alone."]
    assert heard["face_coverage"] is None and len(heard["steps"]) > 1
    why = found["failed"][0]["why"]
    assert why == "the file holds no sound, and mater needs face and sound. Without: --strategy embrace"


@pytest.mark.parametrize(("clip", "can"), [("mute.mp4", "embrace"), ("heard.wav", "acoustic, embrace or mater")])
def test_other_strategies_name_one_that_can(clip, can):
    found = answered(clip, "--strategy", "concat", code=1)
    assert found["failed"][0]["why"].endswith(f"concat needs face and sound. Without: --strategy {can}")


def test_a_strategy_that_could_not_either_is_not_named():
    found = answered("nobody.mp4", "--strategy", "acoustic", code=1)
    assert found["failed"][0]["why"].startswith(
        "the file holds no sound, and acoustic needs sound. Without: --strategy e"
    )


def test_the_acoustic_strategy_looks_for_no_face():
    assert answered("heard.wav", "--strategy", "acoustic")["clips"][0]["face_coverage"] is None
    assert "seeded (random) weights of xvector:" in run("heard.wav", "--strategy", "acoustic").stdout


# ---------------------------------------------------------------- bad input


def test_one_bad_clip_does_not_keep_the_others_from_an_answer(tmp_path):
    Path("empty.mp4").touch()
    Path("nothing.mp4").unlink(missing_ok=True)
    Path("nothing.mp4").symlink_to("gone")
    given = ["text.mp4", NEW, "gone.mp4", "data", "empty.mp4", "nothing.mp4", "S01_happy_T1", NEW]
    found = answered(*given, "--strategy", "concat", code=1)
    assert [one["clip"] for one in found["clips"]] == [NEW]
    why = {one["clip"]: (one["reason"], one["why"]) for one in found["failed"]}
    assert why["text.mp4"][0] == "not_media" and why["empty.mp4"][0] == "empty"
    assert why["gone.mp4"] == (None, "no such file.") and why["nothing.mp4"][1].startswith("a link to nothing")
    assert "a folder. Name the clips in it" in why["data"][1]
    assert "whose file is data/synthetic/S01/S01_happy_T1.mp4" in why["S01_happy_T1"][1]
    told = run("text.mp4", "--strategy", "concat", code=1).stderr
    assert "not_media: ffmpeg does not recognise" in told and "Remedy:" in told


def test_any_name_is_shown_harmless_and_kept_apart(tmp_path):
    names = ["a b.mp4", "-dash.mp4", "line\nbreak.mp4", "line\\nbreak.mp4", "\x1b[31mred.mp4", "b\udcff.mp4"]
    for name in names:
        shutil.copy(NEW, name)
    found = answered("--strategy", "acoustic", "--", *names)
    shown = [one["clip"] for one in found["clips"]]
    assert shown == [
        "a b.mp4", "-dash.mp4", "line\\nbreak.mp4", "line\\nbreak.mp4 (2)", "\\x1b[31mred.mp4", "b\\udcff.mp4"
    ]  # fmt: skip
    assert "\x1b" not in run("--strategy", "acoustic", "--", *names).output


def test_no_model_and_unknown_names():
    why = refused(PredictError, NEW, "--strategy", "autoencoder")
    assert "dvc exp run -S fusion=autoencoder" in why or "Train it with `dvc repro`" in why
    assert "Trained there: acoustic, concat, embrace, mater, pca" in why
    assert "did you mean 'concat'" in refused(ParamsError, NEW, "--strategy", "conact")
    assert "Known: small" in refused(ParamsError, NEW, "--benchmark", "large")
    assert "Known: clip, subject, window" in refused(ParamsError, NEW, "--protocol", "loso")
    shutil.move("data/folds/small/folds.parquet", "aside")
    assert "folds.parquet is missing" in refused(PredictError, NEW)
    shutil.move("aside", "data/folds/small/folds.parquet")


def test_a_strategy_that_could_not_be_trained_says_why():
    file = Path("data/classifiers/small/visual/summary.json")
    file.parent.mkdir()
    write_json(file, {"labels": [], "gap": "no clip has a face", "runs": 0, "model": None})
    assert "no clip has a face" in refused(BenchmarkError, NEW, "--strategy", "visual")
    shutil.rmtree(file.parent)


def test_models_of_other_params_are_not_asked():
    content = settings()
    content["classifiers"]["temporal"]["acoustic"] = "vggface"
    write_params(content)
    assert "classifiers.temporal.acoustic: xvector-thirds, now it is vggface" in refused(PredictError, NEW)
    write_params(settings())
    file = Path("data/classifiers/small/embrace/summary.json")
    summary = read_json(file)
    write_json(file, summary | {"model": summary["model"] | {"widths": {"visual": 4096, "acoustic": 512}}})
    assert "rows of 4096 numbers from stream vggface" in refused(PredictError, NEW, "--strategy", "embrace")
    write_json(file, summary)


def test_params_that_changed_since_the_last_run_are_named():
    now = settings()
    then = {
        "faces@synthetic": {"faces": now["faces"] | {"margin": 0.25, "timeout_s": 1.0, "mtcnn": now["faces"]["mtcnn"]
                                                     | {"min_confidence": 0.1}}},
        "features@synthetic-vggface": {"features.vggface": now["features"]["vggface"] | {"scaling": "rgb01"}},
        "windows@synthetic": {"windows": now["windows"]},
        "media@synthetic": {"media": now["media"]},
    }  # fmt: skip
    lock = {"stages": {name: {"params": {"params.yaml": blocks}} for name, blocks in then.items()}}
    Path("dvc.lock").write_text(yaml.safe_dump(lock))
    why = refused(PredictError, NEW)
    assert "faces.margin was 0.25, is 0.0; features.vggface.scaling was 'rgb01', is 'own'. What" in why
    assert "timeout_s" not in why and "mtcnn" not in why
    # The sound alone is the same.
    assert answered(NEW, "--strategy", "acoustic")["clips"]


def test_weights_that_are_missing_or_others():
    shutil.move("data/weights/xvector", "aside")
    assert "dvc repro weights" in refused(WeightsError, NEW)
    shutil.move("aside", "data/weights/xvector")
    shutil.move("data/weights/vggface", "aside")
    from aver.params.blocks import Weights
    from aver.store.out import out_folder
    from aver.weights.build import build_weights

    with out_folder(Path("data/weights/vggface")) as folder:
        build_weights("vggface", Weights("seeded", seed=2), folder)
    assert "weights of vggface" in refused(PredictError, NEW, "--strategy", "concat")
    shutil.rmtree("data/weights/vggface")
    shutil.move("aside", "data/weights/vggface")


# ---------------------------------------------------------------- files


def test_csv_holds_the_clip_and_every_step(tmp_path):
    found = answered(NEW, OWN)["clips"]
    run(NEW, OWN, "--csv", tmp_path / "o.csv", "--json", tmp_path / "o.json")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "o.csv").read_text())))
    assert Counter((row["clip"], row["level"]) for row in rows) == {
        (NEW, "clip"): 1, (NEW, "step"): len(found[0]["steps"]),
        (OWN, "clip"): 1, (OWN, "step"): len(found[1]["steps"]),
    }  # fmt: skip
    assert float(rows[0]["p_happy"]) == found[0]["probabilities"]["happy"] and rows[0]["models"] == "4"
    assert json.loads((tmp_path / "o.json").read_text())["clips"] == found


def test_the_picture_is_the_same_twice_and_says_what_the_table_says(tmp_path, monkeypatch):
    words: Counter[str] = Counter()
    write = canvas.Page.write

    def spy(page, x, y, text, *rest, **how):
        words[text] += 1
        return write(page, x, y, text, *rest, **how)

    monkeypatch.setattr(canvas.Page, "write", spy)
    for name in ("one.png", "two.png"):
        run(NEW, "--strategy", "concat", "--picture", tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert (tmp_path / "one.png").read_bytes().startswith(PNG)
    (answer,) = answered(NEW, "--strategy", "concat")["clips"]
    for label, share in answer["probabilities"].items():
        assert words[label] == 2 and words[f"{100 * share:.1f} %"] >= 2
    assert words["faces"] == 2 and words["no answer"] == 0
    told = run(NEW, "heard.wav", "--strategy", "acoustic", "--picture", tmp_path / "p.png").stderr
    assert "p-1.png" in told and words["frames"] == 1 and words["sound"] == 1


def test_what_cannot_be_written_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr("aver.cli.prediction.run.run", None)
    assert "would be replaced" in run(NEW, "--csv", NEW, code=2).output
    assert "does not end in .png" in run(NEW, "--picture", "a.jpg", code=2).output
    assert "no folder" in run(NEW, "--json", tmp_path / "no" / "a.json", code=2).output


def test_a_long_wait_for_one_clip_is_not_silent(monkeypatch, caplog):
    monkeypatch.setattr(spoken, "LOG_EVERY_S", 0.01)
    with caplog.at_level(logging.INFO):
        for clips in (1, 2):
            with spoken.alive(f"faces of {clips}", clips, "12 min of clip"):
                time.sleep(0.05)
    assert "faces of 1  0 s so far (12 min of clip)" in caplog.messages
    assert not any("faces of 2" in message for message in caplog.messages)
