"""Encoders by name, as `params.yaml` names them."""

from __future__ import annotations

import pytest

from aver.errors import ParamsError
from aver.features.registry import get_encoder
from aver.params.blocks import Stream, Window
from aver.params.names import ENCODERS
from aver.params.streams import settled
from aver.weights.layouts import LAYOUTS

WINDOWS = {"faces": None, "sound": Window("thirds")}


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_every_encoder_is_registered_as_itself_with_weights_row_and_runtime(name, device):
    encoder, about = get_encoder(name), ENCODERS[name]
    assert encoder.name == name
    assert about.weights in LAYOUTS
    for layer in about.keys["layer"]:
        params = encoder.params(settled(Stream(name, "x", layer=layer), device), WINDOWS[about.reads])
        (width,) = encoder.row_shape(params)
        assert width >= 128
        runtime = encoder.runtime(params)
        assert all(isinstance(value, str) for value in runtime.values())
        assert runtime["precision"] == about.precision[runtime["device"]]


def test_an_unknown_encoder_is_named():
    with pytest.raises(ParamsError, match="did you mean 'vggface'"):
        get_encoder("vgg-face")
