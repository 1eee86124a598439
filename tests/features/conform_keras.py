"""Networks in Keras 2, written from the public descriptions of keras-vggface's files, with random weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from aver.tensorflow_import import import_tensorflow


def keras() -> Any:
    """Return Keras 2, which saves its HDF5 files as keras-vggface's were saved."""
    import_tensorflow()
    import tf_keras

    return tf_keras


def randomise(model: Any, rng: np.random.Generator) -> None:
    """Give every variable of a model a value: He-initialised kernels, others of which none is like another."""
    for layer in model.layers:
        values = []
        for variable in layer.weights:
            shape = tuple(variable.shape)
            if "kernel" in variable.name:
                values.append(rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1])))
            elif "bias" in variable.name or "beta" in variable.name or "moving_mean" in variable.name:
                values.append(rng.uniform(-0.5, 0.5, shape))
            else:  # gamma, moving_variance
                values.append(rng.uniform(0.5, 1.5, shape))
        layer.set_weights(values)


def vgg_16(side: int) -> tuple[Any, Any]:
    """Return Keras' own VGG-16 without its top, and a copy with the same weights and keras-vggface's names."""
    layers, published = keras().layers, keras().applications.VGG16(
        weights=None, include_top=False, input_shape=(side, side, 3)
    )  # fmt: skip
    randomise(published, np.random.default_rng(3))
    x = first = keras().Input((side, side, 3))
    for layer in published.layers[1:]:
        # block1_conv1 becomes conv1_1, block1_pool becomes pool1
        block, kind = layer.name.removeprefix("block").split("_")
        if kind == "pool":
            x = layers.MaxPooling2D(2, 2, name=f"pool{block}")(x)
        else:
            name = f"conv{block}_{kind.removeprefix('conv')}"
            x = layers.Conv2D(layer.filters, 3, activation="relu", padding="same", name=name)(x)
    named = keras().Model(first, x)
    named.set_weights(published.get_weights())
    return published, named


def connected(outputs: tuple[int, int]) -> Any:
    """Return keras-vggface's layers behind the trunk, with fewer outputs: a map [7, 7, 512] to fc7 behind its ReLU."""
    layers = keras().layers
    first = keras().Input((7, 7, 512))
    x = layers.Flatten(name="flatten")(first)
    for name, width in zip(("fc6", "fc7"), outputs, strict=True):
        x = layers.Activation("relu", name=f"{name}/relu")(layers.Dense(width, name=name)(x))
    model = keras().Model(first, x)
    randomise(model, np.random.default_rng(4))
    return model


def resnet_50(side: int) -> Any:
    """Return ResNet-50 as published for VGGFace2, with keras-vggface's names.

    The first convolution is padded by 3 on each side; the first pooling rounds up, which Keras calls `same` where the
    side is even; a stage's stride is in its first 1 x 1 convolutions; epsilon is 1e-5.
    """
    layers = keras().layers
    x = first = keras().Input((side, side, 3))

    def layer(name: str, x: Any, filters: int, kernel: int, stride: int = 1, padding: str = "valid") -> Any:
        x = layers.Conv2D(filters, kernel, stride, padding=padding, use_bias=False, name=name)(x)
        return layers.BatchNormalization(epsilon=1e-5, name=f"{name}/bn")(x)

    x = layers.ReLU()(layer("conv1/7x7_s2", layers.ZeroPadding2D(3)(x), 64, 7, 2))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, (blocks, width, stride) in enumerate([(3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)], start=2):
        for block in range(1, blocks + 1):
            name, step = f"conv{stage}_{block}", stride if block == 1 else 1
            y = layers.ReLU()(layer(f"{name}_1x1_reduce", x, width, 1, step))
            y = layers.ReLU()(layer(f"{name}_3x3", y, width, 3, padding="same"))
            y = layer(f"{name}_1x1_increase", y, 4 * width, 1)
            short = layer(f"{name}_1x1_proj", x, 4 * width, 1, step) if block == 1 else x
            x = layers.ReLU()(layers.Add()([y, short]))
    model = keras().Model(first, layers.GlobalAveragePooling2D()(x))
    randomise(model, np.random.default_rng(5))
    return model
