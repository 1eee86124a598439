"""The blocks under `features`: what a stream may ask of its encoder, and what it leaves to it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from aver.errors import ParamsError
from aver.params.blocks import Stream
from aver.params.file import load
from aver.params.names import ENCODERS
from aver.params.streams import settled

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stream(tmp_path):
    """Returns a function: params.yaml with one more stream, windows of other lengths and all weights; loads it."""

    def load_with(**keys):
        content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        for name, window_s in (("half", 0.5), ("blink", 0.07)):
            content["windows"][name] = {"rule": "fixed", "window_s": window_s}
        content["weights"] |= {"vggm": {"source": "seeded"}, "resnet50": {"source": "seeded"}}
        for name in keys.pop("whole", ()):
            content["weights"][name]["layers"] = "all"
        for name in keys.pop("without", ()):
            del content["weights"][name]
        content["features"]["mine"] = keys
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return load(tmp_path / "params.yaml").features["mine"]

    return load_with


@pytest.mark.parametrize(
    "keys",
    [
        {"encoder": "vggface", "window": "frames"},
        {"encoder": "vggface", "window": "frames", "layer": "pooled", "input_px": 96, "scaling": "bgr01"},
        {"encoder": "vggface", "window": "frames", "layer": "fc7", "input_px": 224, "whole": ["vggface"]},
        {"encoder": "vggm", "window": "frames", "input_px": 97, "pooling": "max", "precision": "bf16"},
        {"encoder": "vggm", "window": "half", "frames": "max", "pooling": "mean"},
        {"encoder": "vggface", "window": "thirds"},
        {"encoder": "resnet50", "window": "frames", "input_px": 160},
        {"encoder": "vggish-torch", "window": "half", "pooling": "max"},
        {"encoder": "vggish-torch", "window": "patch", "layer": "embedding", "whole": ["vggish"]},
        {"encoder": "vggish-torch", "window": "thirds", "layer": "embedding", "whole": ["vggish"]},
        {"encoder": "xvector", "window": "half", "precision": "bf16"},
    ],
)
def test_what_an_encoder_offers_may_be_asked(stream, keys):
    assert stream(**keys).encoder == keys["encoder"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"encoder": "vgface", "window": "frames"}, ["mine.encoder", "did you mean 'vggface'"]),
        (
            {"encoder": "vggface", "window": "frame"},
            ["mine.window", "did you mean 'frames'", "blink, frames, half, patch, thirds"],
        ),
        ({"encoder": "xvector", "window": "frames"}, ["mine.window", "blink, half, patch, thirds"]),
        (
            {"encoder": "vggface", "window": "frames", "frames": "max"},
            ["mine.frames", "window frames has a row for each frame", "take the key out"],
        ),
        (
            {"encoder": "xvector", "window": "half", "frames": "mean"},
            ["mine.frames", "encoder xvector reads sound", "take the key out"],
        ),
        ({"encoder": "vggface", "window": "half", "frames": "median"}, ["mine.frames", "'mean' or 'max'", "'median'"]),
        ({"encoder": "vggface", "window": "frames", "pooling": "max"}, ["mine.pooling", "has no such choice", "layer"]),
        ({"encoder": "vggface", "window": "frames", "layer": "fc6"}, ["mine.layer", "fc7", "pooled", "trunk"]),
        ({"encoder": "vggface", "window": "frames", "layer": "fc7"}, ["weights.vggface.layers", "all"]),
        (
            {"encoder": "vggface", "window": "frames", "layer": "fc7", "input_px": 96, "whole": ["vggface"]},
            ["mine.input_px", "exactly 224", "not 96"],
        ),
        ({"encoder": "vggface", "window": "frames", "input_px": 65}, ["mine.input_px", "multiple of 32", "65"]),
        ({"encoder": "resnet50", "window": "frames", "input_px": 100}, ["mine.input_px", "multiple of 32"]),
        ({"encoder": "vggm", "window": "frames", "input_px": 62}, ["mine.input_px", "at least 63"]),
        (
            {"encoder": "vggm", "window": "frames", "without": ["vggm"]},
            ["needs a block vggm under weights", "source: pretrained", "vggface"],
        ),
        ({"encoder": "vggish-torch", "window": "patch", "without": ["vggish"]}, ["needs a block vggish under weights"]),
        (
            {"encoder": "vggish-torch", "window": "half", "layer": "embedding", "whole": ["vggish"]},
            ["0.96 s", "window half has 0.5 s", "conv4"],
        ),
        ({"encoder": "vggish-torch", "window": "blink"}, ["at least 0.08 s", "window blink has 0.07 s"]),
        ({"encoder": "vggish-torch", "window": "patch", "layer": "embedding"}, ["weights.vggish.layers", "all"]),
        ({"encoder": "vggish", "window": "patch", "precision": "bf16"}, ["mine.precision", "'bf16'", "fp32"]),
        ({"encoder": "vggface", "window": "frames", "scaling": "bgr_mean"}, ["mine.scaling", "own", "rgb01", "bgr01"]),
        ({"encoder": "xvector", "window": "thirds", "scaling": "own"}, ["mine.scaling", "layer, precision"]),
    ],
)
def test_what_it_does_not_offer_is_named_with_what_it_does(stream, keys, words):
    with pytest.raises(ParamsError) as error:
        stream(**keys)
    assert all(word in str(error.value) for word in words), error.value


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_is_left_open_is_the_encoders_default(name, device):
    about = ENCODERS[name]
    found = settled(Stream(name, "frames"), device)
    for key in ("layer", "scaling", "pooling"):
        assert getattr(found, key) == (about.keys[key][0] if key in about.keys else None)
    assert found.precision == about.precision[device]
    assert (found.device, found.input_px) == (device, None)


@pytest.mark.parametrize("name", ENCODERS)
def test_the_frames_of_a_window_are_averaged_unless_told_otherwise(name):
    faces = ENCODERS[name].reads == "faces"
    assert settled(Stream(name, "half"), "cpu").frames == ("mean" if faces else None)
    assert settled(Stream(name, "frames"), "cpu").frames is None


def test_what_is_given_stays():
    given = Stream("vggm", "frames", pooling="max", precision="fp32", scaling="rgb01")
    found = settled(given, "cuda")
    assert (found.pooling, found.precision, found.scaling, found.layer) == ("max", "fp32", "rgb01", "conv5")
    assert settled(Stream("vggm", "half", frames="max"), "cpu").frames == "max"
