"""The VGG-16 trunk: names and shapes of its convolutions, as VGG-Face's published PyTorch state dict has them."""

from __future__ import annotations

#: Width of each convolution, block by block (Simonyan & Zisserman 2015, table 1, configuration D).
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def _trunk() -> tuple[tuple[str, int, int], ...]:
    layers, channels = [], 3
    for block, widths in enumerate(BLOCKS, start=1):
        for number, width in enumerate(widths, start=1):
            layers.append((f"conv{block}_{number}", channels, width))
            channels = width
    return tuple(layers)


#: (layer, input channels, output channels) of the 13 convolutions, in order.
TRUNK = _trunk()
