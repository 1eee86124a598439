"""VGGish's weights: the SavedModel for tensorflow-hub, and its variables as `vggish.pth` for the PyTorch port.

`vggish.pth` is a state dict in PyTorch's layout: `conv1 … conv4_2` (`weight` [outputs, inputs, 3, 3], `bias`), and with
`layers: all` also `fc1_1`, `fc1_2` and `fc2` (`weight` [outputs, inputs]).  The columns of `fc1_1.weight` stay in
TensorFlow's order of the last map: frames, bands, channels.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aver.weights.he import he_normal
from aver.weights.state import save_state
from aver.weights.vggish_layers import CONNECTED, CONVOLUTIONS, shapes, variable
from aver.weights.vggish_saved import read_variables, write_saved_model

#: Units of the seeded hidden layers: 4096 as published would make a file of 280 MB out of one of 30.
SEEDED_HIDDEN = 256


def seed(rng: np.random.Generator, folder: Path, layers: str) -> None:
    """Write He-initialised weights (biases 0) into an existing folder.

    Args:
        rng: where the numbers come from, layer by layer.
        folder: an existing, empty folder.
        layers: `trunk` keeps the convolutions in `vggish.pth`, `all` the fully connected layers too.
    """
    values = {
        name: he_normal(rng, shape, int(np.prod(shape[:-1]))) if len(shape) > 1 else np.zeros(shape, np.float32)
        for name, shape in shapes(SEEDED_HIDDEN).items()
    }
    write_saved_model(values, folder)
    _save_port(values, folder, layers)


def convert(found: Path, folder: Path, layers: str) -> None:
    """Copy the published SavedModel and write its variables as `vggish.pth`.

    Args:
        found: a folder with `saved_model.pb` and `variables/`.
        folder: an existing, empty folder.
        layers: see `seed`.

    Raises:
        WeightsError: the variables cannot be read, or one is missing or has another shape than VGGish's.
    """
    values = read_variables(found)
    (folder / "variables").mkdir()
    for path in (found / "saved_model.pb", *sorted((found / "variables").iterdir())):
        shutil.copyfile(path, folder / path.relative_to(found))
    _save_port(values, folder, layers)


def _save_port(values: Mapping[str, NDArray[np.float32]], folder: Path, layers: str) -> None:
    import torch

    state = {}
    for name in (*(name for name, _, _ in CONVOLUTIONS), *(CONNECTED if layers == "all" else ())):
        weight = torch.from_numpy(values[variable(name, "weights")])
        # Height, width, inputs, outputs, or inputs, outputs.
        state[f"{name}.weight"] = (weight.permute(3, 2, 0, 1) if weight.ndim == 4 else weight.T).contiguous()
        state[f"{name}.bias"] = torch.from_numpy(values[variable(name, "biases")])
    save_state(state, folder / "vggish.pth")
