"""VGGish's layers (Hershey et al. 2017): their names in PyTorch and in TensorFlow's published variables, their shapes.

3 x 3 convolutions of 64, 128, 2 x 256 and 2 x 512 channels, each block before a 2 x 2 max-pooling, then two hidden
layers and an output layer (`vggish_slim.py` of the AudioSet release).
"""

from __future__ import annotations

#: Convolutions in order: (name, input channels, output channels).
CONVOLUTIONS = (
    ("conv1", 1, 64), ("conv2", 64, 128), ("conv3_1", 128, 256), ("conv3_2", 256, 256),
    ("conv4_1", 256, 512), ("conv4_2", 512, 512),
)  # fmt: skip
#: The last convolution of each block: a 2 x 2 max-pooling follows.
POOLED = ("conv1", "conv2", "conv3_2", "conv4_2")
#: Fully connected layers in order.
CONNECTED = ("fc1_1", "fc1_2", "fc2")
#: Values of the last map of a patch of 96 frames x 64 bands, pooled four times: 6 x 4 x 512.
MAP_VALUES = 6 * 4 * 512
OUTPUTS = 128
#: Units of the two hidden layers as published.
HIDDEN = 4096


def variable(layer: str, kind: str) -> str:
    """Return the published name of a layer's variable; `kind` is `weights` or `biases`.

    Example:
        >>> variable("conv4_1", "weights"), variable("fc2", "biases")
        ('vggish/conv4/conv4_1/weights', 'vggish/fc2/biases')
    """
    block, _, number = layer.partition("_")
    return f"vggish/{block}/{layer}/{kind}" if number else f"vggish/{layer}/{kind}"


def shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every variable in TensorFlow's layout, in the order in which the published model makes them.

    Args:
        hidden: units of the hidden layers.
    """
    kernels = {name: (3, 3, inputs, outputs) for name, inputs, outputs in CONVOLUTIONS}
    widths = (MAP_VALUES, hidden, hidden, OUTPUTS)
    matrices = {name: widths[place : place + 2] for place, name in enumerate(CONNECTED)}
    made = {}
    for name, shape in {**kernels, **matrices}.items():
        made[variable(name, "weights")] = shape
        made[variable(name, "biases")] = shape[-1:]
    return made
