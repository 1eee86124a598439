"""The SavedModel of VGGish: written in the structure of the published one, and its variables read from either.

The published one (`vggish_export_tfhub.py` of the AudioSet release) is a module with the list `_variables` in the
order of their creation, and with a wrapped function from a waveform to rows: 16 kHz mono in [-1, 1]; magnitude STFT
with periodic Hann windows of 400 samples every 160 and a 512-point FFT, without padding; 64 mel bands over
125–7500 Hz; log(mel + 0.01); patches of 96 x 64 that do not overlap; the network of `aver.weights.vggish_layers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aver.errors import WeightsError
from aver.tensorflow_import import import_tensorflow
from aver.weights.vggish_layers import CONNECTED, CONVOLUTIONS, MAP_VALUES, POOLED, shapes, variable

#: Sound: samples per second, per frame, between frames; the FFT's length; mel bands and their range in hertz.
RATE_HZ, FRAME, HOP, FFT, BANDS, LOWEST_HZ, HIGHEST_HZ = 16000, 400, 160, 512, 64, 125.0, 7500.0
LOG_OFFSET = 0.01
PATCH_FRAMES = 96
_PREFIX = "variables/variables"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def write_saved_model(values: Mapping[str, NDArray[np.float32]], folder: Path) -> None:
    """Write the SavedModel with the given variables into a folder: `model(waveform [S]) -> [patches, 128]`."""
    tf = import_tensorflow()
    waveform = (tf.TensorSpec([None], tf.float32),)
    module = tf.Module(name="vggish")
    module._variables = []

    def create(next_creator: Any, **wanted: Any) -> Any:
        made = next_creator(**{**wanted, "initial_value": values[wanted["name"]]})
        module._variables.append(made)
        return made

    def network(samples: Any) -> Any:
        with tf.variable_creator_scope(create):
            return _network(tf, samples, lambda name: tf.compat.v1.get_variable(name, values[name].shape))

    module._vggish_fn = tf.compat.v1.wrap_function(network, signature=waveform)
    module.__call__ = tf.function(lambda samples: module._vggish_fn(samples), input_signature=waveform, autograph=False)
    tf.saved_model.save(module, str(folder))
    # It holds a random number of its own; nothing reads it.
    (folder / "fingerprint.pb").unlink(missing_ok=True)


def _network(tf: Any, samples: Any, get: Any) -> Any:
    spectrum = tf.abs(tf.signal.stft(samples, FRAME, HOP, FFT))
    mel = tf.signal.linear_to_mel_weight_matrix(BANDS, FFT // 2 + 1, RATE_HZ, LOWEST_HZ, HIGHEST_HZ)
    log_mel = tf.math.log(spectrum @ mel + LOG_OFFSET)
    x = tf.signal.frame(log_mel, PATCH_FRAMES, PATCH_FRAMES, axis=0)[..., tf.newaxis]
    for name, _, _ in CONVOLUTIONS:
        x = tf.nn.conv2d(x, get(variable(name, "weights")), 1, "SAME")
        x = tf.nn.relu(x + get(variable(name, "biases")))
        if name in POOLED:
            x = tf.nn.max_pool2d(x, 2, 2, "SAME")
    x = tf.reshape(x, [-1, MAP_VALUES])
    for name in CONNECTED:
        x = x @ get(variable(name, "weights")) + get(variable(name, "biases"))
        if name != CONNECTED[-1]:
            x = tf.nn.relu(x)
    return x


def read_variables(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Return the variables of a SavedModel by their published names, in TensorFlow's layout; no graph is run.

    Raises:
        WeightsError: the files cannot be read, or a variable is missing or has another shape than VGGish's.
    """
    tf = import_tensorflow()
    try:
        reader = tf.train.load_checkpoint(str(folder / _PREFIX))
        keys = _keys(reader)
        found = {name: tuple(reader.get_variable_to_shape_map()[key]) for name, key in keys.items()}
        _check(found, folder)
        return {name: reader.get_tensor(keys[name]) for name in found}
    except (tf.errors.OpError, IndexError, ValueError, RuntimeError) as exc:  # the reader raises any of them
        raise WeightsError(
            f"weights of vggish: the variables in {folder / 'variables'} cannot be read ({str(exc).splitlines()[0]}). "
            "Get the SavedModel google/vggish/1 again, and unpack it whole."
        ) from exc


def _keys(reader: Any) -> dict[str, str]:
    """Return under which key of a checkpoint each of VGGish's variables lies, of those that are there.

    A TensorFlow 2 checkpoint keeps the variables' names in the graph of its objects; an older one has them as keys.
    Where names are lost, the order in which the module made its variables stands for them; shapes are checked, and
    those of the layers' weights all differ.
    """
    from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

    keys = list(reader.get_variable_to_shape_map())
    named = {key.removesuffix(":0"): key for key in keys}
    if "_CHECKPOINTABLE_OBJECT_GRAPH" in keys:
        graph = TrackableObjectGraph.FromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
        for node in graph.nodes:
            named |= {part.full_name.removesuffix(":0"): part.checkpoint_key for part in node.attributes}
    wanted = list(shapes(0))
    if not set(wanted) & set(named):
        named = {name: f"_variables/{place}{_VALUE}" for place, name in enumerate(wanted)}
    return {name: named[name] for name in wanted if named.get(name) in keys}


def _check(found: Mapping[str, tuple[int, ...]], folder: Path) -> None:
    width = found.get(variable(CONNECTED[0], "biases"), (0,))
    for name, shape in shapes(width[-1] if width else 0).items():
        if found.get(name) != shape:
            what = f"has the shape {list(found[name])}" if name in found else "is missing"
            expected = f", not {list(shape)}" if name in found else ""
            raise WeightsError(
                f"weights of vggish: the variable {name} {what}{expected} in {folder / 'variables'}. Expected: the "
                "SavedModel google/vggish/1 (https://tfhub.dev/google/vggish/1), unpacked."
            )
