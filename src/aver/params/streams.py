"""Check the blocks under `features`, and fill in what a stream leaves to its encoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from aver.errors import ParamsError
from aver.params.blocks import Params, Stream
from aver.params.names import ENCODERS, FRAMES, SAMPLE_RATE_HZ, known

#: The shortest window of each layer of VGGish: 8 log-mel frames, and the 96 that its dense layers want.
VGGISH_S = {"conv4": 0.08, "embedding": 0.96}
#: Side that VGG-Face's dense layers want, pixels.
FC7_PX = 224
#: Encoders and layers of theirs that lie behind fully connected layers.
DENSE = {("vggface", "fc7"), ("vggish-torch", "embedding")}
#: Smallest side of which VGG-M's last convolution still makes a map, pixels.
VGGM_PX = 63


def check_stream(where: str, name: str, params: Params) -> None:
    """Check one stream: its encoder's name, window and weights, and that each key is one that the encoder understands.

    Args:
        where: how to call it, e.g. `params.yaml: features.vggface`.
        name: under `features`.
        params: all params.

    Raises:
        ParamsError: names the key and what is accepted.
    """
    stream = params.features[name]
    known(f"{where}.encoder", stream.encoder, list(ENCODERS))
    about = ENCODERS[stream.encoder]
    if about.reads == "faces":
        known(f"{where}.window", stream.window, [FRAMES, *params.windows])
    else:
        known(f"{where}.window", stream.window, list(params.windows))
        rate = params.media.sample_rate_hz
        if rate != SAMPLE_RATE_HZ:
            raise ParamsError(
                f"{where}: encoder {stream.encoder} reads {SAMPLE_RATE_HZ} samples per second, but "
                f"media.sample_rate_hz is {rate}"
            )
    if about.weights not in params.weights:
        raise ParamsError(
            f"{where}: encoder {stream.encoder} needs a block {about.weights} under weights, e.g. "
            f"{about.weights}: {{source: pretrained}} (docs/weights.md); there are {', '.join(params.weights)}"
        )
    for key in ("layer", "input_px", "scaling", "pooling", "precision"):
        value = getattr(stream, key)
        if value is not None and key not in about.keys:
            takes = ", ".join(("normalise", *about.keys))
            raise ParamsError(f"{where}.{key}: encoder {stream.encoder} has no such choice; it takes {takes}")
        if value is not None and about.keys[key]:
            known(f"{where}.{key}", value, about.keys[key])
    _check_frames(where, stream)
    _check_side(where, stream)
    if stream.encoder == "vggish-torch":
        _check_window(where, stream, params)
    weights = params.weights[about.weights]
    if (stream.encoder, stream.layer) in DENSE and weights.layers != "all":
        raise ParamsError(
            f"{where}: layer {stream.layer} lies behind the fully connected layers, which are not kept: set "
            f"weights.{about.weights}.layers to all"
        )


def _pools_frames(stream: Stream) -> bool:
    """Tell whether the frames of a window become one row: those of faces, where the window is not `frames`."""
    return ENCODERS[stream.encoder].reads == "faces" and stream.window != FRAMES


def _check_frames(where: str, stream: Stream) -> None:
    """Check that a stream which says how frames are put together has rows that are made of frames."""
    if stream.frames is None or _pools_frames(stream):
        return
    reads = ENCODERS[stream.encoder].reads
    why = f"window {FRAMES} has a row for each frame" if reads == "faces" else f"encoder {stream.encoder} reads {reads}"
    raise ParamsError(f"{where}.frames: says how the frames of a window become one row, but {why}; take the key out")


def _check_side(where: str, stream: Stream) -> None:
    """Check the side of the pictures that a network reads."""
    side = stream.input_px
    if side is None:
        return
    if stream.layer == "fc7":
        fits, wanted = side == FC7_PX, f"exactly {FC7_PX} pixels for layer fc7"
    elif stream.encoder == "vggm":
        fits, wanted = side >= VGGM_PX, f"at least {VGGM_PX} pixels"
    else:
        fits, wanted = side % 32 == 0, "a multiple of 32 pixels"
    if not fits:
        raise ParamsError(f"{where}.input_px: {stream.encoder} reads pictures of {wanted}, not {side}")


def _check_window(where: str, stream: Stream, params: Params) -> None:
    """Check that a layer of VGGish has enough log-mel frames in a window."""
    long = params.windows[stream.window].window_s
    least = VGGISH_S["embedding" if stream.layer == "embedding" else "conv4"]
    if long is not None and long < least:
        raise ParamsError(
            f"{where}: VGGish's {stream.layer or 'conv4'} is made from at least {least} s; window {stream.window} has "
            f"{long:g} s" + ("; use layer conv4, or a longer window" if stream.layer == "embedding" else "")
        )


def settled(stream: Stream, device: Literal["cpu", "cuda"]) -> Stream:
    """Return a stream with what it leaves open filled in by its encoder's defaults (all but `input_px`).

    Args:
        stream: a checked block.
        device: on which the default precision depends.
    """
    about = ENCODERS[stream.encoder]
    filled: dict[str, Any] = {
        key: values[0] for key, values in about.keys.items() if values and getattr(stream, key) is None
    }
    if "precision" in filled:
        filled["precision"] = about.precision[device]
    if stream.frames is None and _pools_frames(stream):
        filled["frames"] = "mean"
    return replace(stream, **filled, device=device)
