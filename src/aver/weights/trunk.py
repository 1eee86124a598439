"""Names and shapes of the convolutions of the face networks, as their published PyTorch state dicts have them."""

from __future__ import annotations

#: Width of each convolution of VGG-16, block by block (Simonyan & Zisserman 2015, table 1, configuration D).
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
#: The fully connected layers of VGG-Face that make its 4096-d descriptor (Parkhi et al. 2015), as convolutions:
#: (layer, shape of its weight).
FULLY_CONNECTED = (("fc6", (4096, 512, 7, 7)), ("fc7", (4096, 4096, 1, 1)))
#: The convolutions of VGG-M (Chatfield et al. 2014, table 1): (layer, input channels, output channels, kernel side).
VGG_M = (("conv1", 3, 96, 7), ("conv2", 96, 256, 5), ("conv3", 256, 512, 3), ("conv4", 512, 512, 3),
         ("conv5", 512, 512, 3))  # fmt: skip
#: Bottleneck blocks in each stage of ResNet-50 (He et al. 2016, table 1); its stages are numbered 2 to 5.
RESNET_BLOCKS = (3, 4, 6, 3)
#: What a batch normalisation holds, and the values with which it changes nothing but by its epsilon.
NORMALISATION = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}


def _vgg_16() -> tuple[tuple[str, int, int], ...]:
    layers, channels = [], 3
    for block, widths in enumerate(BLOCKS, start=1):
        for number, width in enumerate(widths, start=1):
            layers.append((f"conv{block}_{number}", channels, width))
            channels = width
    return tuple(layers)


def _resnet_50() -> tuple[tuple[str, int, int, int], ...]:
    layers, channels = [("conv1_7x7_s2", 3, 64, 7)], 64
    for stage, blocks in enumerate(RESNET_BLOCKS, start=2):
        inner = 2 ** (stage + 4)
        for block in range(1, blocks + 1):
            name = f"conv{stage}_{block}"
            layers += [
                (f"{name}_1x1_reduce", channels, inner, 1),
                (f"{name}_3x3", inner, inner, 3),
                (f"{name}_1x1_increase", inner, 4 * inner, 1),
            ]
            if block == 1:
                layers.append((f"{name}_1x1_proj", channels, 4 * inner, 1))
            channels = 4 * inner
    return tuple(layers)


#: The 13 convolutions of VGG-16, all 3 x 3, in order: (layer, input channels, output channels).
TRUNK = _vgg_16()
#: The 53 convolutions of ResNet-50, in order: (layer, input channels, output channels, kernel side).  Each is followed
#: by a batch normalisation that is named like it, with `_bn` behind.
RESNET_50 = _resnet_50()
